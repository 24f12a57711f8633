"""Sessions: only their hash is kept, and what ends one ends it at the very next request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app import create_app
from app.clock import now
from app.models import Account, AccountSession
from app.rules.sign_in import SessionEnd, SessionKind
from app.security.actor import Actor, actor_of
from app.security.roles import Role
from app.security.sessions import end_what_is_over, session_limits
from app.services.accounts import change_password, change_role, force_out, reset_password, set_active
from config import Settings
from tests.databases import SharingClient
from tests.factories import Tree, actor_of_role, make_account, make_tree, sign_in
from tests.factories.accounts import PASSWORD, bearer, new_session, use_session


@pytest.fixture
def tree(session: Session) -> Tree:
    return make_tree(session)


@pytest.fixture
def account(session: Session, tree: Tree) -> Account:
    return make_account(session, tree.second, Role.SECOND_REVIEWER, username="wang")


def another_client(client: FlaskClient) -> FlaskClient:
    return SharingClient(client.application, client.application.response_class, use_cookies=True)


def is_in(client: FlaskClient) -> bool:
    return client.get("/profile/").status_code == 200


def token_works(client: FlaskClient, header: dict[str, str]) -> bool:
    return client.get("/api/v1/me", headers=header).status_code == 200


def log_in(client: FlaskClient, username: str = "wang", password: str = PASSWORD) -> int:
    return client.post("/login/", data={"username": username, "password": password}).status_code


def test_the_database_holds_no_id_that_opens_anything(
    client: FlaskClient, session: Session, account: Account
) -> None:
    log_in(client)
    with client.session_transaction() as cookie:
        token = cookie["_user_id"]
    row = session.scalars(select(AccountSession)).one()
    assert len(row.token_hash) == 32 and len(token) >= 40
    stored = session.scalar(text("SELECT account_session::text FROM account_session"))
    assert token not in stored
    assert token.encode().hex() not in stored
    use_session(client, row.token_hash.hex())
    assert not is_in(client)


def test_the_id_is_new_at_every_sign_in_whatever_cookie_came_along(
    client: FlaskClient, session: Session, account: Account
) -> None:
    use_session(client, "planted")
    assert log_in(client) == 302
    with client.session_transaction() as cookie:
        first = cookie["_user_id"]
    client.post("/logout/")
    assert log_in(client) == 302
    with client.session_transaction() as cookie:
        assert len({"planted", first, cookie["_user_id"]}) == 3


def _reset(session: Session, superior: Actor, account: Account) -> None:
    reset_password(session, superior, account_id=account.id, now=now())


def _disable(session: Session, superior: Actor, account: Account) -> None:
    set_active(session, superior, account_id=account.id, active=False, now=now())


def _change_role(session: Session, superior: Actor, account: Account) -> None:
    account.union_id = superior.union_id
    change_role(session, superior, account_id=account.id, role=Role.MANAGER, now=now())


def _force_out(session: Session, superior: Actor, account: Account) -> None:
    assert force_out(session, superior, account_id=account.id, now=now()) == 2


def _change_password(session: Session, superior: Actor, account: Account) -> None:
    change_password(session, actor_of(account), old=PASSWORD, new="Another-Rose-26", now=now())


@pytest.mark.parametrize(
    ("end", "why"),
    [
        (_reset, SessionEnd.RESET),
        (_disable, SessionEnd.DISABLED),
        (_change_role, SessionEnd.ROLE),
        (_force_out, SessionEnd.FORCED),
        (_change_password, SessionEnd.PASSWORD),
    ],
)
def test_every_session_ends_at_the_very_next_request_tokens_included(
    client: FlaskClient,
    session: Session,
    tree: Tree,
    account: Account,
    end: Callable[[Session, Actor, Account], None],
    why: SessionEnd,
) -> None:
    superior = actor_of_role(session, tree.city, Role.SECURITY_ADMIN)
    sign_in(client, account)
    header, program = bearer(account.id), another_client(client)
    assert is_in(client) and token_works(program, header)
    end(session, superior, account)
    assert not is_in(client)
    assert program.get("/api/v1/me", headers=header).status_code == 401
    assert {row.ended_why for row in session.scalars(select(AccountSession))} == {why}


def test_signing_out_ends_the_session_for_whoever_kept_its_cookie_and_no_other(
    client: FlaskClient, session: Session, account: Account
) -> None:
    token = sign_in(client, account)
    elsewhere = another_client(client)
    sign_in(elsewhere, account)
    client.post("/logout/")
    use_session(client, token)
    assert not is_in(client)
    assert is_in(elsewhere)


def test_a_program_signs_out_and_its_token_is_over(
    client: FlaskClient, session: Session, account: Account
) -> None:
    header = bearer(account.id)
    assert client.post("/api/v1/security/logout", headers=header).status_code == 204
    assert not token_works(client, header)


def test_a_changed_password_keeps_the_browser_in_which_it_was_changed_with_a_new_id(
    client: FlaskClient, session: Session, account: Account
) -> None:
    old = sign_in(client, account)
    elsewhere = another_client(client)
    sign_in(elsewhere, account)
    form = {"old": PASSWORD, "password": "Another-Rose-26", "again": "Another-Rose-26"}
    assert client.post("/password/", data=form).status_code == 302
    assert is_in(client)
    assert not is_in(elsewhere)
    use_session(client, old)
    assert not is_in(client)


def test_a_session_is_over_after_half_an_hour_without_a_request(
    client: FlaskClient, session: Session, account: Account
) -> None:
    start = now()
    with time_machine.travel(start, tick=False) as clock:
        sign_in(client, account)
        for _ in range(3):
            clock.shift(timedelta(minutes=29, seconds=59))
            assert is_in(client)
        clock.shift(timedelta(minutes=30))
        answer = client.get("/profile/")
        assert answer.location == "/login/?next=/profile/"


def test_a_session_is_over_after_twelve_hours_however_busy(
    client: FlaskClient, session: Session, account: Account
) -> None:
    with time_machine.travel(now(), tick=False) as clock:
        sign_in(client, account)
        for _ in range(35):
            clock.shift(timedelta(minutes=20))
            assert is_in(client)
        clock.shift(timedelta(minutes=20))
        assert not is_in(client)


def test_a_token_is_over_when_its_time_is(client: FlaskClient, session: Session, account: Account) -> None:
    with time_machine.travel(now(), tick=False) as clock:
        header = bearer(account.id)
        clock.shift(timedelta(minutes=119))
        assert token_works(client, header)
        clock.shift(timedelta(minutes=1))
        assert not token_works(client, header)


def test_the_last_request_is_written_down_at_most_once_a_minute(
    client: FlaskClient, session: Session, account: Account
) -> None:
    start = now()
    seen = []
    with time_machine.travel(start, tick=False) as clock:
        sign_in(client, account)
        for _ in range(5):
            clock.shift(timedelta(seconds=25))
            assert is_in(client)
            seen.append((session.scalars(select(AccountSession)).one().last_seen_at - start).seconds)
    assert seen == [0, 0, 75, 75, 75]


def test_what_is_over_is_written_down_with_its_reason(session: Session, account: Account) -> None:
    with time_machine.travel(now(), tick=False) as clock:
        for kind in (SessionKind.BROWSER, SessionKind.PROGRAM):
            new_session(account.id, kind)
        clock.shift(timedelta(minutes=31))
        assert end_what_is_over(session, session_limits(), now()) == 1
        clock.shift(timedelta(hours=2))
        assert end_what_is_over(session, session_limits(), now()) == 1
    session.expire_all()
    ended = {row.kind: row.ended_why for row in session.scalars(select(AccountSession))}
    assert ended == {SessionKind.BROWSER: SessionEnd.IDLE, SessionKind.PROGRAM: SessionEnd.TOO_LONG}


def test_a_superior_sees_who_is_online_below_and_signs_them_out(
    client: FlaskClient, session: Session, tree: Tree
) -> None:
    below = make_account(session, tree.grassroots, Role.OPERATOR, username="below")
    foreign = make_account(session, tree.other_grassroots, Role.OPERATOR, username="foreign")
    browser, stranger = another_client(client), another_client(client)
    sign_in(browser, below)
    sign_in(stranger, foreign)
    sign_in(client, make_account(session, tree.district, Role.DISTRICT_REVIEWER, username="mine"))
    page = client.get("/online/").text
    assert "below" in page and "mine" in page and "foreign" not in page
    assert client.post(f"/accounts/{foreign.id}/sessions/end").status_code == 404
    assert client.post(f"/accounts/{below.id}/sessions/end", data={"back": "online"}).location == "/online/"
    assert not is_in(browser)
    assert is_in(stranger)
    assert "below" not in client.get("/online/").text


def test_everybody_sees_their_own_sign_ins_and_ends_the_others(
    client: FlaskClient, session: Session, account: Account
) -> None:
    elsewhere = another_client(client)
    sign_in(elsewhere, account)
    sign_in(client, account)
    other = session.scalars(select(AccountSession).order_by(AccountSession.id)).first()
    assert client.get("/profile/").text.count("127.0.0.1") == 2
    form = {"own_password": PASSWORD}
    assert client.post(f"/profile/sessions/{other.id}/end", data=form).status_code == 302
    assert not is_in(elsewhere)
    sign_in(elsewhere, account)
    client.post("/profile/sessions/end-others", data=form)
    assert is_in(client) and not is_in(elsewhere)


@pytest.mark.parametrize("which", ["{id}/end", "end-others"])
def test_who_finds_the_browser_open_cannot_end_the_owner_s_other_sessions(
    client: FlaskClient, session: Session, account: Account, which: str
) -> None:
    elsewhere = another_client(client)
    sign_in(elsewhere, account)
    sign_in(client, account)
    other = session.scalars(select(AccountSession).order_by(AccountSession.id)).first()
    address = "/profile/sessions/" + which.format(id=other.id)
    for number in range(6):
        answer = client.post(address, data={"own_password": "wrong"})
        assert answer.status_code == (422 if number < 5 else 429)
        assert "我的登录" in answer.text and is_in(elsewhere)
    assert client.post(address).status_code == 422 and is_in(elsewhere)


def test_nobody_ends_a_session_of_another_account_from_their_own_page(
    client: FlaskClient, session: Session, tree: Tree, account: Account
) -> None:
    elsewhere = another_client(client)
    sign_in(elsewhere, make_account(session, tree.second, Role.SECOND_REVIEWER))
    theirs = session.scalars(select(AccountSession)).one().id
    sign_in(client, account)
    client.post(f"/profile/sessions/{theirs}/end", data={"own_password": PASSWORD})
    assert is_in(elsewhere)


def test_served_over_https_the_cookie_stays_there_and_with_this_host(app: Flask, settings: Settings) -> None:
    served = create_app(replace(settings, https=True, trusted_proxies=1))
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7, 198.51.100.4"}
    answer = served.test_client().get("/login/", headers=headers)
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-canbao=")
    for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert part in cookie
    assert "Domain" not in cookie
    assert "max-age" in answer.headers["Strict-Transport-Security"]


def test_an_address_is_believed_only_from_as_many_proxies_as_are_trusted(
    app: Flask, settings: Settings
) -> None:
    from app.security.sign_in import visitor_of_request

    for trusted, address in ((0, "10.0.0.1"), (1, "198.51.100.4")):
        served = create_app(replace(settings, trusted_proxies=trusted))
        seen: list[str] = []
        served.before_request(lambda seen=seen: seen.append(visitor_of_request().address))
        headers = {"X-Forwarded-For": "203.0.113.7, 198.51.100.4"}
        served.test_client().get("/healthz", headers=headers, environ_base={"REMOTE_ADDR": "10.0.0.1"})
        assert seen == [address]
