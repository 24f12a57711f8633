"""The working-day table, and the clock of training.

Revision ID: 0012
Revises: 0011
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

HERE = Path(__file__).parent


PARTS = (
    "0012_training_clock.sql",
    "0012_working_days.sql",
    "0012_extensions.sql",
)


def protect(table: str, read: str, write: str) -> None:
    """Put a table behind the wall: who sees its rows, and who may write them."""
    driver = op.get_bind().connection.driver_connection
    driver.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    for command, clause in (
        ("SELECT", f"USING ({read})"),
        ("INSERT", f"WITH CHECK ({write})"),
        ("UPDATE", f"USING ({write}) WITH CHECK ({write})"),
        ("DELETE", f"USING ({write})"),
    ):
        driver.execute(f"CREATE POLICY {table}_{command.lower()} ON {table} FOR {command} {clause}")


def upgrade() -> None:
    driver = op.get_bind().connection.driver_connection
    for part in PARTS:
        driver.execute((HERE / part).read_text(encoding="utf-8"))
    protect("working_day", read="(SELECT wall.signed_in())", write="(SELECT wall.city())")


def downgrade() -> None:
    driver = op.get_bind().connection.driver_connection
    driver.execute((HERE / "0012_calendar_undo.sql").read_text(encoding="utf-8"))
