"""A union's long list of a year's people is written in the background, as that of its members is.

Revision ID: 0023
Revises: 0022
"""

from __future__ import annotations

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

KNOWN = """
    ALTER TABLE export_run DROP CONSTRAINT export_kind_known,
        ADD CONSTRAINT export_kind_known CHECK (kind IN ({kinds}))
"""
BEFORE = "'members', 'members_full', 'people_full', 'statistics', 'progress'"


def upgrade() -> None:
    op.execute(KNOWN.format(kinds=f"{BEFORE}, 'people'"))


def downgrade() -> None:
    op.execute("DELETE FROM export_run WHERE kind = 'people'")
    op.execute(KNOWN.format(kinds=BEFORE))
