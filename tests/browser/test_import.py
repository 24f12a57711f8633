"""批量导入 in a browser, in Chinese: template, upload, progress, preview, error workbook, mended, in, again."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import openpyxl
import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import func, select

from app.models import Member
from app.rules.members import IdType
from app.security.roles import Role
from app.services import import_staging
from app.transaction import transaction
from tests.browser.conftest import Served, at_work
from tests.browser.test_accessibility import no_barrier
from tests.factories import make_account, make_member, make_tree

pytestmark = pytest.mark.browser

ROWS = import_staging.ROWS_IN_CHUNK + 100
"""One chunk and a little: what is told of the first is seen while the second is read."""
WRONG_PHONE, NO_NAME, TAKEN = 7, 9, 11
"""Rows of the sheet that something is wrong in."""


@pytest.fixture
def clerk(served: Served, page: Page, sign_in: Callable[[Page, str], None]) -> Page:
    """Signed in as the operator of a union that has one member of the list already."""
    with served.app.app_context(), transaction() as session:
        tree = make_tree(session)
        known = person(2)
        make_member(
            session,
            tree.grassroots,
            name=known["姓名"],
            id_type=IdType.PASSPORT,
            id_number=known["证件号码"],
            phone="13700000000",
            sex=None,
            birth_date=None,
        )
        make_member(session, tree.sibling, phone=person(TAKEN)["手机号"])
        make_account(session, tree.grassroots, Role.OPERATOR, username="jingbanren")
    sign_in(page, "jingbanren")
    return page


@pytest.fixture
def halfway(work: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """The worker at work on a workbook, held at the first row after the first chunk until the block ends."""
    go_on = Event()
    read_row = import_staging.read_row

    def held(table: Any, layout: Any, row: int, *rest: Any) -> Any:
        if row > import_staging.ROWS_IN_CHUNK + 1:
            assert go_on.wait(60)
        return read_row(table, layout, row, *rest)

    @contextmanager
    def working() -> Iterator[None]:
        with monkeypatch.context() as patch:
            patch.setattr(import_staging, "read_row", held)
            with at_work(work, go_on):
                yield

    return working


def person(row: int) -> dict[str, str]:
    """Who stands in a row of the sheet."""
    return {
        "姓名": f"外籍{'甲乙丙丁戊己庚辛'[row % 8]}",
        "证件类型": "护照",
        "证件号码": f"P{row:07d}",
        "手机号": f"{13100000000 + row}",
    }


def fill(template: Path) -> bytes:
    """The template as a clerk fills it in, with three mistakes."""
    book = openpyxl.load_workbook(template)
    sheet = book.active
    headers = [str(cell.value).rstrip("*") for cell in sheet[1]]
    for row in range(2, ROWS + 2):
        values = person(row)
        values["手机号"] = "1310000" if row == WRONG_PHONE else values["手机号"]
        values["姓名"] = "" if row == NO_NAME else values["姓名"]
        for header, value in values.items():
            sheet.cell(row, headers.index(header) + 1, value)
    return saved(book)


def mend(workbook: Path) -> bytes:
    """The error workbook with its marked cells put right and nothing else."""
    book = openpyxl.load_workbook(workbook)
    sheet = book.active
    headers = [str(cell.value).rstrip("*") for cell in sheet[1]]
    for row in sheet.iter_rows(min_row=2):
        right = person(int(row[headers.index("原行号")].value)) | {"手机号": f"1380000{row[0].row:04d}"}
        for header, cell in zip(headers, row, strict=True):
            if cell.fill.fgColor.rgb == "FFFDE2E0":
                cell.value = right[header]
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def drop(page: Page, name: str, content: bytes) -> None:
    """A file let go over the page."""
    carried = page.evaluate_handle(
        """([name, text]) => {
            const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
            const carried = new DataTransfer();
            carried.items.add(new File([bytes], name));
            return carried;
        }""",
        [name, base64.b64encode(content).decode()],
    )
    for kind in ("dragover", "drop"):
        page.dispatch_event("[data-drop]", kind, {"dataTransfer": carried})


def downloaded(page: Page, link: Locator, folder: Path) -> tuple[str, Path]:
    # Chromium drops the scripts that a page is still waiting for when a link in it turns out to be a download.
    page.wait_for_load_state("networkidle")
    with page.expect_download() as coming:
        link.click()
    name = coming.value.suggested_filename
    coming.value.save_as(folder / name)
    return name, folder / name


def figure(page: Page, words: str) -> Locator:
    return page.locator(".outcomes").get_by_role("link", name=re.compile(rf"^[\d,]+ ?{words}$"))


def test_a_list_goes_in_from_the_template_to_the_last_mended_row(
    clerk: Page, served: Served, work: Callable[[], None], halfway: Callable[[], Any], tmp_path: Path
) -> None:
    page = clerk
    page.get_by_role("navigation", name="主菜单").get_by_role("link", name="批量导入").click()
    name, template = downloaded(page, page.get_by_role("link", name="下载模板：会员信息"), tmp_path)
    assert name.endswith(".xlsx")
    no_barrier(page)

    # By the button; the name and size of the choice are said.
    page.get_by_label("表格文件").set_input_files(
        {"name": "三车间.xlsx", "mimeType": "", "buffer": fill(template)}
    )
    expect(page.get_by_text(re.compile(r"三车间\.xlsx · \d+ KB"))).to_be_visible()
    page.get_by_role("button", name="点击上传").click()
    expect(page.get_by_role("progressbar", name="排队中")).to_be_visible()

    with halfway():
        # The page renews itself: nobody clicks.
        progress = page.get_by_role("progressbar", name="校验中")
        expect(progress).to_have_attribute("value", re.compile(r"^[1-9]\d$"))
        expect(page.get_by_text("已读取 2,000 行")).to_be_visible()
        expect(page.get_by_text("可以关闭本页")).to_be_visible()
        # Closed and found again.
        page.get_by_role("link", name="返回批量导入").click()
        expect(page.get_by_role("row").filter(has_text="三车间.xlsx")).to_contain_text("校验中")
        page.get_by_role("link", name="查看 三车间.xlsx").click()
        expect(progress).to_be_visible()

    expect(figure(page, "新增")).to_contain_text("2,096")
    expect(figure(page, "有误")).to_contain_text("3")
    expect(figure(page, "有误")).to_have_attribute("aria-current", "true")
    wrong = page.locator("#cell-7-D")
    expect(wrong).to_contain_text("1310000")
    expect(wrong).to_contain_text("手机号应为 11 位数字。")
    expect(page.locator("#cell-9-A")).to_contain_text("（空）")
    expect(page.locator("#cell-11-D")).to_contain_text("该手机号已属于其他会员")
    no_barrier(page)

    figure(page, "修改").click()
    changes = page.get_by_role("row").filter(has_text="P0 **** 02")
    expect(changes).to_contain_text("手机号")
    expect(changes.locator("del")).to_contain_text("13700000000")
    expect(changes.locator("ins")).to_contain_text("13100000002")
    no_barrier(page)
    figure(page, "新增").click()
    expect(page.get_by_text("显示第 1 到第 15 条，共 2,096 条")).to_be_visible()
    page.get_by_role("link", name="下一页").click()
    expect(page.get_by_text("显示第 16 到第 30 条，共 2,096 条")).to_be_visible()

    _name, workbook = downloaded(page, page.get_by_role("link", name="下载错误表"), tmp_path)
    page.get_by_role("button", name="确认导入 2,097 行").click()
    expect(page.get_by_role("progressbar", name="导入中")).to_be_visible()
    work()
    expect(page.get_by_text("导入完成：新增 2,096 行，修改 1 行，无变化 0 行。")).to_be_visible()
    no_barrier(page)

    # Mended in its red cells, and dropped onto the page.
    mended = mend(workbook)
    page.get_by_role("link", name="返回批量导入").click()
    page.wait_for_load_state("networkidle")  # a file is caught by a script
    drop(page, "三车间-改.xlsx", mended)
    expect(page.get_by_text(re.compile(r"三车间-改\.xlsx · \d+ KB"))).to_be_visible()
    page.get_by_role("button", name="点击上传").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    work()
    expect(figure(page, "新增")).to_contain_text("3")
    expect(page.get_by_text("下载错误表")).to_have_count(0)
    page.get_by_role("button", name="确认导入 3 行").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    work()
    expect(page.get_by_text("导入完成：新增 3 行")).to_be_visible()
    with served.app.app_context(), transaction() as session:
        everybody = session.scalar(select(func.count()).select_from(Member))
        assert everybody == ROWS + 1  # and one of the sibling's

    # The same file again: nothing new, no doubles.
    page.get_by_role("link", name="返回批量导入").click()
    page.wait_for_load_state("networkidle")  # a file is caught by a script
    drop(page, "三车间-改.xlsx", mended)
    page.get_by_role("button", name="点击上传").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    work()
    expect(page.get_by_text("3 行与系统中的数据完全一致（无变化），无需导入。")).to_be_visible()
    expect(page.get_by_role("button", name="确认导入")).to_have_count(0)

    page.get_by_role("link", name="返回批量导入").click()
    history = page.get_by_role("table", name="导入记录").get_by_role("row")
    expect(history).to_have_count(4)
    expect(history.nth(1)).to_contain_text("无变化")
    expect(history.nth(3)).to_contain_text("三车间.xlsx")
    expect(history.nth(3)).to_contain_text("2,100")
    expect(history.nth(3)).to_contain_text("已完成")
    no_barrier(page)


def test_a_drop_of_two_files_or_of_a_huge_one_is_told_at_once(clerk: Page) -> None:
    page = clerk
    page.goto("/imports/")
    page.wait_for_load_state("networkidle")  # a file is caught by a script
    page.evaluate(
        """() => {
            const carried = new DataTransfer();
            for (const name of ["一.xlsx", "二.xlsx"]) carried.items.add(new File(["x"], name));
            document.dispatchEvent(new DragEvent("drop", { dataTransfer: carried, bubbles: true, cancelable: true }));
        }"""
    )
    expect(page.get_by_text("一次只能上传一个文件。")).to_be_visible()
    drop(page, "大.xlsx", bytes(21 * 1024 * 1024))
    expect(page.get_by_text("文件超过 20 MB")).to_be_visible()


def test_a_workbook_without_its_columns_is_told_before_any_row(clerk: Page, work: Callable[[], None]) -> None:
    page = clerk
    page.goto("/imports/")
    content = "名字,身份证号,手机号\n王芳,x,1\n".encode("gb18030")
    page.get_by_label("表格文件").set_input_files({"name": "名单.csv", "mimeType": "", "buffer": content})
    page.get_by_role("button", name="点击上传").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    work()
    expect(page.get_by_role("alert")).to_contain_text("姓名、证件类型、证件号码")
    expect(page.get_by_text("名字、身份证号、手机号")).to_be_visible()
    expect(page.get_by_role("link", name="下载模板")).to_be_visible()
    no_barrier(page)
    page.get_by_role("link", name="重新上传").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("批量导入")
