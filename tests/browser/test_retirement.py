"""退休核实 of a whole union by keyboard alone, within a minute; what is decided shows in the list to be submitted."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import update

from app.clock import now, today
from app.models import ProtectionWindow, Union
from app.rules.members import RetirementClass, Sex
from app.rules.retirement import retirement_line
from app.security.roles import Role
from app.transaction import transaction
from tests.browser.conftest import Served
from tests.browser.screens import WIDTHS
from tests.browser.test_accessibility import grave_faults
from tests.browser.test_keyboard import FOCUSED, focused, follow, tab_to
from tests.factories import make_account, make_fees, make_members, make_tree, make_year
from tests.factories.papers import make_pdf

pytestmark = pytest.mark.browser

WOMEN, MEN, YOUNG = 60, 6, 4
ROW = f"{FOCUSED}.closest('tr')?.getAttribute('aria-label')"
SAID = "#work-said"


@pytest.fixture
def verifier(served: Served, page: Page, sign_in: Callable[[Page, str], None]) -> Page:
    """The operator of a union with women of unknown class between both lines, and men past theirs."""
    year = today().year + 1
    with served.app.app_context(), transaction() as session:
        union: Union = make_tree(session).grassroots
        start = make_year(session, year).cover_start
        span = {"opens_at": now() - timedelta(days=9), "closes_at": now() + timedelta(days=9)}
        session.execute(update(ProtectionWindow).values(**span))
        make_fees(session, year)
        between = retirement_line(RetirementClass.F50, start) - timedelta(days=1)
        past = retirement_line(RetirementClass.M60, start) - timedelta(days=1)
        make_members(session, union, WOMEN, sex=Sex.FEMALE, birth_date=between)
        make_members(session, union, MEN, birth_date=past)
        make_members(session, union, YOUNG)
        make_account(session, union, Role.OPERATOR, username="jingbanren")
    sign_in(page, "jingbanren")
    return page


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def attach(page: Page) -> None:
    """What the system's own window does once 选择文件 is pressed."""
    paper = {"name": "弹性延迟退休确认书.pdf", "mimeType": "application/pdf", "buffer": make_pdf()}
    page.set_input_files("dialog[open] input[type=file]", files=[paper])


def counter(page: Page, words: str) -> str:
    return page.locator(".buckets li").filter(has_text=words).locator("b").inner_text()


def test_a_union_is_decided_by_keyboard_within_a_minute(verifier: Page):
    page = verifier
    follow(page, str(WOMEN))
    expect(page.get_by_role("heading", level=1)).to_have_text("退休核实")
    page.wait_for_function(f"Boolean({FOCUSED}.closest('#work-rows'))")
    assert grave_faults(page, 1280) == []

    began = time.monotonic()
    press(page, *["1"] * 30, *["2"] * 20)
    expect(page.locator(SAID)).to_have_text("已设置 1 人的退休类别。 还有 10 人需核实。", timeout=60_000)

    # The next four at once: ticked while moving, with one class for all.
    press(page, *[" ", "j"] * 4)
    expect(page.locator("[data-chosen]")).to_have_text("4")
    press(page, "1")
    expect(page.locator(SAID)).to_have_text("已设置 4 人的退休类别。 还有 6 人需核实。")

    # One stays out, with a reason: the dialog takes the focus and gives it back to the next row.
    left_out = page.evaluate(ROW)
    press(page, "x")
    expect(page.get_by_role("dialog")).to_contain_text(left_out)
    assert grave_faults(page, 1280) == []
    press(page, "ArrowDown", "Tab", "Tab", "Tab", "Enter")
    expect(page.locator(SAID)).to_have_text("已将 1 人设为本年不参保。 还有 5 人需核实。")
    assert page.evaluate(ROW) not in (None, left_out)

    # One is kept; without the paper it is refused and what was chosen stays.
    press(page, "b", "ArrowDown", "Tab", "Tab", "Tab", "Tab", "Enter")
    expect(page.get_by_role("alert")).to_contain_text("请上传该决定所依据的附件")
    attach(page)
    press(page, "Enter")
    expect(page.locator(SAID)).to_have_text("已保留 1 人。 还有 4 人需核实。")

    # The rest, and one taken back and decided again.
    press(page, *["2"] * 4)
    expect(page.locator(SAID)).to_have_text("已设置 1 人的退休类别。 还有 0 人需核实。")
    assert time.monotonic() - began < 60
    assert focused(page) == "核对名单并提交", "what comes next has the focus"
    page.locator("#work-rows tr").first.focus()
    press(page, "u")
    expect(page.locator(SAID)).to_have_text("已设置 1 人的退休类别。 还有 1 人需核实。")
    press(page, "1")
    expect(page.locator(SAID)).to_have_text("已设置 1 人的退休类别。 还有 0 人需核实。")

    # The men past the line: two are kept with one paper.
    page.goto("/retirement/?tab=retired")
    expect(page.locator("#work-rows tr")).to_have_count(MEN + 24)
    page.wait_for_function(f"Boolean({FOCUSED}.closest('#work-rows'))")
    page.locator("#work-rows tr").filter(has_text="男60").first.focus()
    press(page, " ", "j", " ", "b")
    page.get_by_role("dialog").get_by_label("原因").select_option("flexible")
    attach(page)
    tab_to(page, "保留")
    press(page, "Enter")
    expect(page.locator(SAID)).to_contain_text("已保留 2 人。")

    for width in WIDTHS:
        assert grave_faults(page, width) == []
    page.set_viewport_size({"width": 1280, "height": 900})
    page.get_by_role("link", name="集中参保办理").click()
    eligible = 34 + 1 + 2 + YOUNG
    assert counter(page, "可参保人数") == str(eligible)
    assert counter(page, "退休需核实") == "0"
    assert counter(page, "退休人数") == str(24 + MEN - 2)
    assert counter(page, "本年不参保") == "1"
    page.get_by_role("navigation", name="主菜单").get_by_role("link", name="退休核实").click()
    page.get_by_role("link", name="已保留 (3)").click()
    with page.expect_download() as coming:
        page.get_by_role("link", name="附件").first.click()
    assert coming.value.suggested_filename == "弹性延迟退休确认书.pdf"


def test_a_colleague_who_was_faster_is_named_and_the_row_shows_it(
    verifier: Page, served: Served, browser, sign_in: Callable[[Page, str], None]
):
    page = verifier
    page.goto("/retirement/")
    page.wait_for_function(f"Boolean({FOCUSED}.closest('#work-rows'))")
    with served.app.app_context(), transaction() as session:
        union = session.query(Union).filter_by(name="海城恒信建达有限公司工会").one()
        make_account(session, union, Role.OPERATOR, username="tongshi", name="同事甲")
    context = browser.new_context(locale="zh-CN", base_url=served.address)
    colleague = context.new_page()
    sign_in(colleague, "tongshi")
    colleague.goto("/retirement/")
    colleague.wait_for_function(f"Boolean({FOCUSED}.closest('#work-rows'))")
    colleague.keyboard.press("2")
    expect(colleague.locator(SAID)).to_contain_text("还有 59 人需核实")
    context.close()
    page.keyboard.press("1")
    expect(page.locator(SAID)).to_contain_text("已由同事甲于")
    expect(page.locator("#work-rows tr").first).to_contain_text("女50")
    expect(page.locator("#work-rows tr").first).not_to_contain_text("女55 ·")


def test_without_a_script_the_same_list_is_decided_by_buttons(verifier: Page, served: Served, browser):
    context = browser.new_context(
        locale="zh-CN",
        base_url=served.address,
        java_script_enabled=False,
        storage_state=verifier.context.storage_state(),
    )
    page = context.new_page()
    page.goto("/retirement/")
    row = page.locator("#work-rows tr").first
    name = row.get_attribute("aria-label")
    row.get_by_role("button", name="女55").click()
    expect(page.get_by_text("已设置 1 人的退休类别。")).to_be_visible()
    expect(page.get_by_text(f"{name}", exact=True)).to_have_count(0)
    first, second = page.locator("#work-rows tr").nth(0), page.locator("#work-rows tr").nth(1)
    for each in (first, second):
        each.get_by_role("checkbox").check()
    page.get_by_role("region").get_by_role("button", name="本年不参保").click()
    page.locator("#out-box").get_by_label("原因").select_option("leaving")
    page.locator("#out-box").get_by_role("button", name="本年不参保").click()
    expect(page.get_by_text("已将 2 人设为本年不参保。")).to_be_visible()
    context.close()
