"""The frame around every page: health, headers, language, sign-in, failures."""

from __future__ import annotations

import io
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app import LARGEST_UPLOAD
from app.clock import now
from app.models import Account
from app.services.first_account import create_first_account
from tests.factories.accounts import failures_of

PASSWORD = "Right-horse-9"


@pytest.fixture
def admin(session: Session) -> Account:
    return create_first_account(session, username="admin", password=PASSWORD, must_change=False, now=now())


def test_the_process_lives_and_is_ready(client: FlaskClient) -> None:
    assert client.get("/healthz").json == {"status": "alive"}
    assert client.get("/readyz").json == {"status": "ready"}


def test_every_answer_forbids_scripts_and_frames_that_are_not_ours(client: FlaskClient) -> None:
    for path in ("/healthz", "/login/", "/no-such-page", "/api/v1/no-such-call"):
        headers = client.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Request-ID"]


def test_the_nonce_is_new_in_each_answer(app: Flask) -> None:
    nonces = set()
    for _ in range(2):
        with app.test_request_context("/"):
            app.preprocess_request()
            nonce = app.jinja_env.globals["csp_nonce"]()
            policy = app.process_response(app.response_class()).headers["Content-Security-Policy"]
            assert f"script-src 'self' 'nonce-{nonce}'" in policy
            nonces.add(nonce)
    assert len(nonces) == 2


def test_the_first_page_is_chinese_and_english_is_one_click_away(client: FlaskClient) -> None:
    page = client.get("/login/").text
    assert '<html lang="zh-CN"' in page
    link = re.search(r'href="([^"]+)"[^>]*>English<', page)
    assert link is not None
    english = client.get(link.group(1).replace("&amp;", "&"), follow_redirects=True)
    assert english.request.path == "/login/"
    assert '<html lang="en"' in english.text
    assert '<html lang="zh-CN"' not in english.text


def test_an_unknown_language_is_not_found(client: FlaskClient) -> None:
    assert client.get("/language/xx").status_code == 404


def test_a_form_without_its_token_is_refused_with_a_sentence(app: Flask, client: FlaskClient) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    try:
        answer = client.post("/login/", data={"username": "admin", "password": PASSWORD})
    finally:
        app.config["WTF_CSRF_ENABLED"] = False
    assert answer.status_code == 400
    assert "csrf" not in answer.text.lower()


def test_the_session_cookie_is_out_of_reach_for_scripts_and_other_sites(client: FlaskClient) -> None:
    cookie = client.get("/login/").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


@pytest.mark.parametrize("language", ["zh_Hans_CN", "en"])
def test_the_frameworks_own_words_come_in_both_languages(app: Flask, language: str) -> None:
    from flask_babel import gettext

    with app.test_request_context(f"/?_l_={language}"):
        assert gettext("Access is Denied") == {"zh_Hans_CN": "访问被拒绝", "en": "Access is Denied"}[language]


class TestSigningIn:
    def test_with_the_right_password(self, client: FlaskClient, admin: Account) -> None:
        answer = client.post("/login/", data={"username": "admin", "password": PASSWORD})
        assert answer.status_code == 302
        assert admin.login_count == 1

    def test_a_wrong_password_keeps_the_typed_name(self, client: FlaskClient, admin: Account) -> None:
        answer = client.post("/login/", data={"username": "admin", "password": "wrong"})
        assert answer.status_code == 401
        assert 'value="admin"' in answer.text
        assert failures_of(admin) == 1

    def test_an_api_token_opens_the_api(self, client: FlaskClient, admin: Account) -> None:
        body = {"username": "admin", "password": PASSWORD, "provider": "db"}
        answer = client.post("/api/v1/security/login", json=body)
        assert answer.status_code == 200
        assert answer.json is not None
        assert answer.json["access_token"].count(".") == 2

    def test_the_sixth_failure_in_a_row_waits(self, client: FlaskClient, admin: Account) -> None:
        statuses = [
            client.post("/api/v1/security/login", json={"username": "admin", "password": "wrong"}).status_code
            for _ in range(6)
        ]
        assert statuses == [401] * 5 + [429]
        right = client.post("/api/v1/security/login", json={"username": "admin", "password": PASSWORD})
        assert right.status_code == 429
        assert right.mimetype == "application/problem+json"

    @pytest.mark.parametrize("body", [[], {}, {"username": "a"}, {"username": 1, "password": 2}, "a"])
    def test_a_malformed_login_is_a_problem_of_the_caller(self, client: FlaskClient, body: object) -> None:
        answer = client.post("/api/v1/security/login", json=body)
        assert answer.status_code == 400
        assert answer.json is not None
        assert answer.json["code"] == "malformed"


class TestFailures:
    def test_an_unknown_page_is_a_page(self, client: FlaskClient) -> None:
        answer = client.get("/no-such-page")
        assert answer.status_code == 404
        assert answer.mimetype == "text/html"
        assert answer.headers["X-Request-ID"] in answer.text

    @pytest.mark.parametrize(
        ("method", "path", "status", "code"),
        [
            ("GET", "/api/v1/no-such-call", 404, "not_found"),
            ("GET", "/api/v1/security/login", 405, "method_not_allowed"),
            ("POST", "/api/v1/security/login", 415, "unsupported_type"),
        ],
    )
    def test_the_api_answers_problem_json(
        self, client: FlaskClient, method: str, path: str, status: int, code: str
    ) -> None:
        answer = client.open(path, method=method)
        assert answer.status_code == status
        assert answer.mimetype == "application/problem+json"
        assert answer.json is not None
        assert answer.json["code"] == code
        assert answer.json["detail"]

    @pytest.mark.parametrize("token", ["", "Bearer x", "Bearer a.b.c", "Basic eDp5"])
    def test_a_bad_token_is_401(self, app: Flask, token: str) -> None:
        from app.security.needs import allowed_actor
        from app.security.roles import Permission

        headers = {"Authorization": token} if token else {}
        with app.test_request_context("/api/v1/anything", headers=headers):
            try:
                allowed_actor(Permission.VIEW_HOME)
            except Exception as error:
                answer = app.make_response(app.handle_user_exception(error))
        assert answer.status_code == 401
        assert answer.mimetype == "application/problem+json"

    def test_a_programming_error_shows_its_number_and_nothing_else(self, app: Flask) -> None:
        with app.test_request_context("/somewhere"):
            answer = app.make_response(app.handle_exception(ZeroDivisionError("secret detail")))
            answer = app.process_response(answer)
        assert answer.status_code == 500
        assert answer.headers["X-Request-ID"] in answer.get_data(as_text=True)
        assert "secret detail" not in answer.get_data(as_text=True)

    def test_what_is_too_large_is_read_to_its_end_so_that_the_sender_gets_the_answer(
        self, client: FlaskClient
    ) -> None:
        body = io.BytesIO(bytes(LARGEST_UPLOAD + 1))
        answer = client.post("/login/", input_stream=body, content_type="multipart/form-data; boundary=x")
        assert (answer.status_code, body.read()) == (413, b"")


def test_metrics_tell_requests_and_jobs_and_nothing_of_the_city(client: FlaskClient) -> None:
    client.get("/healthz")
    told = client.get("/metrics").text
    assert 'canbao_request_seconds_count{endpoint="health.healthz",method="GET",status="200"}' in told
    assert "canbao_jobs" in told
