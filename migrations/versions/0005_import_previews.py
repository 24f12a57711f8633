"""An import shows what it would change, cell by cell, and how far it is.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE import_row ADD COLUMN changes JSONB")


def downgrade() -> None:
    op.execute("ALTER TABLE import_row DROP COLUMN changes")
