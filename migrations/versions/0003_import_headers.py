"""An import keeps the header row, so that failed rows come back as they were uploaded.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE import_run ADD COLUMN headers JSONB DEFAULT '[]' NOT NULL")


def downgrade() -> None:
    op.execute("ALTER TABLE import_run DROP COLUMN headers")
