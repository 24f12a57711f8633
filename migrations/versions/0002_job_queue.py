"""The tables of the background job queue, as its library lays them out."""

from __future__ import annotations

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Many statements with % signs in function bodies: straight to the driver, without parameters.
    op.get_bind().connection.driver_connection.execute(SchemaManager.get_schema())


def downgrade() -> None:
    op.execute(
        """
        DROP TABLE procrastinate_events, procrastinate_periodic_defers,
                   procrastinate_jobs, procrastinate_workers CASCADE
        """
    )
    op.execute(
        r"""
        DO $$
        DECLARE item record;
        BEGIN
            FOR item IN
                SELECT oid::regprocedure AS signature FROM pg_proc
                 WHERE proname LIKE 'procrastinate\_%' AND pronamespace = 'public'::regnamespace
            LOOP
                EXECUTE format('DROP FUNCTION %s CASCADE', item.signature);
            END LOOP;
            FOR item IN
                SELECT oid::regtype AS name FROM pg_type
                 WHERE typname LIKE 'procrastinate\_job\_%' AND typtype IN ('e', 'c')
                   AND typnamespace = 'public'::regnamespace
            LOOP
                EXECUTE format('DROP TYPE %s CASCADE', item.name);
            END LOOP;
        END
        $$
        """
    )
