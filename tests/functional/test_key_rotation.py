"""Keys are changed while the product runs, in as many goes as it takes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import create_engine, select, text

from app import create_app
from app.models import ImportRow, Member, StoredFile
from app.queries.check import find_lies
from app.rules.imports import ImportKind
from app.sealing import key_number
from app.security.roles import Role
from app.services.files import content_of
from app.services.imports import check_import, start_import
from app.transaction import transaction
from config import Login, new_id_key
from tests.databases import settings_for
from tests.factories import actor_of_role, make_members, make_tree
from tests.factories.imports import NOW, passport, sheet_of

OLD, NEW = new_id_key(1), new_id_key(2)
PEOPLE = 12
SEALED_UNDER = """
    SELECT get_byte(id_number, 2), count(*) FROM member GROUP BY 1
"""

Start = Callable[[str], Flask]


@pytest.fixture
def start(committed_database: str, tmp_path: Path) -> Start:
    """The application on one database with these keys."""

    def with_keys(keys: str) -> Flask:
        settings = replace(settings_for(committed_database, tmp_path), id_keys=keys)
        return create_app(settings, Login.SCHEDULER)

    return with_keys


@pytest.fixture
def filled(start: Start) -> Start:
    """Members, an import's row and its file, all sealed under the old key."""
    app = start(OLD)
    with app.app_context(), transaction() as session:
        tree = make_tree(session)
        make_members(session, tree.grassroots, PEOPLE)
        operator = actor_of_role(session, tree.grassroots, Role.OPERATOR)
        content = sheet_of([passport(1)])
        run = start_import(
            session, operator, kind=ImportKind.MEMBERS, file_name="a.xlsx", content=content, now=NOW
        )
        import_id = run.id
    with app.app_context():
        check_import(transaction, import_id, NOW)
    return start


def rotate(app: Flask, *options: str) -> Result:
    return app.test_cli_runner().invoke(args=["canbao", "rotate-keys", *options])


def numbers(app: Flask) -> list[str]:
    with app.app_context(), transaction() as session:
        return list(session.scalars(select(Member.id_number).order_by(Member.id)))


def test_after_a_rotation_nothing_needs_the_old_key(filled: Start) -> None:
    before = numbers(filled(OLD))
    result = rotate(filled(f"{NEW},{OLD}"))
    # The members' numbers, the staged row's number and its cells, and the file they came in.
    assert (result.exit_code, result.output.splitlines()) == (
        0,
        [
            f"{PEOPLE + 3} values are sealed anew; everything is under key 2.",
            "No value needs key 1 any more: remove it from CANBAO_ID_KEYS and restart.",
        ],
    )
    app = filled(NEW)
    assert numbers(app) == before
    with app.app_context(), transaction() as session:
        assert session.scalars(select(ImportRow.raw)).one()[0] == "外籍乙"
        stored = session.scalars(select(StoredFile)).one()
        assert content_of(stored).startswith(b"PK") and key_number(stored.content) == 2
        assert find_lies(session) == []


def test_a_rotation_that_stopped_half_way_goes_on_where_it_stopped(filled: Start) -> None:
    app = filled(f"{NEW},{OLD}")
    before = numbers(app)
    stopped = rotate(app, "--limit", "5")
    assert "5 values" in stopped.output and "run it again" in stopped.output
    with app.app_context(), transaction() as session:
        under = {row[0]: row[1] for row in session.execute(text(SEALED_UNDER))}
    assert under[2] and under[1], "some are done and some are not"
    assert numbers(app) == before, "the product reads both"
    assert f"{PEOPLE + 3 - 5} values" in rotate(app).output
    assert "0 values are sealed anew; everything is under key 2." in rotate(app).output


def test_rows_that_somebody_works_on_are_waited_for_last(filled: Start, committed_database: str) -> None:
    app = filled(f"{NEW},{OLD}")
    engine = create_engine(committed_database)
    with ThreadPoolExecutor(1) as beside, engine.connect() as working:
        working.execute(text("UPDATE member SET tag = '新' WHERE id = (SELECT min(id) FROM member)"))
        rotation = beside.submit(rotate, app)
        with engine.connect() as looking:
            while not looking.scalar(text(WAITING)):
                looking.rollback()
            assert looking.scalar(text("SELECT count(*) FROM member WHERE get_byte(id_number, 2) = 1")) == 1
        working.commit()
        assert f"{PEOPLE + 3} values" in rotation.result(timeout=30).output
    with engine.connect() as after:
        assert after.scalar(text("SELECT count(*) FROM member WHERE get_byte(id_number, 2) = 1")) == 0
        assert after.scalar(text("SELECT tag FROM member ORDER BY id LIMIT 1")) == "新"
    engine.dispose()


WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def test_a_key_that_is_missing_is_said_in_a_sentence(filled: Start) -> None:
    app = filled(NEW)
    for command in ("rotate-keys", "check"):
        result = app.test_cli_runner().invoke(args=["canbao", command])
        assert result.exit_code == 1
        assert "CANBAO_ID_KEYS lacks key 1" in result.output
        assert "Traceback" not in result.output


def test_a_new_key_has_the_next_number_and_changes_nothing(start: Start) -> None:
    result = start(f"{NEW},{OLD}").test_cli_runner().invoke(args=["canbao", "new-key"])
    key = result.stdout.splitlines()[0]
    assert key.startswith("3:")
    start(f"{key},{NEW},{OLD}")
