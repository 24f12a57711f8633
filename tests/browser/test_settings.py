"""A new installation is set up in a browser, in Chinese: the tree, the year, the fees, a district's split."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from app.clock import now, today
from app.jobs import perform_pending
from app.models import ProtectionYear
from app.security.roles import Role
from app.services.first_account import create_first_account
from app.transaction import transaction
from scheduler.tasks import import_all
from tests.browser.conftest import Served
from tests.factories import make_account, make_fees, make_tree, make_year
from tests.factories.accounts import PASSWORD

pytestmark = pytest.mark.browser

CITY = Path(__file__).parent.parent / "data" / "city-7"
YEAR = today().year + 1


def sign_in(page: Page, username: str) -> None:
    page.goto("/login/")
    page.get_by_label("账号").fill(username)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("工作台")


@pytest.fixture
def work(served: Served) -> Callable[[], None]:
    """The worker's part: perform what was enqueued."""
    import_all()

    def perform() -> None:
        with served.app.app_context(), transaction() as session:
            perform_pending(session)

    return perform


@pytest.fixture
def administrator(served: Served, page: Page) -> Page:
    """Signed in as the first account of an empty installation."""
    with served.app.app_context(), transaction() as session:
        create_first_account(session, username="admin", password=PASSWORD, must_change=False, now=now())
    sign_in(page, "admin")
    return page


def test_the_tree_comes_in_by_workbook_from_upload_over_progress_to_the_result(
    administrator: Page, work: Callable[[], None]
) -> None:
    page = administrator
    page.get_by_role("navigation", name="主菜单").get_by_role("link", name="批量导入").click()
    page.get_by_role("radio", name="工会组织").check()
    page.get_by_label("表格文件").set_input_files(CITY / "organisations.xlsx")
    page.get_by_role("button", name="点击上传").click()
    expect(page.get_by_role("progressbar", name="排队中")).to_be_visible()

    work()
    # The page renews itself: nobody clicks.
    expect(page.get_by_role("button", name="确认导入")).to_be_visible(timeout=15_000)
    page.get_by_role("button", name="确认导入").click()
    expect(page.get_by_role("progressbar", name="导入中")).to_be_visible()

    work()
    expect(page.get_by_text("导入完成：新增")).to_be_visible(timeout=15_000)
    page.get_by_role("navigation", name="主菜单").get_by_role("link", name="工会组织", exact=True).click()
    page.get_by_role("link", name="海城东1区总工会").click()
    expect(page.get_by_label("所在位置")).to_contain_text("海城市总工会 › 海城东1区总工会")


def window(page: Page, name: str) -> Locator:
    return page.get_by_role("group", name=name)


def test_the_administrator_sets_a_year_and_its_fees_and_a_wrong_sum_is_said_at_the_field(
    served: Served, administrator: Page
) -> None:
    page = administrator
    page.get_by_role("navigation", name="主菜单").get_by_role(
        "link", name="保障年度与窗口", exact=True
    ).click()
    page.get_by_role("link", name="新建保障年度").click()
    expect(page.get_by_label("保障年度")).to_have_value(str(YEAR))
    submits = window(page, "名单确认与提交")
    expect(submits.get_by_label("截止日期")).to_have_value(f"{YEAR - 1}-12-25")
    submits.get_by_label("截止日期").fill(f"{YEAR - 1}-10-01")
    page.get_by_label("开户行").fill("海城银行望海大道支行")
    page.get_by_role("button", name="保存").click()
    expect(submits.get_by_text("“名单确认与提交”的开始时间须早于结束时间。")).to_be_visible()
    expect(page.get_by_label("开户行")).to_have_value("海城银行望海大道支行")
    submits.get_by_label("截止日期").fill(f"{YEAR - 1}-12-25")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text(f"{YEAR} 保障年度已保存。")).to_be_visible()
    expect(page.get_by_role("row", name="名单确认与提交")).to_contain_text(f"{YEAR - 1}-12-25 24:00")

    page.get_by_role("navigation", name="主菜单").get_by_role("link", name="保障金额设置").click()
    page.get_by_role("row", name="A类会员专享基本保障 普通工会 全年").get_by_role("link", name="设置").click()
    for name, typed in (
        ("保障费用", "26"),
        ("市总统一划拨", "13"),
        ("区局/各级工会默认缴纳", "12"),
        ("基层单位默认缴纳", "0"),
        ("有效期开始", f"{YEAR - 6}-01-01"),
        ("有效期结束", f"{YEAR + 5}-12-31"),
    ):
        page.get_by_label(name).fill(typed)
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_label("保障费用")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("各项分担合计25.00元，参保费用为26.00元，相差1.00元")).to_be_visible()
    expect(page.get_by_label("区局/各级工会默认缴纳")).to_have_value("12")
    page.get_by_label("区局/各级工会默认缴纳").fill("13")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("保障金额已保存。")).to_be_visible()
    expect(page.get_by_role("row", name="A类会员专享基本保障 普通工会 全年")).to_contain_text("13.00")
    with served.app.app_context(), transaction() as session:
        assert session.get_one(ProtectionYear, YEAR).account_bank == "海城银行望海大道支行"


@pytest.fixture
def district(served: Served, page: Page) -> Page:
    """Signed in as a district while fees can be set."""
    with served.app.app_context(), transaction() as session:
        tree = make_tree(session)
        year = make_year(session, YEAR)
        for each in year.windows:
            each.opens_at, each.closes_at = now() - timedelta(days=9), now() + timedelta(days=9)
        make_fees(session, YEAR)
        make_account(session, tree.district, Role.DISTRICT_REVIEWER, username="quju")
    sign_in(page, "quju")
    return page


def test_a_district_sets_its_split_for_all_unions_and_for_one_found_by_name(district: Page) -> None:
    page = district
    page.get_by_role("navigation", name="主菜单").get_by_role("link", name="基层缴费设置").click()
    page.get_by_role("row", name="A类会员专享基本保障").get_by_role("link", name="设置全部基层").click()
    expect(page.get_by_text("参保费用（元/人）")).to_be_visible()
    page.get_by_label("区局/各级工会缴费").fill("10")
    page.get_by_label("基层单位缴费").fill("4")
    page.get_by_role("button", name="保存设置").click()
    expect(page.get_by_text("两项合计须等于扣除市总统一划拨后的13.00元，现为14.00元。")).to_be_visible()
    page.get_by_label("基层单位缴费").fill("3")
    page.get_by_role("button", name="保存设置").click()
    expect(page.get_by_role("row", name="全部基层工会 A 全年 10.00 3.00")).to_be_visible()

    page.get_by_role("row", name="A类会员专享基本保障").get_by_role("link", name="设置单个基层").click()
    page.get_by_label("工会名称或编号").fill("恒信")
    page.get_by_role("button", name="搜索").click()
    expect(page.get_by_text("显示第 1 到第 1 条，共 1 条")).to_be_visible()
    page.get_by_role("link", name="设置", exact=True).click()
    page.get_by_label("区局/各级工会缴费").fill("5")
    page.get_by_label("基层单位缴费").fill("8")
    page.get_by_role("button", name="保存设置").click()
    own = page.get_by_role("row", name="海城恒信建达有限公司工会 A 全年 5.00 8.00")
    expect(own).to_be_visible()

    own.get_by_role("button", name="撤销").click()
    page.get_by_role("dialog").get_by_role("button", name="撤销").click()
    expect(page.get_by_text("设置已撤销。")).to_be_visible()
    expect(own).to_have_count(0)
