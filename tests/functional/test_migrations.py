"""The migrations and the models say the same, and a migration can be undone."""

from __future__ import annotations

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from flask_appbuilder import Model
from sqlalchemy import create_engine, text

from app.database import MIGRATIONS, migrate_to_head

LEFT_OVER = (
    "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'S')"
)


def is_ours(_: object, name: str | None, kind: str, *__: object) -> bool:
    return not (kind == "table" and (name or "").startswith("procrastinate_"))


def test_the_models_are_what_the_migrations_made(committed_database: str) -> None:
    engine = create_engine(committed_database)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": is_ours})
        assert compare_metadata(context, Model.metadata) == []
    engine.dispose()


def test_migrations_go_down_to_nothing_and_up_again(committed_database: str) -> None:
    engine = create_engine(committed_database)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    with engine.connect() as connection:
        assert connection.scalar(text(LEFT_OVER)) == 1, "only Alembic's own table may be left"
    migrate_to_head(committed_database)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM plan")) == 4
    engine.dispose()
