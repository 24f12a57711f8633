"""导出任务 in a browser, in Chinese: a long list asked for, its progress, and the file in the hands of who asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import openpyxl
import pytest
from playwright.sync_api import Locator, Page, expect

from app import exports
from app.security.roles import Role
from app.transaction import transaction
from tests.browser.conftest import Served, at_work
from tests.browser.test_accessibility import no_barrier
from tests.factories import make_account, make_members, make_tree

pytestmark = pytest.mark.browser

PEOPLE = 40
HALF = 20


@pytest.fixture(autouse=True)
def city(served: Served) -> None:
    with served.app.app_context(), transaction() as session:
        tree = make_tree(session)
        make_members(session, tree.grassroots, PEOPLE)
        make_account(session, tree.district, Role.DISTRICT_REVIEWER, username="quju")


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "LARGE", PEOPLE - 1)
    monkeypatch.setattr(exports, "TOLD_EVERY", HALF)


@pytest.fixture
def halfway(work: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """The worker at work on the file, held in the middle of its rows until the block ends."""
    go_on = Event()
    told = exports._told

    def held(rows: Any, tell: exports.Tell) -> Iterator[Any]:
        for count, row in enumerate(told(rows, tell)):
            assert count < HALF or go_on.wait(60)
            yield row

    @contextmanager
    def working() -> Iterator[None]:
        with monkeypatch.context() as patch:
            patch.setattr(exports, "_told", held)
            with at_work(work, go_on):
                yield

    return working


def test_a_long_list_is_written_meanwhile_and_downloaded_by_who_asked(
    page: Page, sign_in: Callable[[Page, str], None], halfway: Callable[[], Any], tmp_path: Path
) -> None:
    sign_in(page, "quju")
    menu(page, "会员信息")
    page.get_by_role("link", name="导出名单").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("后台导出")
    no_barrier(page)
    page.get_by_role("button", name="在后台生成").click()
    expect(page.get_by_role("progressbar", name="排队中")).to_be_visible()

    with halfway():
        # The page renews itself: nobody clicks.
        progress = page.get_by_role("progressbar", name="处理中")
        expect(progress).to_have_attribute("value", str(100 * HALF // PEOPLE))
        expect(page.get_by_text(f"已写入 {HALF} 行")).to_be_visible()
        no_barrier(page)
        # Left and found again.
        menu(page, "我的导出")
        expect(page.get_by_role("row", name="会员信息.xlsx")).to_contain_text("处理中")
        expect(download_of(page)).to_have_count(0)
        page.get_by_role("link", name="会员信息.xlsx").click()
        expect(progress).to_be_visible()

    expect(page.get_by_text(f"共 {PEOPLE} 行。文件保留至")).to_be_visible()
    no_barrier(page)
    with page.expect_download() as coming:
        download_of(page).click()
    assert coming.value.suggested_filename == "会员信息.xlsx"
    coming.value.save_as(tmp_path / "list.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "list.xlsx").worksheets[0]
    head, *people = sheet.iter_rows(values_only=True)
    assert len(people) == PEOPLE
    assert all("*" in str(row[head.index("证件号码")]) for row in people)

    menu(page, "我的导出")
    done = page.get_by_role("row", name="会员信息.xlsx")
    expect(done).to_contain_text("已生成")
    expect(done).to_contain_text(str(PEOPLE))
    no_barrier(page)
    menu(page, "消息提醒")
    page.get_by_role("button", name="会员信息.xlsx").click()
    expect(download_of(page)).to_be_visible()


def download_of(page: Page) -> Locator:
    return page.get_by_role("main").get_by_role("link", name="下载")


def menu(page: Page, entry: str) -> None:
    page.get_by_role("navigation", name="主菜单").get_by_role("link", name=entry, exact=True).click()
