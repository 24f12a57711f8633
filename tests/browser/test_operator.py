"""The operator's whole job in a browser, in Chinese: look, choose, submit, confirm, submit again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def test_by_member_card_from_the_menu_to_the_second_notice(operator: Page, tmp_path: Path):
    page = operator
    page.get_by_role("link", name="会员卡参保信息管理").click()
    page.get_by_role("link", name="集中参保办理").click()
    expect(page.get_by_text("可参保人数：53人。——保障费用：1378元；市总统一划拨：689元")).to_be_visible()

    page.get_by_role("link", name="未办卡人数").click()
    expect(page.get_by_text("显示第 1 到第 15 条，共 37 条")).to_be_visible()
    page.get_by_role("link", name="下一页").click()
    expect(page.get_by_text("显示第 16 到第 30 条，共 37 条")).to_be_visible()

    page.get_by_role("link", name="可参保人数").click()
    page.get_by_label("请选择保障类型").select_option("B")
    expect(page.get_by_text("保障费用：3710元")).to_be_visible()
    page.get_by_label("请选择保障类型").select_option("A")
    expect(page.get_by_text("保障费用：1378元")).to_be_visible()

    # By keyboard: Escape leaves the question, Enter on 确定 sends.
    page.wait_for_load_state("networkidle")  # the dialog is the script's
    page.get_by_role("button", name="提交至上级审核").press("Enter")
    question = page.get_by_role("dialog")
    expect(question).to_contain_text("您选择的保障类型为：A类会员专享基本保障")
    expect(question).to_contain_text("请确认无误后再提交！")
    page.keyboard.press("Escape")
    expect(question).to_be_hidden()
    page.get_by_role("button", name="提交至上级审核").press("Enter")
    with page.expect_download() as coming:
        page.get_by_role("button", name="确定").press("Enter")
    notice = tmp_path / "notice.pdf"
    coming.value.save_as(notice)
    assert notice.read_bytes().startswith(b"%PDF") and "告知书" in coming.value.suggested_filename
    expect(page.get_by_text("已提交 53 人")).to_be_visible()

    page.get_by_role("link", name="继续办理").click()
    page.get_by_role("link", name="集中参保待确认名单").click()
    row = page.get_by_role("row").filter(has_text="买买提·艾力")
    row.get_by_role("button", name="确认").click()
    expect(page.get_by_role("row").filter(has_text="买买提·艾力")).to_contain_text("已确认")

    page.get_by_role("link", name="集中参保办理").click()
    expect(page.get_by_text("上次提交后新增 1 人")).to_be_visible()
    expect(page.get_by_text("首次提交")).to_have_count(0)
    page.get_by_role("button", name="提交至上级审核").click()
    with page.expect_download():
        page.get_by_role("button", name="确定").click()
    page.get_by_role("link", name="返回列表").click()
    expect(page.get_by_role("row")).to_have_count(3)
    page.get_by_role("link", name=re.compile("^查看")).first.click()
    expect(page.get_by_text("第 2 版")).to_be_visible()


def test_by_social_card_ticks_hold_over_pages_and_a_refusal(operator: Page):
    page = operator
    page.get_by_role("link", name="社保卡参保信息管理").click()
    page.get_by_role("link", name="集中参保办理").click()
    expect(page.get_by_text("可参保人数：36人。——保障费用：936元；市总统一划拨：468元")).to_be_visible()

    page.get_by_role("link", name="待校验 (1)").click()
    expect(page.get_by_text("社保功能尚未激活")).to_be_visible()
    page.get_by_role("link", name="待提交 (36)").click()

    page.wait_for_load_state("networkidle")  # ticks of other pages are sent by a script
    page.get_by_role("button", name="提交至上级审核").click()
    page.get_by_role("button", name="确定").click()
    expect(page.get_by_text("请在【待提交】中勾选要参保的人员!")).to_be_visible()

    bar = page.get_by_role("region")
    page.get_by_label("全选本页").check()
    expect(bar).to_contain_text("已勾选 15 人，390.00 元")
    page.get_by_role("link", name="下一页").click()
    expect(bar).to_contain_text("已勾选 15 人")
    page.get_by_role("checkbox", name=re.compile("^会员")).first.check()
    expect(bar).to_contain_text("已勾选 16 人，416.00 元")
    page.get_by_role("link", name="上一页").click()
    expect(page.get_by_role("checkbox", name=re.compile("^会员")).first).to_be_checked()

    page.get_by_label("全部 36 人").check()
    expect(bar).to_contain_text("已勾选 36 人，936.00 元")
    page.get_by_role("checkbox", name=re.compile("^会员")).first.uncheck()
    expect(bar).to_contain_text("已勾选 35 人，910.00 元")
    page.wait_for_load_state("networkidle")  # ticks of other pages are sent by a script
    page.get_by_role("button", name="提交至上级审核").click()
    with page.expect_download():
        page.get_by_role("button", name="确定").click()
    expect(page.get_by_text("已提交 35 人")).to_be_visible()

    page.get_by_role("link", name="继续办理").click()
    expect(bar).to_contain_text("已勾选 0 人")
    expect(page.get_by_text("上次提交后新增 1 人")).to_be_visible()


def test_what_can_be_done_to_a_row_stays_in_sight_where_its_columns_are_wider_than_the_page(operator: Page):
    page = operator
    page.set_viewport_size({"width": 1000, "height": 900})
    page.get_by_role("link", name="社保卡参保信息管理").click()
    page.get_by_role("link", name="集中参保办理").click()
    table = page.get_by_role("group", name="可参保人数")
    assert table.evaluate("box => box.scrollWidth > box.clientWidth")
    edge = table.evaluate("box => box.getBoundingClientRect().right")
    action = table.get_by_role("link", name="本年不参保").first
    assert action.evaluate("link => link.getBoundingClientRect().right") <= edge
