"""集中参保实时监控 in a browser, in Chinese: from the city down to the people of one batch, the figures kept."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from app.clock import now, today
from app.security.roles import Role
from app.transaction import transaction
from tests.browser.conftest import Served, make_open_tree
from tests.browser.test_accessibility import no_barrier
from tests.factories import make_account
from tests.factories.batches import make_batch

pytestmark = pytest.mark.browser

YEAR = today().year + 1
PEOPLE = 18
"""Of the batch that is looked at: a page and a little."""


@pytest.fixture(autouse=True)
def city(served: Served) -> None:
    with served.app.app_context(), transaction() as session:
        tree = make_open_tree(session, YEAR)
        make_batch(session, tree.grassroots, PEOPLE, year=YEAR, now=now(), name="马小军")
        make_batch(session, tree.straight, 2, year=YEAR, now=now())
        make_batch(session, tree.other_grassroots, 3, year=YEAR, now=now())
        make_account(session, tree.city, Role.MANAGER, username="lingdao")


def test_every_figure_leads_down_to_the_people_it_counts(
    page: Page, sign_in: Callable[[Page, str], None]
) -> None:
    sign_in(page, "lingdao")
    page.get_by_role("navigation", name="主菜单").get_by_role(
        "link", name="集中参保实时监控", exact=True
    ).click()
    enrolled(page, PEOPLE + 5)
    no_barrier(page)

    for name, people in (("东湖区总工会", PEOPLE + 2), ("滨江街道总工会", PEOPLE)):
        row = below(page, name)
        expect(row).to_contain_text(f"{people}")
        row.get_by_role("link", name=name, exact=True).click()
        expect(page.locator("main")).to_contain_text(f"› {name}")
        enrolled(page, people)
        no_barrier(page)
    expect(below(page, "海城明远商贸有限公司工会")).to_contain_text("未开始")
    union = below(page, "海城恒信建达有限公司工会")
    expect(union).to_contain_text("已提交")
    union.get_by_role("link", name="海城恒信建达有限公司工会").click()
    enrolled(page, PEOPLE)
    no_barrier(page)

    batch = page.get_by_role("table", name="本年度批次").locator("tbody tr")
    expect(batch).to_have_count(1)
    batch.get_by_role("link").click()
    expect(page.get_by_text(f"显示第 1 到第 15 条，共 {PEOPLE} 条")).to_be_visible()
    expect(page.get_by_role("cell", name="马小军")).to_have_count(15)
    no_barrier(page)

    # And up again by the way that stands above each page.
    page.go_back()
    page.get_by_role("link", name="东湖区总工会", exact=True).click()
    enrolled(page, PEOPLE + 2)


def enrolled(page: Page, people: int) -> None:
    expect(page.locator(".figures li").filter(has_text="参保人数")).to_contain_text(str(people))


def below(page: Page, name: str) -> Locator:
    return page.get_by_role("table", name="下级工会").get_by_role("row", name=name)
