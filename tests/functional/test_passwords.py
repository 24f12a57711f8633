"""A password is none of the last five, and is changed when it is too old, whatever page is asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.clock import now
from app.models import Account, UsedPassword
from app.rules.accounts import PASSWORDS_REMEMBERED
from app.rules.violations import RuleViolation
from app.security.actor import Actor, actor_of
from app.security.roles import Role
from app.services.accounts import reset_password
from app.services.passwords import change_password
from tests.factories import Tree, make_account, make_tree, sign_in
from tests.factories.accounts import PASSWORD

CHOSEN = [f"Haicheng-chosen-{number}" for number in range(1, PASSWORDS_REMEMBERED + 1)]


@pytest.fixture
def tree(session: Session) -> Tree:
    return make_tree(session)


@pytest.fixture
def account(session: Session, tree: Tree) -> Account:
    return make_account(session, tree.grassroots, Role.OPERATOR, username="wang")


def test_none_of_the_last_five_passwords_comes_back(session: Session, account: Account) -> None:
    actor = _actor(session, account)
    present = PASSWORD
    for new in CHOSEN[:-1]:
        change_password(session, actor, old=present, new=new, now=now())
        present = new
    # PASSWORD and four chosen ones are the last five now.
    for used in [PASSWORD, *CHOSEN[:-2]]:
        with pytest.raises(RuleViolation) as refused:
            change_password(session, actor, old=present, new=used, now=now())
        assert (refused.value.code, refused.value.field) == ("password_used", "password")
    change_password(session, actor, old=present, new=CHOSEN[-1], now=now())
    # The sixth before may: it is forgotten.
    change_password(session, actor, old=CHOSEN[-1], new=PASSWORD, now=now())
    kept = select(func.count()).select_from(UsedPassword).where(UsedPassword.account_id == account.id)
    assert session.scalar(kept) == PASSWORDS_REMEMBERED


def test_a_reset_in_between_does_not_bring_an_old_password_back(
    session: Session, tree: Tree, account: Account
) -> None:
    reviewer = _actor(session, make_account(session, tree.district, Role.DISTRICT_REVIEWER))
    once = reset_password(session, reviewer, account_id=account.id, now=now()).one_time_password
    with pytest.raises(RuleViolation) as refused:
        change_password(session, _actor(session, account), old=once, new=PASSWORD, now=now())
    assert refused.value.code == "password_used"


def test_a_password_that_is_too_old_opens_only_the_page_that_changes_it(
    app: Flask, client: FlaskClient, session: Session, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "SETTINGS", replace(app.config["SETTINGS"], password_days=90))
    account.password_changed_at = now() - timedelta(days=91)
    sign_in(client, account)
    for page in ("/", "/members/"):
        assert client.get(page).headers["Location"] == "/password/"
    assert "密码" in client.get("/password/").text
    told = client.post("/api/v1/security/login", json={"username": "wang", "password": PASSWORD})
    assert (told.status_code, told.json["code"]) == (403, "password_must_change")

    changed = {"old": PASSWORD, "password": CHOSEN[0], "again": CHOSEN[0]}
    assert client.post("/password/", data=changed).headers["Location"] == "/"
    assert client.get("/members/").status_code == 200


def _actor(session: Session, account: Account) -> Actor:
    session.refresh(account, ["union"])
    return actor_of(account)
