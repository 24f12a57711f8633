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
    op.execute(
        """
        CREATE TABLE import_progress (
            import_id bigint NOT NULL PRIMARY KEY REFERENCES import_run (id) ON DELETE CASCADE,
            percent integer NOT NULL DEFAULT 0,
            rows_read integer NOT NULL DEFAULT 0,
            CONSTRAINT import_progress_is_a_percentage CHECK (percent BETWEEN 0 AND 100)
        )
        """
    )
    op.execute("INSERT INTO import_progress (import_id, percent) SELECT id, progress FROM import_run")
    op.execute("ALTER TABLE import_run DROP COLUMN progress")


def downgrade() -> None:
    op.execute(
        """
        ALTER TABLE import_run
            ADD COLUMN progress integer NOT NULL DEFAULT 0
                CONSTRAINT import_progress_is_a_percentage CHECK (progress BETWEEN 0 AND 100)
        """
    )
    op.execute(
        "UPDATE import_run AS r SET progress = p.percent FROM import_progress AS p WHERE p.import_id = r.id"
    )
    op.execute("DROP TABLE import_progress")
    op.execute("ALTER TABLE import_row DROP COLUMN changes")
