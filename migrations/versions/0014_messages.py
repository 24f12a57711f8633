"""消息提醒, announcements and the download centre.

Revision ID: 0014
Revises: 0013
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

HERE = Path(__file__).parent

ALL = "(SELECT wall.sees_all())"
OWN = f"account_id = (SELECT wall.account()) OR {ALL}"
CITY = "(SELECT wall.city())"
SHOWN = (
    f"{CITY} OR taken_down_at IS NULL AND ("
    "(SELECT wall.signed_in()) AND (SELECT wall.own_level()) = ANY (levels)"
    " OR everybody AND (SELECT wall.signing_in()))"
)
OF_SHOWN = "EXISTS (SELECT FROM announcement AS parent WHERE parent.id = announcement_id)"

POLICIES: Mapping[str, Mapping[str, str]] = {
    "message": {
        "SELECT": f"USING ({OWN})",
        "INSERT": f"WITH CHECK ({ALL})",
        "UPDATE": f"USING ({OWN})",
        "DELETE": f"USING ({ALL})",
    },
    "muted_kind": {
        "SELECT": f"USING ({OWN})",
        "INSERT": f"WITH CHECK ({OWN})",
        "UPDATE": f"USING ({OWN})",
        "DELETE": f"USING ({OWN})",
    },
    "announcement": {
        "SELECT": f"USING ({SHOWN})",
        "INSERT": f"WITH CHECK ({CITY})",
        "UPDATE": f"USING ({CITY})",
        "DELETE": f"USING ({CITY})",
    },
    "announcement_file": {
        "SELECT": f"USING ({OF_SHOWN})",
        "INSERT": f"WITH CHECK ({CITY})",
        "UPDATE": f"USING ({CITY})",
        "DELETE": f"USING ({CITY})",
    },
    "announcement_read": {
        "SELECT": f"USING ({OWN})",
        "INSERT": f"WITH CHECK ({OWN})",
        "UPDATE": f"USING ({OWN})",
        "DELETE": f"USING ({OWN})",
    },
}
"""Table → command → the rows that are the asker's: as ``RULES`` in 0011."""

FILES = " OR ".join(
    f"EXISTS (SELECT FROM {parent} AS parent WHERE parent.file_id = stored_file.id)"
    for parent in ("import_run", "payment_voucher", "retirement_keep")
)
OFFERED = "EXISTS (SELECT FROM announcement_file AS parent WHERE parent.file_id = stored_file.id)"


def upgrade() -> None:
    driver = op.get_bind().connection.driver_connection
    driver.execute((HERE / "0014_messages.sql").read_text(encoding="utf-8"))
    for table, rules in POLICIES.items():
        driver.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        for command, rule in rules.items():
            driver.execute(f"CREATE POLICY {table}_{command.lower()} ON {table} FOR {command} {rule}")
    driver.execute(f"ALTER POLICY stored_file_select ON stored_file USING ({FILES} OR {OFFERED})")


def downgrade() -> None:
    driver = op.get_bind().connection.driver_connection
    driver.execute(f"ALTER POLICY stored_file_select ON stored_file USING ({FILES})")
    driver.execute((HERE / "0014_messages_undo.sql").read_text(encoding="utf-8"))
