"""The operator's main job without a mouse: Tab, Enter, Space and Escape are enough, and one sees where one is."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

FOCUSED = "document.activeElement"
OUTLINED = f"getComputedStyle({FOCUSED}).outlineStyle !== 'none'"
NAME = f"({FOCUSED}.getAttribute('aria-label') || {FOCUSED}.labels?.[0]?.innerText || {FOCUSED}.innerText || '').trim()"
IN_SIGHT = f"""(() => {{
  const box = {FOCUSED}.getBoundingClientRect();
  const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
  return Boolean(top) && ({FOCUSED}.contains(top) || top.contains({FOCUSED}));
}})()"""


def tab_to(page: Page, name: str, most: int = 120) -> None:
    """Press Tab until the control of that name has the focus; each stop on the way is visible and outlined."""
    for _ in range(most):
        page.keyboard.press("Tab")
        at = page.evaluate(NAME)
        if page.evaluate(f"{FOCUSED} !== document.body"):
            assert page.evaluate(OUTLINED), f"no outline on {at!r}"
        if at.startswith(name):
            assert page.evaluate(IN_SIGHT), f"{at!r} has the focus out of sight"
            return
    raise AssertionError(f"Tab does not come to {name!r}")


def follow(page: Page, name: str, key: str = "Enter") -> None:
    """Tab to a link, a button or a choice and use it; answers once the next page is there."""
    tab_to(page, name)
    with page.expect_navigation():
        page.keyboard.press(key)


def focused(page: Page) -> str:
    return page.evaluate(NAME)


def test_choose_a_plan_submit_confirm_and_submit_again_by_keyboard_alone(operator: Page):
    page = operator
    # While the chart still loads, Chromium focuses the target of the skip link a second time.
    page.wait_for_load_state("networkidle")
    tab_to(page, "跳到正文")
    page.keyboard.press("Enter")
    # Past the menu: the first stop is in the page itself.
    page.keyboard.press("Tab")
    assert page.evaluate(f"Boolean({FOCUSED}.closest('main'))")

    follow(page, "会员卡参保信息管理")
    follow(page, "集中参保办理")

    follow(page, "请选择保障类型", "B")
    expect(page.get_by_text("保障费用：3710元")).to_be_visible()
    follow(page, "请选择保障类型", "A")
    expect(page.get_by_text("保障费用：1378元")).to_be_visible()

    tab_to(page, "提交至上级审核")
    page.keyboard.press("Enter")
    question = page.get_by_role("dialog")
    expect(question).to_contain_text("您选择的保障类型为：A类会员专享基本保障")
    assert focused(page) == "取消", "the harmless answer comes first"
    page.keyboard.press("Escape")
    expect(question).to_be_hidden()
    assert focused(page) == "提交至上级审核", "the focus comes back to where one was"

    page.keyboard.press("Space")
    expect(question).to_be_visible()
    page.keyboard.press("Tab")
    assert focused(page) == "确定"
    with page.expect_download():
        page.keyboard.press("Enter")
    expect(page.get_by_text("已提交 53 人")).to_be_visible()

    follow(page, "继续办理")
    follow(page, "集中参保待确认名单")
    follow(page, "确认")
    expect(page.get_by_text("已确认，会员已加入集中参保名单。")).to_be_visible()

    follow(page, "集中参保办理")
    expect(page.get_by_text("上次提交后新增 1 人")).to_be_visible()
    tab_to(page, "提交至上级审核")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    with page.expect_download():
        page.keyboard.press("Enter")
    expect(page.get_by_text("已提交 1 人")).to_be_visible()


def test_ticks_and_the_phones_menu_and_filters_by_keyboard(operator: Page):
    page = operator
    page.set_viewport_size({"width": 390, "height": 844})
    # The drawer is the script's; before it runs, the link leads to the menu.
    page.wait_for_load_state("networkidle")
    tab_to(page, "菜单")
    page.keyboard.press("Enter")
    expect(page.get_by_role("navigation", name="主菜单")).to_be_in_viewport()
    page.keyboard.press("Escape")
    expect(page.get_by_role("navigation", name="主菜单")).not_to_be_in_viewport()
    assert focused(page) == "菜单"

    follow(page, "36")
    tab_to(page, "筛选")
    assert page.evaluate(f"{FOCUSED}.getAttribute('aria-expanded')") == "false"
    expect(page.get_by_role("searchbox", name="姓名")).to_be_hidden()
    page.keyboard.press("Enter")
    assert focused(page) == "姓名", "the opened filters have the focus"
    page.keyboard.type("买买提")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_role("searchbox", name="姓名")).to_have_value("买买提")
    expect(page.get_by_role("searchbox", name="姓名")).to_be_visible()

    follow(page, "清除条件")
    tab_to(page, "全部 36 人")
    page.keyboard.press("Space")
    expect(page.get_by_role("region")).to_contain_text("已勾选 36 人，936.00 元")
