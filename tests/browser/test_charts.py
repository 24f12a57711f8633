"""The charts of the workbench and of the live monitor: drawn from the figures of the table beside, barrier-free."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from app.clock import now, today
from app.models import Union
from app.queries.years import year_in_work
from app.security.roles import Role
from app.services.figures import take_figures
from app.transaction import transaction
from tests.browser.conftest import Served, make_union_at_work, serving
from tests.browser.screens import WIDTHS
from tests.browser.test_accessibility import grave_faults
from tests.databases import cloned_database
from tests.factories import make_account, make_members
from tests.factories.batches import make_batch

# One worker makes the city once and shows it to all of these.
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("charts")]

DRAWN = "[data-chart] canvas"
INKED = """canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data
    .some((part, at) => at % 4 === 3 && part > 0)"""


@pytest.fixture(scope="module")
def served(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A union that somebody joined today and more people the day before; its district has been counted for ten
    nights. All of these tests only look at it."""
    with cloned_database(server_url) as url, serving(url, tmp_path_factory.mktemp("charts")) as one:
        with one.app.app_context(), transaction() as session:
            union = make_union_at_work(session)
            year = year_in_work(session)
            assert year is not None
            for night in range(10, 0, -1):
                if night in (7, 3):
                    make_batch(session, union, 12 * night, year=year.year, now=now())
                take_figures(session, year=year.year, day=today() - timedelta(days=night), now=now())
            make_members(session, union, 2, joined_on=today())
            make_members(session, union, 5, joined_on=today() - timedelta(days=1))
            district = session.get_one(Union, union.district_id)
            make_account(session, district, Role.DISTRICT_REVIEWER, username="shenheyuan")
        yield one


@pytest.fixture
def joined(page: Page, sign_in: Callable[[Page, str], None]) -> Page:
    """On the workbench of the union's operator."""
    sign_in(page, "jingbanren")
    first = today() - timedelta(days=9)
    page.goto(f"/?from={first}&to={today()}")
    return page


@pytest.fixture
def monitored(page: Page, sign_in: Callable[[Page, str], None]) -> Page:
    """On the live monitor of the district."""
    sign_in(page, "shenheyuan")
    page.goto("/monitor/")
    return page


@pytest.mark.parametrize("width", WIDTHS)
def test_the_workbench_draws_who_joined_and_has_no_barrier(joined: Page, width: int) -> None:
    joined.set_viewport_size({"width": width, "height": WIDTHS[width]})
    assert joined.eval_on_selector(DRAWN, INKED)
    assert grave_faults(joined, width) == []
    assert joined.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_each_figure_opens_its_people(joined: Page) -> None:
    row = joined.get_by_role("row", name=today().isoformat())
    row.get_by_role("link", name="2", exact=True).click()
    expect(joined.get_by_role("heading", level=1)).to_have_text("会员信息")
    expect(joined.get_by_text("共 2")).to_be_visible()


def test_days_that_cannot_be_are_named_beside_what_was_typed(joined: Page) -> None:
    joined.get_by_label("截止日期").fill((today() - timedelta(days=30)).isoformat())
    joined.get_by_role("button", name="显示").click()
    expect(joined.get_by_role("alert")).to_contain_text("结束日期早于开始日期")
    expect(joined.get_by_label("截止日期")).to_have_value((today() - timedelta(days=30)).isoformat())


@pytest.mark.parametrize("width", WIDTHS)
def test_the_monitor_draws_the_nights_and_has_no_barrier(monitored: Page, width: int) -> None:
    monitored.set_viewport_size({"width": width, "height": WIDTHS[width]})
    assert monitored.eval_on_selector(DRAWN, INKED)
    expect(monitored.locator("#trend tbody tr")).to_have_count(10)
    assert grave_faults(monitored, width) == []


def test_without_scripts_there_is_the_table_and_no_empty_frame(
    browser: Browser, served: Served, joined: Page
) -> None:
    context = browser.new_context(
        locale="zh-CN",
        base_url=served.address,
        java_script_enabled=False,
        storage_state=joined.context.storage_state(),
    )
    page = context.new_page()
    page.goto(joined.url)
    expect(page.locator("table.days tbody tr")).to_have_count(10)
    expect(page.locator("[data-chart]")).to_be_hidden()
    expect(page.locator(".chart-legend")).to_be_hidden()
    context.close()


def test_who_wants_no_motion_gets_the_chart_at_once(joined: Page) -> None:
    joined.emulate_media(reduced_motion="reduce")
    joined.reload()
    assert joined.eval_on_selector(DRAWN, INKED)
    animated = joined.evaluate(
        "echarts.getInstanceByDom(document.querySelector('[data-chart]')).getOption().animation"
    )
    assert animated is False


def test_printed_the_chart_fits_and_every_row_is_there(joined: Page) -> None:
    joined.emulate_media(media="print")
    table = joined.locator(".tall")
    assert table.evaluate("place => place.scrollHeight <= place.clientHeight + 1")
    assert joined.locator(".chart").evaluate("place => place.getBoundingClientRect().right <= innerWidth")
