"""The board's workbook and full numbers are written in the background too; pieces with full numbers are sealed.

Revision ID: 0018
Revises: 0017
"""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

KNOWN = """
    ALTER TABLE export_run DROP CONSTRAINT export_kind_known,
        ADD CONSTRAINT export_kind_known CHECK (kind IN ({kinds}))
"""


def upgrade() -> None:
    kinds = "'members', 'members_full', 'people_full', 'statistics', 'progress'"
    op.execute(KNOWN.format(kinds=kinds))
    # A new key seals them anew; nobody but the system changes a piece.
    op.execute("ALTER POLICY export_part_update ON export_part USING ((SELECT wall.sees_all()))")


def downgrade() -> None:
    op.execute("ALTER POLICY export_part_update ON export_part USING (false)")
    op.execute("DELETE FROM export_run WHERE kind NOT IN ('members', 'statistics')")
    op.execute(KNOWN.format(kinds="'members', 'statistics'"))
