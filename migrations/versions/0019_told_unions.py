"""Who is told something at a union is found from the union, not among all who have the role.

Revision ID: 0019
Revises: 0018
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

HERE = Path(__file__).parent


def upgrade() -> None:
    op.execute((HERE / "0019_told_unions.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """As 0014 had it, from there."""
    messages = (HERE / "0014_messages.sql").read_text(encoding="utf-8")
    start = messages.index("CREATE FUNCTION wall.tell_unions(")
    end = messages.index("END;", start) + len("END;")
    op.execute(messages[start:end].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1))
