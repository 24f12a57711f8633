"""参保进度与催办 in a browser, in Chinese: from the monitor down to who stands still, reminded once a day."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from app.clock import now, today
from app.models import Account, Message, ProgressReminder
from app.rules.messages import MessageKind
from app.security.roles import Role
from app.transaction import transaction
from tests.browser.conftest import Served, make_open_tree
from tests.browser.test_accessibility import no_barrier
from tests.factories import make_account
from tests.factories.batches import make_batch

pytestmark = pytest.mark.browser

YEAR = today().year + 1


@pytest.fixture(autouse=True)
def city(served: Served) -> None:
    """One list waits for its second-level union, everybody else has not begun; every window is open."""
    with served.app.app_context(), transaction() as session:
        tree = make_open_tree(session, YEAR)
        make_batch(session, tree.grassroots, 3, year=YEAR, now=now())
        make_account(session, tree.sibling, Role.OPERATOR, username="mingyuan")
        make_account(session, tree.second, Role.SECOND_REVIEWER, username="erji")
        make_account(session, tree.city, Role.MUNICIPAL_ADMIN, username="shizong", name="周市总")


def test_who_stands_still_is_found_level_by_level_and_reminded_once_a_day(
    served: Served, page: Page, sign_in: Callable[[Page, str], None]
) -> None:
    sign_in(page, "shizong")
    menu(page, "参保进度与催办")
    expect(page.get_by_role("heading", level=1)).to_have_text("参保进度")
    expect(figure(page, "未开始")).to_contain_text("4")
    expect(figure(page, "已提交")).to_contain_text("1")
    expect(rows(page)).to_have_count(5)
    no_barrier(page)

    # Down from the monitor: a district's own link says how many of its unions the board then lists.
    menu(page, "集中参保实时监控")
    page.get_by_role("link", name="催办 东湖区总工会 3").click()
    expect(page.get_by_label("上级工会").locator("option:checked")).to_have_text("东湖区总工会")
    expect(rows(page)).to_have_count(3)
    expect(page.get_by_text("海城瑞丰食品有限公司工会")).to_have_count(0)
    waiting = page.get_by_role("row", name="海城恒信建达有限公司工会")
    expect(waiting.get_by_role("cell").nth(3)).to_have_text("滨江街道总工会")
    figure(page, "未开始").click()
    expect(rows(page)).to_have_count(2)
    no_barrier(page)

    late = page.get_by_role("row", name="海城明远商贸有限公司工会")
    expect(late).to_contain_text("—")
    late.get_by_role("button", name="催办").click()
    expect(page.get_by_role("status")).to_contain_text("已催办 1 家工会，提醒已发送给 1 个账号。")
    # The list is still the one that was looked at, and says who reminded.
    expect(rows(page)).to_have_count(2)
    expect(late).to_contain_text("周市总")

    # The second click of the day sends nothing, whichever button it is.
    late.get_by_role("button", name="催办").click()
    expect(page.get_by_role("status")).to_contain_text("1 家工会今天已就此事催办过，最近一次由周市总于")
    page.wait_for_load_state("networkidle")  # a button that needs a tick is the script's
    page.get_by_role("checkbox", name="海城明远商贸有限公司工会").check()
    page.get_by_role("button", name="催办所选").click()
    expect(page.get_by_role("status")).to_contain_text("每天催办一次即可")
    no_barrier(page)
    with served.app.app_context(), transaction() as session:
        assert len(session.scalars(select(ProgressReminder.id)).all()) == 1
        told = select(Account.username).join(Message, Message.account_id == Account.id)
        assert session.scalars(told.where(Message.kind == MessageKind.URGED_SUBMIT)).all() == ["mingyuan"]

    # From the union's name on to what it has.
    late.get_by_role("link", name="海城明远商贸有限公司工会").click()
    expect(page.get_by_text("尚未提交")).to_be_visible()

    sign_in(page, "mingyuan")
    menu(page, "消息提醒")
    expect(page.locator(".inbox li").filter(has_text="海城市总工会")).to_have_count(1)


def rows(page: Page) -> Locator:
    return page.get_by_role("table", name="参保进度").locator("tbody tr")


def figure(page: Page, words: str) -> Locator:
    return page.locator(".figures").get_by_role("link", name=words)


def menu(page: Page, entry: str) -> None:
    page.get_by_role("navigation", name="主菜单").get_by_role("link", name=entry, exact=True).click()
