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


def upgrade() -> None:
    driver = op.get_bind().connection.driver_connection
    driver.execute((HERE / "0012_training_clock.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    op.execute("DROP TABLE training_clock")
    op.execute("DROP FUNCTION training_clock_goes_forward()")
    op.execute(
        "DROP FUNCTION audit_insert_training_clock, audit_update_training_clock, audit_delete_training_clock"
    )
