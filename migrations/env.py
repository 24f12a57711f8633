"""How Alembic reaches the database: the connection it is handed, or the application's own."""

from __future__ import annotations

from alembic import context
from flask_appbuilder import Model
from sqlalchemy import Connection

import app.models  # noqa: F401  (fills the metadata)


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Model.metadata,
        compare_type=True,
        transaction_per_migration=True,
        include_object=is_ours,
    )
    with context.begin_transaction():
        context.run_migrations()


def is_ours(schema_item: object, name: str | None, kind: str, reflected: bool, compare_to: object) -> bool:
    """Leave the job queue's tables to the library that brings them."""
    return not (kind == "table" and reflected and (name or "").startswith("procrastinate_"))


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    from app.extensions import db

    with db.engine.connect() as own:
        run(own)
