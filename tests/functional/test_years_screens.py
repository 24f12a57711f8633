"""The screens of a protection year: suggested, typed, refused, extended."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Event, EventObject, ProtectionWindow, ProtectionYear, WindowExtension
from app.rules.years import WindowName
from app.security.roles import Role
from tests.factories import (
    Tree,
    at,
    make_account,
    make_tree,
    make_year,
    sign_in,
)

WINDOWS = {
    WindowName.FEE_SETTING: (at("2025-10-25"), at("2025-11-01")),
    WindowName.GRASSROOTS_SUBMIT: (at("2025-11-01"), at("2025-12-26")),
    WindowName.REVIEW: (at("2025-11-01"), at("2026-01-01")),
    WindowName.DISTRICT_SUBMIT: (at("2025-12-26"), at("2026-01-01")),
    WindowName.INSTANT: (at("2026-01-01"), at("2027-01-01")),
}


@pytest.fixture
def tree(session: Session) -> Tree:
    return make_tree(session)


def typed(client: FlaskClient, address: str) -> dict[str, Any]:
    """What the form of that page would send as it stands."""
    from html.parser import HTMLParser

    sent: dict[str, Any] = {}

    class Fields(HTMLParser):
        text = ""

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found = dict(attrs)
            name = found.get("name") or ""
            if tag == "textarea":
                self.text = name
                sent[name] = ""
            elif tag == "input" and found.get("type") == "checkbox":
                if "checked" in found:
                    sent.setdefault(name, []).append(found.get("value"))
            elif tag == "input" and name:
                sent[name] = found.get("value") or ""
            elif tag == "select":
                self.select = name
            elif tag == "option" and ("selected" in found or self.select not in sent):
                sent[self.select] = found.get("value")

        def handle_endtag(self, tag: str) -> None:
            if tag == "textarea":
                self.text = ""

        def handle_data(self, data: str) -> None:
            if self.text:
                sent[self.text] += data

    page = client.get(address)
    assert page.status_code == 200
    Fields().feed(page.text)
    return sent


def test_a_new_year_is_suggested_after_the_one_before_and_can_be_saved_as_it_is(
    session: Session, client: FlaskClient, tree: Tree
) -> None:
    make_year(session)
    sign_in(client, make_account(session, tree.city, Role.MUNICIPAL_ADMIN))
    sent = typed(client, "/years/new")
    assert sent["year"] == "2026"
    assert (sent["grassroots_submit_closes_at"], sent["grassroots_submit_closes_at_time"]) == (
        "2025-12-25",
        "24:00",
    )
    assert client.post("/years/new", data=sent).headers["Location"] == "/years/2026"
    windows = session.scalars(select(ProtectionWindow).where(ProtectionWindow.year == 2026))
    assert {window.name: (window.opens_at, window.closes_at) for window in windows} == WINDOWS


def test_saving_the_edit_form_untouched_leaves_the_year_as_it_is(
    session: Session, client: FlaskClient, tree: Tree
) -> None:
    make_year(session)
    sign_in(client, make_account(session, tree.city, Role.MUNICIPAL_ADMIN))
    sent = typed(client, "/years/2025/edit")
    assert client.post("/years/2025/edit", data=sent).status_code == 302
    facts = session.scalars(select(Event.facts).where(Event.object_kind == EventObject.YEAR)).one()
    assert facts == {}


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("review_closes_at", "2024-10-01", "“上级审核”的开始时间须早于结束时间。"),
        ("review_closes_at_time", "24:30", "时间格式如 17:30"),
        ("cover_end", "2024-12-31", "保障终止日期须晚于起始日期。"),
        ("voucher_due_days", "abc", "voucher_due_days"),
        ("account_holder", "", "account_holder-error"),
    ],
)
def test_a_refused_year_keeps_everything_that_was_typed(
    session: Session, client: FlaskClient, tree: Tree, field: str, value: str, said: str
) -> None:
    make_year(session)
    sign_in(client, make_account(session, tree.city, Role.MUNICIPAL_ADMIN))
    sent = typed(client, "/years/2025/edit") | {"account_bank": "刚刚填写的银行", field: value}
    answer = client.post("/years/2025/edit", data=sent)
    assert answer.status_code == 422
    assert said in answer.text and "刚刚填写的银行" in answer.text and "尚未保存" in answer.text
    assert session.scalars(select(ProtectionYear.account_bank)).one() != "刚刚填写的银行"


def test_a_year_that_exists_is_not_overwritten_by_the_form_for_a_new_one(
    session: Session, client: FlaskClient, tree: Tree
) -> None:
    make_year(session)
    sign_in(client, make_account(session, tree.city, Role.MUNICIPAL_ADMIN))
    sent = typed(client, "/years/2025/edit") | {"year": "2025"}
    answer = client.post("/years/new", data=sent)
    assert answer.status_code == 409 and "2025 保障年度已存在" in answer.text


def test_the_year_says_what_is_open_and_until_when(session: Session, client: FlaskClient, tree: Tree) -> None:
    make_year(session)
    with time_machine.travel(at("2024-12-20 10:00"), tick=False):
        sign_in(client, make_account(session, tree.grassroots, Role.OPERATOR))
        page = client.get("/years/2025").text
    assert "2024-12-25 24:00" in page and "开放中" in page and "未开放" in page
    assert "/years/2025/edit" not in page


def test_an_extension_is_granted_on_the_year_s_page_and_listed_for_the_union_below(
    session: Session, client: FlaskClient, tree: Tree
) -> None:
    make_year(session)
    with time_machine.travel(at("2024-12-26 09:00"), tick=False):
        sign_in(client, make_account(session, tree.city, Role.MUNICIPAL_ADMIN))
        form = {
            "window": "grassroots_submit",
            "union_code": tree.second.code,
            "closes_at": "2025-01-02",
            "closes_at_time": "24:00",
            "reason": "街道停电",
        }
        refused = client.post(
            "/years/2025/extensions", data=form | {"union_code": "x", "reason": "街道停电二"}
        )
        assert refused.status_code == 422
        assert "没有编号为“x”的工会" in refused.text and "街道停电二" in refused.text
        assert client.post("/years/2025/extensions", data=form).status_code == 302
        assert session.scalars(select(WindowExtension)).one().closes_at == at("2025-01-03")
        for union, seen in ((tree.grassroots, True), (tree.other_grassroots, False)):
            sign_in(client, make_account(session, union, Role.OPERATOR))
            assert ("街道停电" in client.get("/years/2025").text) is seen


@pytest.mark.parametrize("address", ["/years/2024", "/years/99999999999", "/years/0"])
def test_a_year_that_nobody_set_is_not_there(
    session: Session, client: FlaskClient, tree: Tree, address: str
) -> None:
    sign_in(client, make_account(session, tree.city, Role.MUNICIPAL_ADMIN))
    assert client.get(address).status_code == 404
