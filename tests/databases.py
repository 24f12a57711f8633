"""Throw-away databases, cloned from the run's migrated template, and transactions that are undone."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Context
from pathlib import Path
from typing import Any

from flask import Flask, has_app_context
from flask.testing import FlaskClient
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from psycopg._preparing import PrepareManager
from sqlalchemy import Engine, create_engine, event, make_url, text
from sqlalchemy.orm import Session

from app.acting import tell_again
from app.database import CONNECT_ARGUMENTS
from app.database_roles import provide_roles
from app.extensions import db
from config import Login, Settings


@contextmanager
def cloned_database(template_url: str) -> Iterator[str]:
    """A copy of the template, dropped at the end whoever is still connected."""
    template = make_url(template_url)
    name = f"test_{secrets.token_hex(6)}"
    maintenance = create_engine(template.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with maintenance.connect() as connection:
        # Cloning needs the template for itself; workers take turns.
        connection.execute(text("SELECT pg_advisory_lock(1)"))
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template.database}"))
        connection.execute(text("SELECT pg_advisory_unlock(1)"))
    url = template.set(database=name).render_as_string(hide_password=False)
    try:
        provide_roles(settings_for(url, Path()))
        yield url
    finally:
        with maintenance.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            for login in Login:
                connection.execute(text(f"DROP ROLE IF EXISTS {name}_{login.value}"))
        maintenance.dispose()


def settings_for(database_url: str, data_dir: Path) -> Settings:
    """Settings of a test application on that database."""
    return Settings(
        host="127.0.0.1",
        port=8080,
        data_dir=data_dir,
        database_url=database_url,
        demo=False,
        admin_password="",
        demo_password="",
        secret_key="a secret for tests only",
        web_workers=1,
        training=False,
        captcha=False,
    )


class KeptTemplates(BytecodeCache):
    """Templates compiled once in a process, not once in each of its applications."""

    def __init__(self) -> None:
        self._compiled: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if compiled := self._compiled.get(bucket.key):
            bucket.bytecode_from_string(compiled)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._compiled[bucket.key] = bucket.bytecode_to_string()


TEMPLATES = KeptTemplates()


@contextmanager
def rolled_back(app: Flask) -> Iterator[Session]:
    """A session of the application whose commits are undone at the end; its clients' requests see its rows.

    It is the owner's, who sees all and may break what a test has to break; a request of its clients acts as the
    application, like every request.
    """
    with app.app_context(), _owner_of(app).connect() as connection:
        outer = connection.begin()
        factory = db.session.session_factory
        before = dict(factory.kw)
        factory.configure(bind=connection, join_transaction_mode="create_savepoint")
        db.session.remove()
        try:
            yield db.session()
        finally:
            db.session.remove()
            factory.kw = before
            outer.rollback()


def _owner_of(app: Flask) -> Engine:
    if "owner" not in app.extensions:
        app.extensions["owner"] = create_engine(
            app.config["SETTINGS"].database_url, connect_args=CONNECT_ARGUMENTS
        )
        event.listen(app.extensions["owner"], "connect", _keep_plans)
    owner: Engine = app.extensions["owner"]
    return owner


class KeptPlans(PrepareManager):
    """What PostgreSQL has planned on a connection it keeps when a transaction, or a part of it, is rolled back.

    ``app.kept_plans`` sees to that where a transaction ends; in a test a request ends in a savepoint, where the driver
    would throw all of it away, and through the policies of the second wall a statement takes several times longer to
    plan than to run. A table that a test alters PostgreSQL plans anew by itself.
    """

    def __init__(self) -> None:
        super().__init__()
        self.prepared_max = 500

    def clear(self) -> bool:
        return False


def _keep_plans(connection: Any, _record: Any) -> None:
    connection._prepared = KeptPlans()


@contextmanager
def statements(session: Session) -> Iterator[list[str]]:
    """What is sent to the database meanwhile, savepoints aside."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "SAVEPOINT" not in statement:
            sent.append(statement)

    engine = session.connection().engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


class SharingClient(FlaskClient):
    """Sends what the test's session holds before each request, and reads afresh after it."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        if not has_app_context():  # the second half of a redirect that is followed
            return super().open(*args, **kwargs)
        mine: Session = db.session()
        mine.flush()
        # An empty context: the request gets an application context, and so a `g`, of its own.
        response = Context().run(super().open, *args, **kwargs)
        mine.expire_all()
        tell_again(mine)
        return response
