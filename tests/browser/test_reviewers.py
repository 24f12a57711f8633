"""From a submitted batch to a settled one, in a browser, in Chinese: reviewers, the district, the centre."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from app.clock import now, today
from app.models import DistrictBatch, EnrolmentBatch
from app.queries.check import find_lies
from app.rules.enrolment import BatchStatus, Channel
from app.rules.settlement import DistrictBatchStatus
from app.security.roles import Role
from app.transaction import transaction
from tests.browser.conftest import Served, make_open_tree
from tests.factories import make_account
from tests.factories.accounts import PASSWORD
from tests.factories.batches import PNG, make_batch

pytestmark = pytest.mark.browser

YEAR = today().year + 1


@pytest.fixture(autouse=True)
def city(served: Served) -> None:
    """Two unions have submitted, one of them twice; every window is open whatever the day is."""
    with served.app.app_context(), transaction() as session:
        tree = make_open_tree(session, YEAR)
        make_batch(session, tree.grassroots, 18, year=YEAR, now=now())
        make_batch(session, tree.straight, 2, channel=Channel.SOCIAL_CARD, year=YEAR, now=now())
        make_account(session, tree.second, Role.SECOND_REVIEWER, username="erji", name="钱二级")
        make_account(session, tree.district, Role.DISTRICT_REVIEWER, username="quju", name="赵区局")
        make_account(session, tree.city, Role.CENTRE_CLERK, username="zhibao", name="孙职保")


def test_a_returned_batch_tells_why_and_what_is_approved_is_filed_paid_and_settled(
    served: Served, page: Page, tmp_path: Path
) -> None:
    # The second-level reviewer marks two people over two pages and returns the batch.
    sign_in(page, "erji")
    menu(page, "集中参保审核")
    expect(page.get_by_text("海城宏图机械有限公司工会")).to_have_count(0)
    page.get_by_role("link", name="退回", exact=True).click()
    # The marks are carried along by the page's script, which nobody outruns by hand.
    page.wait_for_url("**/review/batch/*", wait_until="load")
    page.get_by_role("checkbox").nth(1).check()
    page.get_by_role("link", name="下一页").click()
    expect(page.get_by_text("其他页已标记")).to_be_visible()
    page.get_by_role("checkbox", name="标记").first.check()
    press_and_agree(page, "退回")
    expect(page.get_by_role("alert")).to_have_text("请从列表中选择原因。")
    page.get_by_role("combobox", name="原因").select_option("名单中有离职人员")
    page.get_by_role("textbox", name="说明").fill("请核对已标记的两人")
    press_and_agree(page, "退回")
    expect(page.get_by_text("已退回基层单位")).to_be_visible()
    expect(page.get_by_text("没有待审批的批次")).to_be_visible()

    # The district approves the other one, takes it back, approves it again.
    sign_in(page, "quju")
    menu(page, "集中参保审核")
    page.get_by_role("checkbox", name="海城宏图机械有限公司工会").check()
    page.get_by_role("button", name="添加至待提交").click()
    expect(page.get_by_text("已将 1 个批次添加至待提交参保列表。")).to_be_visible()
    tab(page, "待提交参保列表")
    page.get_by_role("checkbox", name="海城宏图机械有限公司工会").check()
    page.get_by_role("button", name="移除").click()
    expect(page.get_by_text("待提交参保列表为空")).to_be_visible()
    tab(page, "待审批参保列表")
    page.get_by_role("checkbox", name="全选本页").check()
    page.get_by_role("button", name="添加至待提交").click()
    tab(page, "待提交参保列表")
    expect(
        page.get_by_text(
            "合计参保人数：2人(会员卡参保人数0人，社保卡参保人数2人)。保障费用：52元；市总统一划拨：26元；"
            "区局/各级工会缴费：26元；基层单位缴费：0。"
        )
    ).to_be_visible()

    # It files: who answers, is it sure, and the notice comes by itself.
    page.get_by_role("link", name="提交列表中的参保信息").click()
    page.get_by_label("联系电话").fill("13800000000")
    page.get_by_label("接收票据的邮箱").fill("quju@example.org")
    page.get_by_role("button", name="确认提交至职保中心").click()
    expect(page.get_by_role("dialog")).to_contain_text("确认提交至职保中心后将无法修改")
    with page.expect_download() as coming:
        page.get_by_role("dialog").get_by_role("button", name="确认提交至职保中心").click()
    notice = tmp_path / "notice.pdf"
    coming.value.save_as(notice)
    assert notice.read_bytes().startswith(b"%PDF")
    assert "告知书" in coming.value.suggested_filename
    expect(page.get_by_role("heading", level=1)).to_have_text("已提交至职保中心")

    # The centre accepts.
    sign_in(page, "zhibao")
    menu(page, "区局批次受理")
    press_and_agree(page, "受理")
    expect(page.get_by_text("已受理，缴费凭证须在")).to_be_visible()

    # The district's first voucher has a slip, its second the wrong amount, its third is right.
    sign_in(page, "quju")
    vouchers(page)
    attach(page, "26,0")
    expect(page.get_by_text("“26,0”不是有效金额")).to_be_visible()
    expect(page.get_by_label("文件名称")).to_have_value("一月凭证")
    attach(page, "20")
    expect(page.get_by_text("缴费凭证已上传")).to_be_visible()

    sign_in(page, "zhibao")
    menu(page, "缴费凭证审核")
    page.get_by_role("link", name="审核", exact=True).click()
    expect(page.get_by_text("实缴金额与应缴金额不一致")).to_be_visible()
    expect(page.get_by_role("button", name="核销")).to_have_count(0)
    press_and_agree(page, "退回凭证")
    expect(page.get_by_text("已退回区局")).to_be_visible()

    sign_in(page, "quju")
    vouchers(page)
    expect(page.get_by_text("凭证金额与应缴金额不符")).to_be_visible()
    attach(page, "26.00")
    expect(page.get_by_text("缴费凭证已上传")).to_be_visible()

    sign_in(page, "zhibao")
    menu(page, "缴费凭证审核")
    page.get_by_role("link", name="审核", exact=True).click()
    press_and_agree(page, "核销")
    expect(page.get_by_text("已核销，参保完成")).to_be_visible()

    # The district reads it all in the log.
    sign_in(page, "quju")
    menu(page, "参保批次管理")
    page.get_by_role("link", name=f"CB{YEAR}").click()
    expect(page.locator("ol.log li")).to_have_count(6)
    with served.app.app_context(), transaction() as session:
        assert session.scalars(select(DistrictBatch.status)).all() == [DistrictBatchStatus.COMPLETED]
        stands = set(session.scalars(select(EnrolmentBatch.status)))
        assert stands == {BatchStatus.RETURNED, BatchStatus.COMPLETED}
        assert find_lies(session) == []


@pytest.mark.parametrize("width", [1280, 390])
def test_no_page_is_wider_than_its_window(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    for account, addresses in {
        "quju": ("/review/collective/", "/review/approved/", "/filing/", "/district-batches/"),
        "zhibao": ("/centre/batches/", "/centre/vouchers/"),
    }.items():
        sign_in(page, account)
        for address in addresses:
            page.goto(address)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, address


def sign_in(page: Page, username: str) -> None:
    page.context.clear_cookies()
    page.goto("/login/")
    page.get_by_label("账号").fill(username)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("工作台")


def menu(page: Page, entry: str) -> None:
    page.get_by_role("navigation", name="主菜单").get_by_role("link", name=entry, exact=True).click()


def press_and_agree(page: Page, name: str) -> None:
    """Press the button and answer its question, which the server asks where the script hasn't come yet."""
    page.get_by_role("button", name=name).click()
    page.get_by_role("dialog").get_by_role("button", name=name).click()


def tab(page: Page, name: str) -> None:
    page.get_by_role("list", name="列表切换").get_by_role("link", name=name).click()


def vouchers(page: Page) -> None:
    menu(page, "参保批次管理")
    page.get_by_role("link", name="缴费凭证", exact=True).click()


def attach(page: Page, amount: str) -> None:
    page.get_by_label("凭证文件").set_input_files(
        {"name": "凭证.png", "mimeType": "image/png", "buffer": PNG}
    )
    page.get_by_label("文件名称").fill("一月凭证")
    page.get_by_label("缴费金额").fill(amount)
    page.get_by_label("缴费日期").fill(today().isoformat())
    page.get_by_role("button", name="上传凭证").click()
