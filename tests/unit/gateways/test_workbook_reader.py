from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import date

import pytest
import xlsxwriter

from app.gateways.workbook_reader import open_sheet
from app.rules.violations import RuleViolation
from tests.factories.workbooks import make_workbook

HEADERS = ["姓名*", "手机号*"]
COMPOUND_FILE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
GOOD = make_workbook(HEADERS, [["王一", "13800000001"]])


def read(content: bytes, row_limit: int = 1000):
    """The sheet with its rows walked to the end."""
    with open_sheet(content, row_limit=row_limit) as sheet:
        return replace(sheet, rows=list(sheet.rows))


def with_part(name: str, content: bytes) -> bytes:
    """The good workbook with one part of its container replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(GOOD)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for part in source.namelist():
            made.writestr(part, content if part == name else source.read(part))
    return out.getvalue()


def cell_far_away(column: str) -> bytes:
    return make_workbook(["a"], [], change=lambda book, sheet: sheet.write(column, "far"))


def bare_container(name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr(name, "x")
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "workbook_empty"),
        (b"%PDF-1.7", "workbook_not_xlsx"),
        (bare_container("word/document.xml"), "workbook_not_xlsx"),
        (bare_container("xl/workbook.xml"), "workbook_damaged"),
        (bare_container("xl/workbook.bin"), "workbook_old_format"),
        (COMPOUND_FILE, "workbook_not_xlsx"),
        (COMPOUND_FILE + "EncryptedPackage".encode("utf-16-le"), "workbook_encrypted"),
        (GOOD[: len(GOOD) // 2], "workbook_damaged"),
        (with_part("xl/worksheets/sheet1.xml", b"<worksheet><sheetData><row>"), "workbook_damaged"),
        (with_part("xl/sharedStrings.xml", b"<sst><si><t>" + b"a" * 300_000_000), "workbook_too_large"),
        (cell_far_away("XFD1048576"), "workbook_too_large"),
        (cell_far_away("ZZ100000"), "workbook_too_large"),
        (make_workbook([], []), "workbook_empty"),
        (make_workbook(["姓名"], [["a"]] * 12), "workbook_too_long"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_by_the_reason(content, code):
    with pytest.raises(RuleViolation) as caught:
        read(content, row_limit=10)
    assert caught.value.code == code


def test_rows_keep_the_numbers_that_the_sheet_shows():
    def leave_a_gap(book, sheet):
        sheet.write(9, 0, "last")

    sheet = read(make_workbook(HEADERS, [["王一", "13800000001"]], change=leave_a_gap))
    assert [number for number, _ in sheet.rows] == [1, 2, 10]


def test_a_table_may_begin_anywhere():
    def move(book, sheet):
        sheet.write_row(4, 2, ["姓名", "手机号"])
        sheet.write_row(5, 2, ["王一", "1"])

    assert read(make_workbook([], [], change=move)).rows == [
        (5, ["", "", "姓名", "手机号"]),
        (6, ["", "", "王一", "1"]),
    ]


def test_cells_come_as_text_or_number_and_dates_as_iso():
    rows = [["０１", 13800000001, 2.5, date(2026, 1, 5), 3.10101199001011e17]]
    _, (_, cells) = read(make_workbook(["a", "b", "c", "d", "e"], rows)).rows
    assert cells == ["０１", 13800000001, 2.5, "2026-01-05", 3.10101199001011e17]


@pytest.mark.parametrize("written", [b"NaN", b"inf", b"1e999"])
def test_a_number_that_is_none_comes_as_text(written):
    sheet = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    sheet += b'<row r="1"><c r="A1"><v>' + written + b"</v></c></row></sheetData></worksheet>"
    ((_, (cell,)),) = read(with_part("xl/worksheets/sheet1.xml", sheet)).rows
    assert isinstance(cell, str)


def test_formatted_empty_rows_and_hidden_sheets_are_not_there():
    def decorate(book, sheet):
        colour = book.add_format({"bg_color": "red"})
        for row in range(2, 500):
            sheet.write_blank(row, 1, None, colour)
        book.add_worksheet("隐藏").hide()
        book.add_worksheet("备查")

    sheet = read(make_workbook(HEADERS, [["王一", "1"]], change=decorate))
    assert (len(sheet.rows), sheet.name) == (2, "表")
    assert sheet.remarks == (
        {"code": "sheets_ignored", "facts": {"sheet": "表", "sheets": "备查"}},
        {"code": "sheets_hidden", "facts": {"sheets": "隐藏"}},
    )


def test_a_hidden_first_sheet_is_passed_over():
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    hidden = book.add_worksheet("旧表")
    hidden.write(0, 0, "secret")
    shown = book.add_worksheet("新表")
    shown.write(0, 0, "姓名")
    shown.activate()
    shown.set_first_sheet()
    hidden.hide()
    book.close()
    assert read(out.getvalue()).rows == [(1, ["姓名"])]
