"""A connection that the server has ended while nobody used it troubles nobody."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Connection, create_engine, text

from app import create_app
from app.extensions import db
from config import Login
from tests.databases import settings_for


@pytest.fixture
def application(committed_database: str, tmp_path: Path) -> Flask:
    return create_app(settings_for(committed_database, tmp_path), Login.SCHEDULER)


def test_whoever_comes_after_the_server_was_away_is_served_on_new_connections(
    application: Flask, committed_database: str
) -> None:
    with application.app_context():
        with db.engine.connect() as one, db.engine.connect() as other:
            lost = {backend_of(one), backend_of(other)}
        owner = create_engine(committed_database)
        with owner.connect() as connection:
            for backend in lost:
                connection.execute(text("SELECT pg_terminate_backend(:backend, 5000)"), {"backend": backend})
        owner.dispose()
        with db.engine.connect() as one, db.engine.connect() as other:
            assert {backend_of(one), backend_of(other)} & lost == set()


def backend_of(connection: Connection) -> int:
    return connection.scalars(text("SELECT pg_backend_pid()")).one()
