"""The live monitor's shared figures, and the board of what stands still with its reminders, and large exports.

Revision ID: 0017
Revises: 0016
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

HERE = Path(__file__).parent

ALL = "(SELECT wall.sees_all())"
OWN = f"asked_by = (SELECT wall.account()) OR {ALL}"
OF_OWN = "EXISTS (SELECT FROM export_run AS parent WHERE parent.id = export_id)"
TREE = (
    "(SELECT wall.city()) OR district_id = (SELECT wall.district()) OR second_id = (SELECT wall.second())"
    " OR union_id = (SELECT wall.grassroots())"
)
PLACES_SEEN = (
    "(SELECT wall.city()) OR union_id = (SELECT wall.grassroots()) OR EXISTS (SELECT FROM trade_union AS u"
    " WHERE u.id = union_id AND (u.district_id = (SELECT wall.district()) OR u.second_id = (SELECT wall.second())))"
)
"""As the figures of the nights have it in 0015: whoever sees the place by the tree sees all below it."""

POLICIES: Mapping[str, Mapping[str, str]] = {
    # Whoever may see a place may count it, for the others who may see it.
    "place_figures": {
        "SELECT": f"USING ({PLACES_SEEN})",
        "INSERT": f"WITH CHECK ({PLACES_SEEN})",
        "UPDATE": f"USING ({PLACES_SEEN})",
        "DELETE": f"USING ({ALL})",
    },
    "progress_reminder": {
        "SELECT": f"USING ({TREE})",
        "INSERT": f"WITH CHECK (({TREE}) AND (reminded_by = (SELECT wall.account()) OR {ALL}))",
        "UPDATE": f"USING ({ALL})",
        "DELETE": f"USING ({ALL})",
    },
    # Whoever asked for a file, and nobody above: it holds what that account may see.
    "export_run": {
        "SELECT": f"USING ({OWN})",
        "INSERT": f"WITH CHECK ({OWN})",
        "UPDATE": f"USING ({OWN})",
        "DELETE": f"USING ({ALL})",
    },
    "export_part": {
        "SELECT": f"USING ({OF_OWN})",
        "INSERT": f"WITH CHECK ({OF_OWN})",
        "UPDATE": "USING (false)",
        "DELETE": f"USING ({OF_OWN})",
    },
}
"""Table → command → the rows that are the asker's: as ``RULES`` in 0011."""


def upgrade() -> None:
    driver = op.get_bind().connection.driver_connection
    driver.execute((HERE / "0017_board.sql").read_text(encoding="utf-8"))
    for table, rules in POLICIES.items():
        driver.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        for command, rule in rules.items():
            driver.execute(f"CREATE POLICY {table}_{command.lower()} ON {table} FOR {command} {rule}")


def downgrade() -> None:
    driver = op.get_bind().connection.driver_connection
    driver.execute((HERE / "0017_board_undo.sql").read_text(encoding="utf-8"))
