"""Every route, asked in every way: its headers are in order, and nothing answers to what it shouldn't."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.models import Account
from app.security.roles import Role
from tests.architecture.cases import API, CASES, OPEN_TO_ALL
from tests.architecture.header_faults import header_faults
from tests.databases import SharingClient, rolled_back
from tests.factories import make_account, make_tree, make_year, sign_in
from tests.factories.accounts import bearer

ENDPOINTS = sorted({*CASES, *OPEN_TO_ALL})
METHODS = {False: ("GET", "TRACE"), True: ("GET", "POST")}
"""What is asked by who isn't signed in, and by who is: together all that a route can answer, errors among them."""


@pytest.fixture(scope="module")
def asked(app: Flask) -> Iterator[tuple[FlaskClient, Account]]:
    """Somebody of the city, whose year is set."""
    with rolled_back(app) as session:
        tree = make_tree(session)
        make_year(session)
        account = make_account(session, tree.city, Role.MUNICIPAL_ADMIN)
        session.commit()
        yield SharingClient(app, app.response_class, use_cookies=True), account


def addresses(app: Flask, endpoint: str) -> list[str]:
    """The route's addresses with something in each of their places."""
    found, built = app.url_map.bind("localhost"), []
    for rule in app.url_map.iter_rules(endpoint):
        fixed = CASES[endpoint].fixed if endpoint in CASES else {}
        values = {name: fixed.get(name, 1) for name in rule.arguments}
        built.append(found.build(endpoint, values))
    return built


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_every_answer_of_every_route_has_its_headers(
    app: Flask, asked: tuple[FlaskClient, Account], endpoint: str
) -> None:
    client, account = asked
    token = bearer(account.id)
    is_asset = endpoint.endswith("static")
    for address in addresses(app, endpoint):
        for signed_in in (False, True):
            client.delete_cookie("canbao")
            if signed_in and endpoint not in API:
                sign_in(client, account)
            headers = token if signed_in and endpoint in API else {}
            for method in METHODS[signed_in]:
                if method == "POST" and endpoint in OPEN_TO_ALL:
                    continue
                answer = client.open(address, method=method, headers=headers)
                asset = is_asset and answer.status_code < 400
                assert header_faults(answer, asset=asset) == [], (method, address, answer.status_code)
                assert method != "TRACE" or answer.status_code in (302, 401, 404, 405), address


def test_what_is_ours_and_the_same_for_everybody_may_be_kept_and_nothing_else(
    asked: tuple[FlaskClient, Account],
) -> None:
    client, _account = asked
    style = client.get("/static/css/canbao.css")
    assert header_faults(style, asset=True) == []
    assert style.headers["Cache-Control"] == "no-cache"
    assert header_faults(client.get("/static/css/none.css")) == []
    assert client.get("/static/").status_code == 404


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("GET", "/none", 404),
        ("PUT", "/login/", 405),
        ("GET", "/api/v1/none", 404),
        ("POST", "/api/v1/me", 405),
    ],
)
def test_errors_have_the_headers_too(
    asked: tuple[FlaskClient, Account], method: str, address: str, status: int
) -> None:
    client, _account = asked
    answer = client.open(address, method=method)
    assert (answer.status_code, header_faults(answer)) == (status, [])


def test_an_answer_to_a_failure_of_ours_has_the_headers_and_tells_nothing(
    app: Flask, asked: tuple[FlaskClient, Account]
) -> None:
    client, account = asked
    sign_in(client, account)
    view = app.view_functions["Home.index"]

    def broken(**_: object) -> str:
        raise RuntimeError("SELECT secret FROM somewhere")

    app.view_functions["Home.index"] = broken
    try:
        answer = client.get("/")
    finally:
        app.view_functions["Home.index"] = view

    assert (answer.status_code, header_faults(answer)) == (500, [])
    assert "secret" not in answer.text and "Traceback" not in answer.text


def test_another_origin_reads_nothing(asked: tuple[FlaskClient, Account]) -> None:
    client, _account = asked
    asking = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}
    for address in ("/", "/api/v1/me", "/api/v1/security/login"):
        answer = client.options(address, headers=asking)
        assert not {name for name, _value in answer.headers if name.lower().startswith("access-control")}


def test_signing_out_makes_the_browser_forget(asked: tuple[FlaskClient, Account]) -> None:
    client, account = asked
    sign_in(client, account)
    assert client.post("/logout/").headers["Clear-Site-Data"] == '"cache", "storage"'
    assert "Clear-Site-Data" not in client.get("/login/").headers
