"""The second factor: taken up with a phone, asked for after the password, never twice with one code."""

from __future__ import annotations

import base64
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app import create_app
from app.clock import now
from app.models import Account, AuditEntry, RecoveryCode, SecondFactorKey
from app.rules.auditing import AuditKind
from app.rules.totp import SECONDS, code_at
from app.security.actor import actor_of
from app.security.passwords import password_fits
from app.security.roles import Role
from app.security.second_factor import use_code
from app.services.second_factor import begin_enrolment, confirm_enrolment
from app.transaction import transaction
from config import Login
from tests.databases import settings_for
from tests.factories import Tree, make_account, make_tree, sign_in
from tests.factories.accounts import PASSWORD, failures_of

LOGIN = {"username": "wang", "password": PASSWORD}


@pytest.fixture
def tree(session: Session) -> Tree:
    return make_tree(session)


@pytest.fixture
def wang(session: Session, tree: Tree) -> Account:
    account = make_account(session, tree.district, Role.DISTRICT_REVIEWER, username="wang")
    session.refresh(account, ["union"])
    return account


def code_of(session: Session, account: Account, ahead: int = 0) -> str:
    """What the account's phone shows, or will show so many steps later."""
    secret = base64.b64decode(session.get_one(SecondFactorKey, account.id).secret)
    return code_at(secret, int(now().timestamp()) // SECONDS + ahead)


def enrolled(session: Session, account: Account) -> list[str]:
    """An account with a phone; its recovery codes. The code of this moment is used up by that."""
    actor = actor_of(account)
    begin_enrolment(session, actor, now())
    return confirm_enrolment(session, actor, code_of(session, account), now())


def proof_in(page: str) -> str:
    found = re.search(r'name="proof" value="([^"]+)"', page)
    assert found is not None
    return found.group(1)


def test_an_account_takes_it_up_on_its_own_page(client: FlaskClient, session: Session, wang: Account) -> None:
    sign_in(client, wang)
    refused = client.post("/second-factor/begin", data={"own_password": "wrong"})
    assert refused.status_code == 422
    assert client.post("/second-factor/begin", data={"own_password": PASSWORD}).status_code == 302
    page = client.get("/second-factor/").text
    assert "<svg" in page and 'autocomplete="one-time-code"' in page
    assert client.post("/second-factor/confirm", data={"code": "000000x"}).status_code == 422
    answer = client.post("/second-factor/confirm", data={"code": code_of(session, wang)})
    assert len(re.findall(r'class="once">[a-z2-9]{5}-[a-z2-9]{5}<', answer.text)) == 10
    assert session.get_one(Account, wang.id).second_factor_at is not None
    sealed = session.scalar(text("SELECT secret FROM second_factor_key"))
    assert sealed[:1] == b"\x01" and session.get_one(SecondFactorKey, wang.id).secret.encode() not in sealed


def test_the_password_alone_no_longer_opens_and_a_code_opens_once(
    client: FlaskClient, session: Session, wang: Account
) -> None:
    with time_machine.travel(now(), tick=False) as clock:
        enrolled(session, wang)
        clock.shift(timedelta(seconds=SECONDS))
        page = client.post("/login/?next=/accounts/", data=LOGIN)
        assert page.status_code == 200 and client.get("/").status_code == 302
        form = {"proof": proof_in(page.text), "code": code_of(session, wang)}
        assert client.post("/login/code/?next=/accounts/", data=form).location == "/accounts/"
        assert client.get("/").status_code == 200
        entry = select(AuditEntry.facts).where(AuditEntry.kind == AuditKind.SIGN_IN)
        assert session.scalars(entry).all() == [{"proved_by": ["password", "code"]}]
        client.post("/logout/")
        again = client.post("/login/", data=LOGIN)
        form = {"proof": proof_in(again.text), "code": form["code"]}
        assert client.post("/login/code/", data=form).status_code == 401, "the same code a second time"


def test_a_recovery_code_opens_once(client: FlaskClient, session: Session, wang: Account) -> None:
    code = enrolled(session, wang)[0]
    for status in (302, 401):
        proof = proof_in(client.post("/login/", data=LOGIN).text)
        answer = client.post("/login/code/", data={"proof": proof, "code": f" {code.upper()} "})
        assert answer.status_code == status
        client.post("/logout/")


def test_of_recovery_codes_slow_hashes_are_kept_each_with_its_own_salt(
    session: Session, wang: Account
) -> None:
    codes = enrolled(session, wang)
    kept = session.scalars(select(RecoveryCode.code_hash)).all()
    assert len({one.split("$")[4] for one in kept}) == len(codes)
    assert all(one.startswith("$argon2id$") for one in kept)
    assert not any(password_fits(one, code) for one in kept for code in codes[:1]), "the secret key is needed"


def test_of_two_who_use_a_recovery_code_at_once_one_gets_in(committed_database: str, tmp_path: Path) -> None:
    application = create_app(settings_for(committed_database, tmp_path), Login.SCHEDULER)
    with application.app_context(), transaction() as session:
        account = make_account(session, make_tree(session).city, Role.SECURITY_ADMIN)
        code, account_id = enrolled(session, account)[0], account.id

    def attempt(_: int) -> bool:
        with application.app_context(), transaction() as session:
            return use_code(session, account_id, code, now())

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(attempt, range(4))) == [False, False, False, True]


def test_wrong_codes_lock_and_a_right_password_between_them_does_not_help(
    client: FlaskClient, session: Session, wang: Account
) -> None:
    enrolled(session, wang)
    for _ in range(5):
        proof = proof_in(client.post("/login/", data=LOGIN).text)
        assert client.post("/login/code/", data={"proof": proof, "code": "000000"}).status_code == 401
    assert failures_of(wang) == 5
    assert client.post("/login/", data=LOGIN).status_code == 401


def test_the_proof_of_the_password_holds_five_minutes_and_no_longer_than_the_password(
    client: FlaskClient, session: Session, wang: Account
) -> None:
    codes = enrolled(session, wang)
    with time_machine.travel(now(), tick=False) as clock:
        proof = proof_in(client.post("/login/", data=LOGIN).text)
        clock.shift(timedelta(minutes=5))
        assert client.post("/login/code/", data={"proof": proof, "code": codes[0]}).status_code == 401
        proof = proof_in(client.post("/login/", data=LOGIN).text)
        wang.password = "another hash"
        assert client.post("/login/code/", data={"proof": proof, "code": codes[1]}).status_code == 401
    assert client.post("/login/code/", data={"proof": "x" * 60, "code": codes[2]}).status_code == 401


def test_a_program_sends_the_code_along(client: FlaskClient, session: Session, wang: Account) -> None:
    codes = enrolled(session, wang)

    def ask(**code: str) -> tuple[int, str]:
        answer = client.post("/api/v1/security/login", json=LOGIN | code)
        return answer.status_code, answer.json.get("code", "")

    assert ask() == (401, "code_needed")
    assert ask(code="000000") == (401, "code_wrong")
    assert ask(code=codes[0])[0] == 200


def test_where_it_is_enforced_the_roles_that_need_it_set_it_up_first(
    app: Flask,
    client: FlaskClient,
    session: Session,
    tree: Tree,
    wang: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    enforced = replace(app.config["SETTINGS"], second_factor="required")
    monkeypatch.setitem(app.config, "SETTINGS", enforced)
    sign_in(client, wang)
    assert client.get("/").location == "/second-factor/"
    assert client.get("/second-factor/").status_code == 200
    answer = client.post("/api/v1/security/login", json=LOGIN)
    assert (answer.status_code, answer.json["code"]) == (403, "second_factor_missing")
    enrolled(session, wang)
    assert client.get("/").status_code == 200
    sign_in(client, make_account(session, tree.grassroots, Role.OPERATOR))
    assert client.get("/").status_code == 200
    everyone = replace(app.config["SETTINGS"], second_factor="everyone")
    monkeypatch.setitem(app.config, "SETTINGS", everyone)
    assert client.get("/").location == "/second-factor/"


def test_the_security_administrator_takes_it_off_and_the_superior_union_cannot(
    client: FlaskClient, session: Session, tree: Tree, wang: Account
) -> None:
    enrolled(session, wang)
    sign_in(client, make_account(session, tree.city, Role.MUNICIPAL_ADMIN))
    assert client.post(f"/accounts/{wang.id}/second-factor").status_code == 403
    sign_in(client, make_account(session, tree.city, Role.SECURITY_ADMIN))
    address = f"/accounts/{wang.id}/second-factor"
    for proof, words in (("  ", "请写明"), ("字" * 501, "500")):
        answer = client.post(address, data={"proof": proof})
        assert answer.status_code == 422 and words in answer.text
    assert session.get_one(Account, wang.id).second_factor_at is not None
    proof = "本人持身份证到场，与会员登记核对一致"
    assert client.post(address, data={"proof": proof}).status_code == 302
    assert proof in client.get(f"/accounts/{wang.id}").text
    assert session.get_one(Account, wang.id).second_factor_at is None
    assert session.scalar(text("SELECT count(*) FROM recovery_code")) == 0
    client.post("/logout/")
    assert client.post("/login/", data=LOGIN).status_code == 302


def test_giving_it_up_asks_for_the_password(client: FlaskClient, session: Session, wang: Account) -> None:
    enrolled(session, wang)
    sign_in(client, wang)
    assert client.post("/second-factor/drop", data={"own_password": "wrong"}).status_code == 422
    assert session.get_one(Account, wang.id).second_factor_at is not None
    assert client.post("/second-factor/drop", data={"own_password": PASSWORD}).status_code == 302
    assert session.get_one(Account, wang.id).second_factor_at is None
    assert client.get("/").status_code == 200
