"""Recovery codes are hashed as slowly as passwords, each with a salt of its own.

What was kept of them, a keyed hash, becomes what is hashed, so that codes on paper still open.

Revision ID: 0021
Revises: 0020
"""

from __future__ import annotations

from alembic import op
from argon2 import PasswordHasher
from sqlalchemy import text

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind()
    hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
    # Written by the migration, not by anybody: the log of changes is of what people do.
    op.execute("ALTER TABLE recovery_code DISABLE TRIGGER USER")
    op.execute(
        "ALTER TABLE recovery_code ALTER COLUMN code_hash TYPE VARCHAR(256) USING encode(code_hash, 'hex')"
    )
    for code_id, kept in connection.execute(text("SELECT id, code_hash FROM recovery_code")).all():
        connection.execute(
            text("UPDATE recovery_code SET code_hash = :slow WHERE id = :id"),
            {"slow": hasher.hash(kept), "id": code_id},
        )
    op.execute("ALTER TABLE recovery_code ENABLE TRIGGER USER")


def downgrade() -> None:
    """Back to hashes that can't be made from these: the codes end, and their owners make new ones."""
    op.execute("DELETE FROM recovery_code")
    op.execute("ALTER TABLE recovery_code ALTER COLUMN code_hash TYPE BYTEA USING decode(code_hash, 'hex')")
