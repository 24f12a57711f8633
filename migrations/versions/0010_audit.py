"""Every change of business data is written down by the database itself, and nobody approves what they submitted.

Revision ID: 0010
Revises: 0009
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

HERE = Path(__file__).parent


def upgrade() -> None:
    for name in ("0010_two_people.sql", "0010_audit.sql", "0010_audited_tables.sql"):
        run(name)


def downgrade() -> None:
    run("0010_audit_undo.sql")


def run(name: str) -> None:
    """Hand a whole file to the driver: with parameters, even none, it would take one statement only."""
    driver = op.get_bind().connection.driver_connection
    driver.execute((HERE / name).read_text(encoding="utf-8"))
