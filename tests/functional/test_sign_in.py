"""Signing in and out: one-time passwords, the wait after failures, sessions that end."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import now
from app.models import Account
from app.rules.violations import RuleViolation
from app.security.passwords import password_fits
from app.security.roles import Role
from app.services.accounts import change_password
from tests.factories import Tree, actor_of_role, make_account, make_tree, sign_in
from tests.factories.accounts import PASSWORD, add_failures, failures_of


@pytest.fixture
def tree(session: Session) -> Tree:
    return make_tree(session)


def _login(client: FlaskClient, username: str, password: str) -> int:
    return client.post("/login/", data={"username": username, "password": password}).status_code


def test_the_present_password_is_asked_for_and_the_new_one_differs(session: Session, tree: Tree) -> None:
    actor = actor_of_role(session, tree.grassroots, Role.OPERATOR)
    for old, new, code in (
        ("wrong", "Another-Rose-26", "old_password_wrong"),
        (PASSWORD, "short", "password_short"),
        (PASSWORD, PASSWORD, "password_unchanged"),
    ):
        with pytest.raises(RuleViolation) as refusal:
            change_password(session, actor, old=old, new=new, now=now())
        assert refusal.value.code == code
    change_password(session, actor, old=PASSWORD, new="Another-Rose-26", now=now())
    assert password_fits(session.get_one(Account, actor.account_id).password, "Another-Rose-26")


def test_a_failed_login_keeps_the_name_and_says_the_same_for_every_reason(
    client: FlaskClient, session: Session, tree: Tree
) -> None:
    make_account(session, tree.grassroots, Role.OPERATOR, username="wang")
    locked = make_account(session, tree.grassroots, Role.OPERATOR, username="locked")
    add_failures(locked, 9, now())
    make_account(session, tree.grassroots, Role.OPERATOR, username="gone").active = False
    pages = []
    for username in ("wang", "locked", "gone", "nobody"):
        answer = client.post("/login/", data={"username": username, "password": "not-the-one"})
        assert answer.status_code == 401
        assert f'value="{username}"' in answer.text
        assert "not-the-one" not in answer.text
        pages.append(re.sub(r'(nonce|value)="[^"]*"', "", answer.text))
    assert len(set(pages)) == 1


def test_an_empty_login_form_is_refused_at_its_fields(client: FlaskClient, session: Session) -> None:
    answer = client.post("/login/", data={"username": "", "password": ""})
    assert answer.status_code == 422
    assert answer.text.count('class="error"') == 2


def test_after_five_failures_the_right_password_waits_a_minute(
    client: FlaskClient, session: Session, tree: Tree
) -> None:
    make_account(session, tree.grassroots, Role.OPERATOR, username="wang")
    start = now()
    with time_machine.travel(start, tick=False):
        for _ in range(5):
            assert _login(client, "wang", "wrong") == 401
        assert _login(client, "wang", PASSWORD) == 401
    with time_machine.travel(start + timedelta(seconds=59), tick=False):
        assert _login(client, "wang", PASSWORD) == 401
    with time_machine.travel(start + timedelta(seconds=60), tick=False):
        assert _login(client, "wang", PASSWORD) == 302
    assert failures_of(session.scalars(select(Account).where(Account.username == "wang")).one()) == 0


def test_a_one_time_password_opens_only_the_page_that_changes_it(
    client: FlaskClient, session: Session, tree: Tree
) -> None:
    account = make_account(session, tree.grassroots, Role.OPERATOR, username="wang")
    account.must_change_password = True
    sign_in(client, account)
    assert client.get("/").location == "/password/"
    assert client.get("/password/").status_code == 200
    refused = client.post("/password/", data={"old": PASSWORD, "password": "short", "again": "short"})
    assert refused.status_code == 422
    assert 'id="password-error"' in refused.text
    new = {"old": PASSWORD, "password": "Another-Rose-26", "again": "Another-Rose-26"}
    assert client.post("/password/", data=new).location == "/"
    assert client.get("/").status_code == 200


def test_a_one_time_password_gives_no_token(client: FlaskClient, session: Session, tree: Tree) -> None:
    make_account(session, tree.grassroots, Role.OPERATOR, username="wang").must_change_password = True
    answer = client.post("/api/v1/security/login", json={"username": "wang", "password": PASSWORD})
    assert (answer.status_code, answer.json["code"]) == (403, "password_must_change")


def test_signing_out_is_a_post_and_ends_the_session(
    client: FlaskClient, session: Session, tree: Tree
) -> None:
    sign_in(client, make_account(session, tree.grassroots, Role.OPERATOR))
    assert client.get("/logout/").status_code == 405
    assert client.get("/").status_code == 200
    assert client.post("/logout/").location == "/login/"
    assert client.get("/").status_code == 302
