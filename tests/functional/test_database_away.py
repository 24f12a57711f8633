"""While the database doesn't answer: a sentence that says what to do, on screens and to programs alike."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from psycopg.errors import CannotConnectNow, CrashShutdown, DeadlockDetected, OperationalError, QueryCanceled

from app import create_app
from app.database import is_away
from tests.databases import settings_for
from tests.factories.accounts import use_session

SENTENCE = "数据库暂时没有响应"


@pytest.fixture(scope="module")
def without_database(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """An application whose database nobody has started."""
    folder = tmp_path_factory.mktemp("nothing")
    return create_app(settings_for(f"postgresql+psycopg:///canbao?host={folder}", Path(folder)))


def test_a_page_says_so_and_what_to_do(without_database: Flask) -> None:
    client = without_database.test_client()
    use_session(client, "somebody's")
    answer = client.get("/members/")
    assert answer.status_code == 503
    assert SENTENCE in answer.text
    assert answer.headers["X-Request-ID"] in answer.text
    assert answer.headers["Retry-After"] == "5"


def test_a_program_is_told_when_to_come_back(without_database: Flask) -> None:
    body = {"username": "admin", "password": "x", "provider": "db"}
    answer = without_database.test_client().post("/api/v1/security/login", json=body)
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
    assert answer.json["code"] == "database_away"
    assert answer.headers["Retry-After"] == "5"


def test_the_process_lives_but_is_not_ready(without_database: Flask) -> None:
    client = without_database.test_client()
    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (503, {"status": "waiting", "for": "database"})


@pytest.mark.parametrize(
    ("problem", "away"),
    [
        (OperationalError("connection refused"), True),
        (CrashShutdown(), True),
        (CannotConnectNow(), True),
        (DeadlockDetected(), False),
        (QueryCanceled(), False),
        (ValueError(), False),
    ],
)
def test_a_database_that_answers_with_an_error_is_there(problem: Exception, away: bool) -> None:
    assert is_away(problem) is away


def test_whatever_wraps_the_loss_of_the_connection_it_is_seen() -> None:
    try:
        try:
            raise OperationalError("server closed the connection unexpectedly")
        except OperationalError as lost:
            raise RuntimeError("no job could be enqueued") from lost
    except RuntimeError as problem:
        assert is_away(problem)
