"""The lists of a district batch come page by page from their index, not by looking through all lists of the city.

Revision ID: 0022
Revises: 0021
"""

from __future__ import annotations

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

INDEX = "CREATE INDEX enrolment_batch_by_district_batch ON enrolment_batch ({}) WHERE district_batch_id IS NOT NULL"


def upgrade() -> None:
    op.execute("DROP INDEX enrolment_batch_by_district_batch")
    op.execute(INDEX.format("district_batch_id, id"))


def downgrade() -> None:
    op.execute("DROP INDEX enrolment_batch_by_district_batch")
    op.execute(INDEX.format("district_batch_id"))
