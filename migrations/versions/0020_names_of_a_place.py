"""Whoever looks for a name within a union or a district finds it there, not among the city's.

Revision ID: 0020
Revises: 0019
"""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

PLACES = {"member_by_union_and_name": "union_id", "member_by_district_and_name": "district_id"}


def upgrade() -> None:
    for index, place in PLACES.items():
        op.execute(f"CREATE INDEX {index} ON member ({place}, name text_pattern_ops)")


def downgrade() -> None:
    for index in PLACES:
        op.execute(f"DROP INDEX {index}")
