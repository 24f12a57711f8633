"""Every role's pages by axe, at the width of a desk and of a phone: no serious fault, no critical one."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Error, Page

from tests.browser.conftest import Served
from tests.browser.screens import ACCOUNTS, WIDTHS, kind_of, links_in, menu_of

# One worker makes the city once and shows it to all of these.
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("demo city")]

GRAVE = ("serious", "critical")
FIND_FAULTS = """
    axe.run({resultTypes: ["violations"], preload: false}).then(found => found.violations)
"""
"""Without fetching style sheets and sounds again: what needs them is off by default, or not grave."""
PAGES_PER_ROLE = 30
ROLES_PER_KIND = 2
"""A page that two roles have been shown differs for a third in its rows and its menu only."""

shown_to: Counter[str] = Counter()


@pytest.mark.parametrize("account", [name for name in ACCOUNTS if name != "operator2"])
def test_whoever_signs_in_finds_no_barrier(
    account: str, browser: Browser, demo_city: Served, sign_in: Callable[[Page, str], None]
):
    context = browser.new_context(locale="zh-CN", base_url=demo_city.address)
    page = context.new_page()
    sign_in(page, account)
    of_menu = menu_of(page)
    seen: set[str] = set()
    faults = {
        f"{kind} at {width}": found
        for kind in walk(page, deque(of_menu), demo_city.address, seen)
        if shown_to[kind] < ROLES_PER_KIND
        for width in (WIDTHS if kind in map(kind_of, of_menu) else (max(WIDTHS),))
        if (found := grave_faults(page, width))
    }
    context.close()
    shown_to.update(seen)
    assert faults == {}


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_to_sign_in_has_no_barrier(width: int, browser: Browser, demo_city: Served):
    context = browser.new_context(locale="zh-CN", base_url=demo_city.address)
    page = context.new_page()
    page.goto("/login/")
    found = grave_faults(page, width)
    context.close()
    assert found == []


@pytest.mark.parametrize("width", WIDTHS)
def test_a_dialog_and_a_refusal_have_no_barrier(operator: Page, width: int):
    page = operator
    page.set_viewport_size({"width": width, "height": WIDTHS[width]})
    page.get_by_role("link", name="待提交（社保卡）").click()
    page.wait_for_load_state()
    page.wait_for_load_state("networkidle")  # the dialog is the script's
    page.get_by_role("button", name="提交至上级审核").click()
    assert grave_faults(page, width) == []
    page.get_by_role("button", name="确定").click()
    page.get_by_text("请在【待提交】中勾选要参保的人员!").wait_for()
    page.wait_for_load_state()
    page.get_by_label("全选本页").check()
    assert grave_faults(page, width) == []


def walk(page: Page, waiting: deque[str], address: str, seen: set[str]):
    """Stand on one page after the other, each kind once: the menu's first, then what they lead to."""
    while waiting and len(seen) < PAGES_PER_ROLE:
        link = waiting.popleft()
        # The lists behind the counters differ in their rows only.
        kind = kind_of(link) if "bucket=" not in link else kind_of(link.split("?")[0]) + "-people"
        if kind in seen:
            continue
        seen.add(kind)
        try:
            page.goto(link)
        except Error:  # a link to a file
            continue
        waiting.extend(links_in(page, "main a[href]", address))
        yield kind


def grave_faults(page: Page, width: int) -> list[str]:
    page.set_viewport_size({"width": width, "height": WIDTHS[width]})
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    return [
        f"{fault['id']}: {', '.join(node['html'][:120] for node in fault['nodes'][:3])}"
        for fault in page.evaluate(FIND_FAULTS)
        if fault["impact"] in GRAVE
    ]


def no_barrier(page: Page) -> None:
    """The page as it stands, at both widths: without a grave fault, and never wider than its window."""
    for width in WIDTHS:
        assert grave_faults(page, width) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    desk = max(WIDTHS)
    page.set_viewport_size({"width": desk, "height": WIDTHS[desk]})
