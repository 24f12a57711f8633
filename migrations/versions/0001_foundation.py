"""The tables of the first release, their triggers, plans and reasons.

Revision ID: 0001
Revises:
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

HERE = Path(__file__).parent


def upgrade() -> None:
    for name in ("0001_foundation.sql", "0001_foundation_extras.sql"):
        run(name)


def downgrade() -> None:
    run("0001_foundation_undo.sql")


def run(name: str) -> None:
    """Hand a whole file to the driver: with parameters, even none, it would take one statement only."""
    driver = op.get_bind().connection.driver_connection
    driver.execute((HERE / name).read_text(encoding="utf-8"))
