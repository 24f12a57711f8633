"""Boundaries of the year as rows, and what the console of scheduled jobs keeps.

Revision ID: 0013
Revises: 0012
"""

from __future__ import annotations

from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

HERE = Path(__file__).parent
WALL = SimpleNamespace(**run_path(str(HERE / "0011_row_security.py")))

ABOVE_THE_GRASSROOTS = (
    f"{WALL.CITY} OR district_id = (SELECT wall.district()) OR second_id = (SELECT wall.second())"
)
RULES = {
    # Who records that a union has paid is never the union.
    "grassroots_payment": WALL.Rule(read=WALL.tree(), write=ABOVE_THE_GRASSROOTS),
    "scheduler_pause": WALL.Rule(read=WALL.CITY, write=WALL.CITY),
    # What failed is told with its trace, which is the city's alone to read.
    "scheduler_run": WALL.Rule(read=WALL.CITY, write=WALL.ALL),
}


def upgrade() -> None:
    driver = op.get_bind().connection.driver_connection
    driver.execute((HERE / "0013_timetable.sql").read_text(encoding="utf-8"))
    _unprotect("scheduler_run")
    for table, rule in RULES.items():
        WALL.protect(table, rule)


def downgrade() -> None:
    driver = op.get_bind().connection.driver_connection
    _unprotect("scheduler_run")
    driver.execute((HERE / "0013_timetable_undo.sql").read_text(encoding="utf-8"))
    WALL.protect("scheduler_run", WALL.RULES["scheduler_run"])


def _unprotect(table: str) -> None:
    for command in ("select", "insert", "update", "delete"):
        op.execute(f"DROP POLICY {table}_{command} ON {table}")
