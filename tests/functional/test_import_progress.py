"""How far an import is, for whoever looks meanwhile; and its end when nobody works on it any more."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.extensions import db
from app.import_turn import import_turn
from app.jobs import perform_pending
from app.models import ImportRun
from app.rules.imports import ImportKind, ImportState
from app.security.actor import Actor
from app.security.roles import Role
from app.services.import_progress import Tell
from app.services.imports import (
    apply_import,
    check_import,
    commit_import,
    give_up_abandoned,
    start_import,
)
from app.transaction import transaction
from tests.factories import actor_of_role, make_tree
from tests.factories.imports import NOW, Row, passport, sheet_of, upload


def test_a_check_that_failed_again_and_again_ends_with_a_sentence(session: Session, operator: Actor) -> None:
    run = start(session, operator)
    assert give_up_abandoned(session, NOW) == 0
    fail_jobs(session)
    assert give_up_abandoned(session, NOW) == 1
    assert (run.state, run.problem_code) == (ImportState.FAILED, "import_given_up")


@pytest.mark.usefixtures("perform_jobs")
def test_a_commit_that_failed_again_and_again_can_be_asked_for_once_more(
    session: Session, operator: Actor
) -> None:
    run = upload(session, operator, [passport(1)])
    commit_import(session, operator, run.id, NOW)
    fail_jobs(session)
    give_up_abandoned(session, NOW)
    assert (run.state, run.problem_code) == (ImportState.READY, "import_given_up")
    commit_import(session, operator, run.id, NOW)
    perform_pending(session)
    assert (run.state, run.problem_code, run.created) == (ImportState.DONE, None, 1)


def start(session: Session, operator: Actor, *rows: Row) -> ImportRun:
    content = sheet_of(list(rows) or [passport(1)])
    return start_import(
        session, operator, kind=ImportKind.MEMBERS, file_name="a.xlsx", content=content, now=NOW
    )


def fail_jobs(session: Session) -> None:
    session.execute(text("UPDATE procrastinate_jobs SET status = 'failed' WHERE status = 'todo'"))


def test_how_far_an_import_is_can_be_seen_while_its_transaction_is_open(
    committing: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.import_staging.ROWS_IN_CHUNK", 10)
    with transaction() as session:
        operator = actor_of_role(session, make_tree(session).grassroots, Role.OPERATOR)
        run = start(session, operator, *(passport(at) for at in range(50))).id
    with import_turn(run) as tell:
        seen = Listener(run, tell)
        check_import(transaction, run, NOW, seen.tell)
    assert [rows for _, rows, _ in seen.told[:5]] == [10, 20, 30, 40, 50]
    assert {state for *_, state in seen.told} == {"checking"}
    with transaction() as session:
        assert session.get_one(ImportRun, run).progress == 100
        commit_import(session, operator, run, NOW)
        assert session.get_one(ImportRun, run).progress == 0
    with import_turn(run) as tell, transaction() as session:
        seen_of_commit = Listener(run, tell)
        apply_import(session, run, NOW, seen_of_commit.tell)
    for percents in ([percent for percent, *_ in each.told] for each in (seen, seen_of_commit)):
        assert percents == sorted(percents) and len(set(percents)) > 5 and percents[-1] < 100
    assert {state for *_, state in seen_of_commit.told} == {"committing"}


class Listener:
    """Tells on, and keeps what somebody else then sees: percent, rows read, state."""

    def __init__(self, import_id: int, tell: Tell) -> None:
        self.import_id, self.pass_on = import_id, tell
        self.told: list[Any] = []

    def tell(self, share: float, rows_read: int = 0) -> None:
        self.pass_on(share, rows_read)
        with db.engine.connect() as other:
            other.execute(text("SELECT set_config('canbao.scope', 'system', true)"))
            seen = text(
                "SELECT percent, rows_read, state FROM import_progress JOIN import_run ON id = import_id"
                " WHERE id = :id"
            )
            self.told.append(tuple(other.execute(seen, {"id": self.import_id}).one()))
