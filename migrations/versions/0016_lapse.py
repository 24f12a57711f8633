"""What changed alike among many enrolments is compared as it is and put into words once.

Revision ID: 0016
Revises: 0015
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

HERE = Path(__file__).parent


def upgrade() -> None:
    run((HERE / "0016_lapse.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """As 0010 had it, from there."""
    audit = (HERE / "0010_audit.sql").read_text(encoding="utf-8")
    start, end = audit.index("CREATE FUNCTION audit_table("), audit.index("END $make$;") + len("END $make$;")
    run(audit[start:end].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1))
    tables = (HERE / "0016_lapse.sql").read_text(encoding="utf-8")
    run(tables[tables.index("SELECT audit_table('enrolment'") :])


def run(script: str) -> None:
    """Hand a whole script to the driver: with parameters, even none, it would take one statement only."""
    op.get_bind().connection.driver_connection.execute(script)
