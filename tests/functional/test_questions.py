"""A button that asks first asks in any case: by the page's script, or by the server where no script ran."""

from __future__ import annotations

import re
from html import unescape

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import EnrolmentBatch
from app.security.roles import Role
from tests.factories import Tree, at, make_account, make_members, sign_in

CARD = "/enrolment/2025/member_card/"


@pytest.fixture(autouse=True)
def november():
    with time_machine.travel(at("2024-11-05 10:00"), tick=False):
        yield


@pytest.fixture
def operator(client: FlaskClient, session: Session, tree: Tree) -> FlaskClient:
    make_members(session, tree.grassroots, 3)
    sign_in(client, make_account(session, tree.grassroots, Role.OPERATOR))
    return client


def fields_of(page: str) -> dict[str, str]:
    """What the page's submit form sends, its button included."""
    form = re.search(r'<form[^>]*id="submit-list".*?</form>', page, re.S)
    assert form is not None
    button = re.search(r'<button[^>]*form="submit-list"[^>]*>', page)
    assert button is not None
    return _inputs(form.group()) | _inputs(button.group())


def _inputs(html: str) -> dict[str, str]:
    found = {}
    for tag in re.findall(r"<(?:input|button)[^>]*>", html):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and value:
            found[name.group(1)] = unescape(value.group(1))
    return found


def batches(session: Session) -> int:
    return session.scalar(select(func.count(EnrolmentBatch.id))) or 0


def test_a_submit_that_no_script_asked_about_is_asked_about_by_the_server(session, operator):
    sent = fields_of(operator.get(CARD).text)
    answer = operator.post(CARD, data=sent, headers={"Referer": f"http://localhost{CARD}?plan=A"})
    assert answer.status_code == 200
    assert batches(session) == 0
    assert "您选择的保障类型为：A类会员专享基本保障" in answer.text
    assert f'href="{CARD}?plan=A"' in answer.text


def test_what_was_typed_goes_out_once_agreed_to(session, operator):
    sent = fields_of(operator.get(CARD).text)
    asked = operator.post(CARD, data=sent).text
    agreed = _inputs(asked[asked.index('role="dialog"') :])
    assert agreed == {name: value for name, value in sent.items() if name != "question"}
    assert operator.post(CARD, data=agreed).status_code == 302
    assert batches(session) == 1


def test_the_way_back_never_leaves_this_site(operator):
    sent = fields_of(operator.get(CARD).text)
    answer = operator.post(CARD, data=sent, headers={"Referer": "https://elsewhere.example/trap"})
    assert "elsewhere.example" not in answer.text


def test_a_question_is_shown_as_text_whatever_it_holds(operator):
    answer = operator.post(CARD, data={"question": "<b>\n<script>alert(1)</script>"})
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;" in answer.text
