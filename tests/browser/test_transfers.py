"""批量转移 in a browser, in Chinese: ticks over pages and searches, the other union's decision, and where it ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import func, select

from app.models import Member, MemberTransfer, Union
from app.queries.check import find_lies
from app.rules.transfers import TransferState
from app.security.roles import Role
from app.transaction import transaction
from tests.browser.conftest import Served
from tests.factories import make_account, make_member, make_members, make_tree

pytestmark = pytest.mark.browser

NAME = "海城瑞丰食品有限公司工会"


@pytest.fixture(autouse=True)
def city(served: Served) -> None:
    with served.app.app_context(), transaction() as session:
        tree = make_tree(session)
        make_members(session, tree.grassroots, 20)
        make_member(session, tree.grassroots, name="张晓红")
        make_account(session, tree.grassroots, Role.OPERATOR, username="zhuanchu")
        make_account(session, tree.other_grassroots, Role.OPERATOR, username="zhuanru")


def test_members_ticked_over_pages_go_where_the_other_union_agrees(
    served: Served, page: Page, sign_in: Callable[[Page, str], None]
) -> None:
    sign_in(page, "zhuanchu")
    page.get_by_role("link", name="批量转移", exact=True).click()
    page.get_by_label("转入工会的工会编号或全称").fill(NAME)
    page.get_by_role("button", name="查找工会").click()
    expect(page.get_by_text(f"转入工会 {NAME}")).to_be_visible()
    page.get_by_label("给对方工会的说明").fill("随部门调出")
    people(page).nth(0).check()
    people(page).nth(4).check()
    page.get_by_role("link", name="下一页").click()
    page.wait_for_load_state("networkidle")
    people(page).nth(1).check()
    page.get_by_label("姓名").fill("张晓红")
    page.get_by_role("button", name="搜索").click()
    page.wait_for_load_state("networkidle")
    page.get_by_role("checkbox", name="张晓红").check()
    expect(page.locator("[data-picked]")).to_have_text("4")
    expect(page.get_by_label("给对方工会的说明")).to_have_value("随部门调出")
    press_and_agree(page, "发起转出")
    expect(page.get_by_role("status")).to_contain_text("已发起转出 4 名会员")

    # Nothing stays ticked for the next time, once the page's scripts have run.
    page.wait_for_load_state("networkidle")
    page.get_by_role("link", name="批量转移", exact=True).first.click()
    expect(page.locator("[data-picked]")).to_have_text("0")
    expect(page.get_by_text("转移待审核")).to_have_count(2)

    sign_in(page, "zhuanru")
    page.get_by_role("link", name="会员转出审核", exact=True).click()
    page.get_by_role("checkbox", name="张晓红").check()
    page.get_by_role("button", name="不同意").click()
    page.get_by_role("combobox", name="原因").select_option("该人员未到本单位")
    page.get_by_role("dialog").get_by_role("button", name="不同意").click()
    expect(page.get_by_role("status")).to_contain_text("已退回 1 项转移")
    page.get_by_role("checkbox", name="全选本页").check()
    press_and_agree(page, "同意")
    expect(page.get_by_role("status")).to_contain_text("已转移 3 名会员")
    expect(page.get_by_text("没有待审核的转移")).to_be_visible()

    with served.app.app_context(), transaction() as session:
        there = select(Union.id).where(Union.name == NAME).scalar_subquery()
        moved = select(func.count()).select_from(Member).where(Member.union_id == there)
        assert session.scalar(moved) == 3
        states = select(MemberTransfer.state, func.count()).group_by(MemberTransfer.state)
        assert dict(session.execute(states).all()) == {
            TransferState.ACCEPTED: 3,
            TransferState.REFUSED: 1,
        }
        assert find_lies(session) == []


def people(page: Page) -> Locator:
    return page.locator("tbody [type=checkbox]")


def press_and_agree(page: Page, button: str) -> None:
    page.get_by_role("button", name=button, exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name=button, exact=True).click()
