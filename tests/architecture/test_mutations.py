"""What changes something takes a token and a POST; what is read changes nothing. Drawn from the URL map."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.security.roles import Role
from tests.architecture.asking import fingerprint
from tests.architecture.cases import API, OPEN_TO_ALL
from tests.factories import make_account, make_tree, sign_in
from tests.factories.accounts import PASSWORD

CHANGING = ("POST", "PUT", "PATCH", "DELETE")
WITHOUT_A_FORM = {"LoginApi.login", *API}
"""Programs: they bring a bearer token and never a cookie."""
CHANGES_NOTHING = {"Search.find"}
"""A search by document number is posted, and only leads on."""
PARTS = {
    "number": "X1",
    "locale": "en",
    "filename": "css/canbao.css",
    "pk": 1,
    "channel": "member_card",
    "kind": "members",
    "klass": "f55",
    "plan": "A",
    "term": "full",
    "category": "ordinary",
    "name": "bank",
    "version": "v1",
}


def addresses(app: Flask, method: str) -> Iterator[tuple[str, str]]:
    """Endpoint and an address of each route that takes the method."""
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        if method in (rule.methods or ()):
            yield (
                rule.endpoint,
                adapter.build(
                    rule.endpoint, {name: PARTS.get(name, 1) for name in rule.arguments}, method=method
                ),
            )


@pytest.fixture
def guarded(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)


@pytest.mark.parametrize("method", CHANGING)
def test_nothing_is_changed_without_the_token_of_its_form(
    app: Flask, client: FlaskClient, session: Session, guarded: None, method: str
) -> None:
    sign_in(client, make_account(session, make_tree(session).city, Role.MUNICIPAL_ADMIN))
    before = fingerprint(session)
    asked = 0
    for endpoint, address in addresses(app, method):
        if endpoint in WITHOUT_A_FORM | CHANGES_NOTHING:
            continue
        for token in ({}, {"csrf_token": "made-up"}):
            answer = client.open(address, method=method, data=token)
            assert answer.status_code == 400, (endpoint, answer.status_code)
            assert "打开时间过长" in answer.text, endpoint
        asked += 1
    assert fingerprint(session) == before
    assert asked or method != "POST"


def test_a_token_of_another_session_is_none(
    app: Flask, client: FlaskClient, session: Session, guarded: None
) -> None:
    account = make_account(session, make_tree(session).city, Role.MUNICIPAL_ADMIN)
    sign_in(client, account)
    page = client.get("/profile/")
    assert page.status_code == 200
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text).group(1)
    form = {"csrf_token": token, "own_password": PASSWORD}
    assert client.post("/profile/sessions/end-others", data=form).status_code == 302
    sign_in(client, account)
    assert client.post("/profile/sessions/end-others", data=form).status_code == 400


def test_the_browsers_cookie_opens_no_call_of_the_api(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    sign_in(client, make_account(session, make_tree(session).city, Role.MUNICIPAL_ADMIN))
    for method in (*CHANGING, "GET"):
        for endpoint, address in addresses(app, method):
            if endpoint in API:
                assert client.open(address, method=method).status_code == 401, endpoint


def test_reading_what_is_open_to_all_changes_nothing(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    """What needs a permission is read by every role in ``test_visibility``, under the same eye."""
    make_account(session, make_tree(session).city, Role.MUNICIPAL_ADMIN)
    before = fingerprint(session)
    for endpoint, address in addresses(app, "GET"):
        if endpoint in OPEN_TO_ALL:
            assert client.get(address).status_code < 500, endpoint
    assert fingerprint(session) == before
