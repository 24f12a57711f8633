"""Failures lock, by account and by address, for all processes, and tell nobody whether an account exists."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

import app.security.sign_in as door
from app import create_app
from app.clock import now
from app.models import Account
from app.rules.sign_in import FORGOTTEN_AFTER, CountedBy
from app.security.actor import actor_of
from app.security.roles import Role
from app.services.accounts import reset_password
from app.transaction import transaction
from config import Login
from tests.databases import settings_for, statements
from tests.factories import Tree, make_account, make_tree
from tests.factories.accounts import PASSWORD, add_failures, failures_of

HOME, ELSEWHERE = "198.51.100.4", "203.0.113.7"


@pytest.fixture
def tree(session: Session) -> Tree:
    return make_tree(session)


@pytest.fixture
def wang(session: Session, tree: Tree) -> Account:
    return make_account(session, tree.grassroots, Role.OPERATOR, username="wang")


def ask(client: FlaskClient, username: str, password: str = "wrong", address: str = HOME) -> TestResponse:
    return client.post(
        "/api/v1/security/login",
        json={"username": username, "password": password},
        environ_base={"REMOTE_ADDR": address},
    )


def test_name_and_e_mail_of_an_account_count_together(client: FlaskClient, wang: Account) -> None:
    for name in ("wang", wang.email, "wang", wang.email, "wang"):
        assert ask(client, name).status_code == 401
    assert ask(client, wang.email, PASSWORD).status_code == 429


def test_an_unknown_name_is_locked_like_a_known_one(client: FlaskClient, wang: Account) -> None:
    for name, address in (("wang", HOME), ("nobody", ELSEWHERE)):
        answers = [ask(client, name, address=address) for _ in range(7)]
        assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 2
    told = [ask(client, name, address="192.0.2.1").json for name in ("wang", "nobody")]
    assert {**told[0], "request_id": ""} == {**told[1], "request_id": ""}


def test_five_failures_of_any_names_lock_their_address_and_no_other(
    client: FlaskClient, wang: Account
) -> None:
    for number in range(5):
        assert ask(client, f"guess{number}").status_code == 401
    assert ask(client, "another").status_code == 429
    assert ask(client, "wang", PASSWORD).status_code == 429
    assert ask(client, "wang", PASSWORD, ELSEWHERE).status_code == 200


def test_who_has_signed_in_from_an_address_before_is_not_held_up_by_others_there(
    client: FlaskClient, wang: Account
) -> None:
    assert ask(client, "wang", PASSWORD).status_code == 200
    for number in range(5):
        ask(client, f"guess{number}")
    assert ask(client, "wang").status_code == 429, "a wrong password is told what everybody is told"
    assert ask(client, "wang", PASSWORD).status_code == 200


def test_strangers_cannot_keep_an_owner_out_who_signs_in_from_where_they_did_before(
    client: FlaskClient, wang: Account
) -> None:
    assert ask(client, "wang", PASSWORD).status_code == 200
    for number in range(9):
        ask(client, "wang", address=f"192.0.2.{number}")
    assert ask(client, "wang", PASSWORD, ELSEWHERE).status_code == 429, "strangers wait, whatever they know"
    assert ask(client, "wang", PASSWORD).status_code == 200
    assert ask(client, "wang", PASSWORD, ELSEWHERE).status_code == 429, "and aren't let in by that"


def test_guesses_from_an_address_the_owner_uses_are_counted_there(client: FlaskClient, wang: Account) -> None:
    assert ask(client, "wang", PASSWORD).status_code == 200
    assert [ask(client, "wang").status_code for _ in range(6)] == [401] * 5 + [429]
    assert ask(client, "wang", PASSWORD).status_code == 429
    assert ask(client, "wang", PASSWORD, ELSEWHERE).status_code == 200


def test_a_reset_from_above_ends_every_count_of_the_account(
    client: FlaskClient, session: Session, tree: Tree, wang: Account
) -> None:
    assert ask(client, "wang", PASSWORD).status_code == 200
    for address in (HOME, *(f"192.0.2.{number}" for number in range(6))):
        for _ in range(6):
            ask(client, "wang", address=address)
    above = actor_of(make_account(session, tree.second, Role.SECOND_REVIEWER))
    made = reset_password(session, above, account_id=wang.id, now=now())
    for address in (ELSEWHERE, HOME):
        answer = ask(client, "wang", made.one_time_password, address)
        assert answer.json["code"] == "password_must_change", "the password was right and judged"


def test_a_sign_in_ends_the_count_of_its_account_and_takes_only_itself_from_the_address(
    client: FlaskClient, wang: Account
) -> None:
    for _ in range(4):
        assert ask(client, "wang").status_code == 401
    assert ask(client, "wang", PASSWORD).status_code == 200
    assert failures_of(wang) == 0
    assert ask(client, "guess").status_code == 401
    assert ask(client, "guess").status_code == 429
    assert ask(client, "wang", PASSWORD).status_code == 200
    assert ask(client, "guess").status_code == 429, "own sign-ins make no room for guesses at others"


def test_the_lock_grows_and_waiting_does_not_make_it_longer(client: FlaskClient, wang: Account) -> None:
    with time_machine.travel(now(), tick=False) as clock:
        for _ in range(5):
            ask(client, "wang")
        for minutes in (1, 2, 4, 8):
            clock.shift(timedelta(minutes=minutes) - timedelta(seconds=1))
            assert ask(client, "wang", address=ELSEWHERE).status_code == 429
            clock.shift(timedelta(seconds=1))
            assert ask(client, "wang").status_code == 401


def test_a_day_later_the_count_begins_anew(client: FlaskClient, wang: Account) -> None:
    add_failures(wang, 40, now() - FORGOTTEN_AFTER[CountedBy.ACCOUNT])
    assert ask(client, "wang").status_code == 401
    assert failures_of(wang) == 1


def test_an_unknown_name_costs_the_same_statements_and_the_same_hash(
    client: FlaskClient, session: Session, tree: Tree, wang: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_account(session, tree.grassroots, Role.OPERATOR, username="gone").active = False
    session.flush()
    hashed: list[str | None] = []
    fits = door.password_fits

    def counted(stored: str | None, password: str) -> bool:
        hashed.append(stored)
        return fits(stored, password)

    monkeypatch.setattr(door, "password_fits", counted)
    work = {}
    for number, name in enumerate(("wang", "gone", "nobody", "wang", "nobody")):
        hashed.clear()
        with statements(session) as sent:
            ask(client, name, address=f"192.0.2.{number}")
        work[name, number] = ([" ".join(each.split()) for each in sent], len(hashed))
    first = work["wang", 0]
    assert len(first[0]) >= 5 and first[1] == 1
    assert all(each == first for each in work.values())


def test_a_hash_is_computed_for_nobody_too(monkeypatch: pytest.MonkeyPatch) -> None:
    import app.security.passwords as passwords

    verified: list[str] = []

    class Counting:
        def verify(self, stored: str, password: str) -> bool:
            verified.append(stored)
            return True

    monkeypatch.setattr(passwords, "_hasher", Counting())
    assert passwords.password_fits(None, "nobody's password") is False
    assert verified == [passwords.NOBODYS_HASH]


def test_twenty_attempts_at_once_are_judged_five_times(committed_database: str, tmp_path: Path) -> None:
    application = create_app(settings_for(committed_database, tmp_path), Login.SCHEDULER)
    with application.app_context(), transaction() as session:
        make_account(session, make_tree(session).grassroots, Role.OPERATOR, username="wang")

    def attempt(number: int) -> int:
        return ask(application.test_client(), "wang", address=f"192.0.2.{number}").status_code

    with ThreadPoolExecutor(8) as pool:
        answers = Counter(pool.map(attempt, range(20)))
    assert answers == {401: 5, 429: 15}


def test_the_present_password_cannot_be_tried_out_from_an_open_session(
    client: FlaskClient, session: Session, wang: Account
) -> None:
    from tests.factories import sign_in

    sign_in(client, wang)
    form = {"old": "wrong", "password": "Another-Rose-26", "again": "Another-Rose-26"}
    assert [client.post("/password/", data=form).status_code for _ in range(6)] == [422] * 5 + [429]
    assert client.post("/password/", data=form | {"old": PASSWORD}).status_code == 429
