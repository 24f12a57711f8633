"""验证码: on the login page by default, used up by one answer, and never readable where it is shown."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.clock import now
from app.models import UsedCaptcha
from app.security.captcha import LASTS, SIGNS, picture_riddle, words_riddle
from app.security.roles import Role
from config import load_settings
from tests.factories import make_account, make_tree
from tests.factories.accounts import PASSWORD

LOGIN = {"username": "wang", "password": PASSWORD}
WORDS = "零一二三四五六七八九"


@pytest.fixture(autouse=True)
def shown(app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(app.config, "SETTINGS", replace(app.config["SETTINGS"], captcha=True))
    make_account(session, make_tree(session).grassroots, Role.OPERATOR, username="wang")
    yield


def sealed_in(page: str) -> str:
    return re.search(r'name="captcha_sealed" value="([^"]+)"', page).group(1)


def sum_of(page: str) -> str:
    """What somebody types who hears the question."""
    first, second, third = re.search(r"(.)加(.)加(.)等于", page).groups()
    return str(sum(WORDS.index(word) for word in (first, second, third)))


def answered(client: FlaskClient, page: str, answer: str) -> int:
    form = LOGIN | {"captcha": answer, "captcha_sealed": sealed_in(page), "captcha_kind": "words"}
    return client.post("/login/", data=form).status_code


def test_it_is_on_unless_somebody_switches_it_off(tmp_path: object) -> None:
    assert load_settings({"CANBAO_DATA_DIR": str(tmp_path)}).captcha is True
    assert load_settings({"CANBAO_DATA_DIR": str(tmp_path), "CANBAO_CAPTCHA": "0"}).captcha is False


def test_the_page_shows_a_picture_and_nothing_that_gives_it_away(client: FlaskClient) -> None:
    page = client.get("/login/").text
    assert "验证码" in page
    picture = re.search(r'src="data:image/png;base64,([^"]+)"', page).group(1)
    assert base64.b64decode(picture).startswith(b"\x89PNG")
    assert len({sealed_in(client.get("/login/").text) for _ in range(3)}) == 3


def test_right_password_and_right_answer_open_and_either_wrong_does_not(client: FlaskClient) -> None:
    page = client.get("/login/captcha/?kind=words").text
    assert answered(client, page, "1") == 422
    assert client.post("/login/", data=LOGIN).status_code == 422
    page = client.get("/login/captcha/?kind=words").text
    assert answered(client, page, sum_of(page)) == 302


def test_an_answer_is_taken_once_right_or_wrong(client: FlaskClient) -> None:
    page = client.get("/login/captcha/?kind=words").text
    assert answered(client, page, "1") == 422
    assert answered(client, page, sum_of(page)) == 422
    page = client.get("/login/captcha/?kind=words").text
    assert answered(client, page, sum_of(page)) == 302
    client.post("/logout/")
    assert answered(client, page, sum_of(page)) == 422


def test_a_riddle_is_too_old_after_ten_minutes(client: FlaskClient) -> None:
    with time_machine.travel(now(), tick=False) as clock:
        page = client.get("/login/captcha/?kind=words").text
        clock.shift(LASTS - timedelta(seconds=1))
        fresh = client.get("/login/captcha/?kind=words").text
        assert answered(client, page, sum_of(page)) == 302
        client.post("/logout/")
        clock.shift(LASTS)
        assert answered(client, fresh, sum_of(fresh)) == 422


def test_a_wrong_answer_counts_against_nobody(client: FlaskClient, session: Session) -> None:
    for _ in range(6):
        page = client.get("/login/captcha/?kind=words").text
        assert answered(client, page, "1") == 422
    assert session.scalar(text("SELECT count(*) FROM sign_in_failure")) == 0


def test_another_riddle_keeps_the_name_and_asks_no_password(client: FlaskClient) -> None:
    answer = client.post("/login/", data=LOGIN | {"another": "words"})
    assert answer.status_code == 200
    assert 'value="wang"' in answer.text and PASSWORD not in answer.text
    assert "等于多少" in answer.text


def test_showing_riddles_writes_nothing(client: FlaskClient, session: Session) -> None:
    for path in ("/login/", "/login/captcha/", "/login/captcha/?kind=words"):
        assert client.get(path).status_code == 200
    assert session.scalars(select(UsedCaptcha)).all() == []


def test_what_is_asked_differs_each_time(app: Flask) -> None:
    with app.test_request_context("/"):
        assert len({picture_riddle(now()).picture for _ in range(5)}) == 5
        terms = [words_riddle(now()).terms for _ in range(50)]
    assert len(set(terms)) > 10 and all(2 <= term <= 9 for each in terms for term in each)
    assert not set(SIGNS) & set("0O1IL5S8B2ZQG")
