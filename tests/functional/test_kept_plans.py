"""What PostgreSQL has parsed and planned for a connection outlives a transaction that only looked."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import Connection, text
from sqlalchemy.exc import DataError

from app.extensions import db

OFTEN = 6
"""psycopg has a statement prepared when it comes for the sixth time."""
LOOK = text("SELECT count(*) FROM plan WHERE code = :code")
PREPARED = text("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%FROM plan WHERE code%'")


def test_what_was_prepared_stays_so_when_the_transaction_is_rolled_back(committing: Flask) -> None:
    with db.engine.connect() as connection:
        _look_often(connection)
        connection.rollback()
        assert connection.scalar(PREPARED) == 1


def test_what_a_transaction_set_is_undone_when_it_is_rolled_back(committing: Flask) -> None:
    with db.engine.connect() as connection:
        connection.execute(text("SELECT set_config('canbao.probe', 'set', false)"))
        connection.rollback()
        assert connection.scalar(text("SELECT coalesce(current_setting('canbao.probe', true), '')")) == ""


def test_a_connection_works_on_after_a_transaction_that_failed(committing: Flask) -> None:
    with db.engine.connect() as connection:
        _look_often(connection)
        with pytest.raises(DataError):
            connection.execute(text("SELECT 1 / 0"))
        connection.rollback()
        _look_often(connection)
        assert connection.scalar(PREPARED) == 1


def _look_often(connection: Connection) -> None:
    for _ in range(OFTEN):
        connection.scalar(LOOK, {"code": "A"})
