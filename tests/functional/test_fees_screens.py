"""The screens of fees and splits: what was typed stays, and a district touches its own part only."""

from __future__ import annotations

from decimal import Decimal

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import FeeSetting, FeeSplit
from app.security.roles import Role
from tests.factories import (
    Tree,
    at,
    make_account,
    make_fees,
    make_tree,
    make_year,
    sign_in,
)

IN_WINDOW = at("2024-10-28 10:00")


LAST_SECOND, CLOSING_INSTANT = at("2024-10-31 23:59:59"), at("2024-11-01")


@pytest.fixture
def tree(session: Session) -> Tree:
    tree = make_tree(session)
    make_year(session)
    return tree


FEE_ADDRESS = "/fees/2025/edit?plan=A&category=ordinary&term=full"


TYPED = {
    "fee": "26.00",
    "municipal_share": "13",
    "district_share": "13.0",
    "grassroots_share": "0",
    "valid_from": "2020-01-01",
    "valid_from_time": "00:00",
    "valid_to": "2030-12-31",
    "valid_to_time": "24:00",
}


def test_the_form_stores_the_last_day_as_the_instant_after_it(
    session: Session, client: FlaskClient, tree: Tree
) -> None:
    sign_in(client, make_account(session, tree.city, Role.MUNICIPAL_ADMIN))
    assert client.post(FEE_ADDRESS, data=TYPED).status_code == 302
    setting = session.scalars(select(FeeSetting)).one()
    assert (setting.fee, setting.valid_to) == (Decimal(26), at("2031-01-01"))
    assert 'value="2030-12-31"' in client.get(FEE_ADDRESS).text


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("district_share", "12", "各项分担合计25.00元，参保费用为26.00元，相差1.00元"),
        ("fee", "12,5", "请填写金额（元）"),
        ("fee", "1e9", "请填写金额（元）"),
        ("grassroots_share", "", "请填写金额。"),
        ("valid_to", "2019-12-31", "有效期结束须晚于开始。"),
        ("valid_to_time", "25:00", "时间格式如 17:30"),
    ],
)
def test_what_was_typed_stays_in_the_form_with_the_sentence_at_its_field(
    session: Session, client: FlaskClient, tree: Tree, field: str, typed: str, said: str
) -> None:
    sign_in(client, make_account(session, tree.city, Role.MUNICIPAL_ADMIN))
    answer = client.post(FEE_ADDRESS, data=TYPED | {field: typed})
    assert answer.status_code == 422
    assert said in answer.text
    assert f'value="{typed}"' in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert session.scalars(select(FeeSetting)).all() == []


def test_a_district_sees_the_municipal_figures_but_has_no_field_for_them(
    session: Session, client: FlaskClient, tree: Tree
) -> None:
    make_fees(session)
    with time_machine.travel(IN_WINDOW, tick=False):
        sign_in(client, make_account(session, tree.district, Role.DISTRICT_REVIEWER))
        assert client.get(FEE_ADDRESS).status_code == 403
        page = client.get("/fees/split/2025/set?plan=A&term=full").text
    for words in (
        "保障类型名称",
        "A类会员专享基本保障",
        "参保费用（元/人）",
        "市总统一划拨（元/人）",
        "区局/各级工会默认缴纳（元/人）",
        "基层单位默认缴纳（元/人）",
        "有效期",
        "26.00",
        "2030-12-31 24:00",
    ):
        assert words in page
    assert 'name="district_share"' in page
    assert 'name="municipal_share"' not in page and 'name="fee"' not in page


def test_a_district_sets_its_split_on_the_screen_and_is_refused_at_the_closing_instant(
    session: Session, client: FlaskClient, tree: Tree
) -> None:
    make_fees(session)
    address = f"/fees/split/2025/set?plan=A&term=full&union_id={tree.grassroots.id}"
    with time_machine.travel(LAST_SECOND, tick=False):
        sign_in(client, make_account(session, tree.district, Role.DISTRICT_REVIEWER))
        in_time = client.post(address, data={"district_share": "10", "grassroots_share": "3"})
    assert in_time.headers["Location"] == "/fees/split/?year=2025"
    with time_machine.travel(CLOSING_INSTANT, tick=False):
        late = client.post(address, data={"district_share": "9.87", "grassroots_share": "3.13"})
    assert late.status_code == 422
    assert 'value="9.87"' in late.text
    assert [s.district_share for s in session.scalars(select(FeeSplit))] == [Decimal(10)]


def test_the_union_of_a_split_is_searched_not_picked_from_a_list_of_all(
    session: Session, client: FlaskClient, tree: Tree
) -> None:
    make_fees(session)
    sign_in(client, make_account(session, tree.district, Role.DISTRICT_REVIEWER))
    page = client.get("/fees/split/2025/union?plan=A&term=full&text=恒信").text
    assert tree.grassroots.name in page
    assert tree.sibling.name not in page and tree.other_grassroots.name not in page
