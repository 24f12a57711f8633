"""What workbooks have beside plain cells: formulas, errors, merged and hidden ones, another first day."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import date, datetime

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from app.gateways.workbook_parts import SheetPart, column_number, looked_through
from app.gateways.workbook_reader import open_sheet
from app.rules.violations import RuleViolation
from tests.factories.old_workbooks import make_xls
from tests.functional.hostile_files import good, text_cells, with_sheet

GOOD = good()


def read(content: bytes):
    with open_sheet(content, row_limit=1000) as sheet:
        return replace(sheet, rows=list(sheet.rows))


def written(write, **options) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, options)
    write(book, book.add_worksheet("表"))
    book.close()
    return out.getvalue()


def test_the_result_of_a_formula_is_read_as_last_saved_and_the_uploader_is_told():
    def write(book, sheet):
        sheet.write_row(0, 0, ["a", "b"])
        sheet.write_formula(1, 0, '="王"&"芳"', None, "王芳")
        sheet.write_formula(1, 1, "=1+1", None, 2)

    sheet = read(written(write))
    assert sheet.rows == [(1, ["a", "b"]), (2, ["王芳", 2])]
    assert sheet.remarks == ({"code": "formulas_read", "facts": {}},)


@pytest.mark.parametrize(
    "cell",
    [
        b'<c r="B2"><f>A1&amp;"x"</f></c>',
        b'<c r="B2" s="1"><f>A1&amp;"x"</f><v></v></c>',
        b'<c r="B2"><f ca="1">A1&amp;"x"</f><v/></c>',
    ],
)
def test_a_formula_without_a_result_comes_as_the_formula_instead_of_a_blank(cell):
    rows = read(with_sheet(text_cells("a", "b") + b'<row r="2">' + cell + b"</row>")).rows
    assert rows[1] == (2, ["", '=A1&"x"'])


def test_a_formula_whose_result_is_no_text_at_all_is_a_blank():
    cell = b'<c r="A2" t="str"><f>IF(B1="","",1)</f><v></v></c><c r="B2"><v>3</v></c>'
    assert read(with_sheet(text_cells("a", "b") + b'<row r="2">' + cell + b"</row>")).rows[1] == (2, ["", 3])


def test_an_error_comes_as_the_word_that_the_sheet_shows():
    def write(book, sheet):
        sheet.write_row(1, 2, ["a", "b"])
        sheet.write_formula(2, 3, "=NA()", None, "#N/A")

    assert read(written(write)).rows[1] == (3, ["", "", "", "#N/A"])


def test_a_cell_on_the_border_of_two_pieces_is_noted_once():
    text = b'<worksheet><row r="1"><c r="A1"><f>B1</f></c><c r="C1" t="e"><v>#REF!</v></c></row></worksheet>'
    for cut in range(len(text)):
        part = SheetPart()
        assert b"".join(looked_through(iter([text[:cut], text[cut:]]), part)) == text
        assert {row: sorted(set(marks)) for row, marks in part.marks.items()} == {
            0: [(0, "=B1"), (2, "#REF!")]
        }


def test_cells_may_carry_a_prefix():
    text = b'<x:worksheet xmlns:x="m"><x:c r="B3"><x:f>A1</x:f></x:c></x:worksheet>'
    part = SheetPart()
    list(looked_through(iter([text]), part))
    assert part.marks == {2: [(1, "=A1")]}


def test_columns_are_numbered_as_their_letters_say():
    assert [column_number(letters) for letters in (b"A", b"Z", b"AA", b"XFD")] == [0, 25, 26, 16383]


def test_a_merged_cell_says_the_same_for_each_of_its_rows_that_holds_anything():
    def write(book, sheet):
        sheet.merge_range("A1:A2", "姓名")
        sheet.merge_range("B1:C1", "证件")
        sheet.write_row(1, 1, ["证件类型", "证件号码"])
        sheet.merge_range("B3:B6", "护照")
        sheet.write(2, 0, "王芳")
        sheet.write(3, 0, "李强")
        sheet.write(5, 0, "赵敏")

    assert read(written(write)).rows == [
        (1, ["姓名", "证件"]),
        (2, ["姓名", "证件类型", "证件号码"]),
        (3, ["王芳", "护照"]),
        (4, ["李强", "护照"]),
        (6, ["赵敏", "护照"]),
    ]


def test_rows_and_columns_hidden_by_a_filter_are_read():
    def write(book, sheet):
        for row in range(4):
            sheet.write_row(row, 0, ["a", "b"])
        sheet.autofilter("A1:B4")
        sheet.set_row(2, None, None, {"hidden": True})
        sheet.set_column(1, 1, None, None, {"hidden": True})

    assert [cells for _, cells in read(written(write)).rows] == [["a", "b"]] * 4


def test_sheets_that_a_program_hid_for_itself_are_passed_over_in_silence():
    def write(book, sheet):
        sheet.write(0, 0, "a")
        book.add_worksheet("WpsReserved_CellImgList").very_hidden()

    assert read(written(write)).remarks == ()


@pytest.mark.parametrize("from_1904", [False, True])
def test_a_date_is_the_day_that_the_sheet_shows_whatever_its_first_day(from_1904):
    def write(book, sheet):
        day = book.add_format({"num_format": "yyyy/m/d"})
        sheet.write_datetime(0, 0, date(2030, 1, 2), day)
        sheet.write_datetime(0, 1, datetime(2030, 1, 2, 8, 30), day)

    assert read(written(write, date_1904=from_1904)).rows == [(1, ["2030-01-02", "2030-01-02 08:30:00"])]


def test_a_bare_count_of_days_is_a_number_only_where_it_is_known_what_it_counts_from():
    def write(book, sheet):
        sheet.write(0, 0, 47485)

    assert read(written(write)).rows == [(1, [47485])]
    assert read(written(write, date_1904=True)).rows == [(1, ["47485"])]
    assert read(make_xls([[47485]])).rows == [(1, ["47485"])]


def test_an_old_workbook_is_read_like_a_new_one():
    sheet = read(make_xls([["姓名", "手机号"], ["王芳", 13800000001.0], ["", ""], ["李强", "13800000002"]]))
    assert (sheet.name, sheet.remarks) == ("表", ())
    assert sheet.rows == [(1, ["姓名", "手机号"]), (2, ["王芳", "13800000001"]), (4, ["李强", "13800000002"])]


def test_the_caller_may_stop_early_and_nothing_is_left_to_read():
    with open_sheet(good([["a"]] * 900), row_limit=1000) as sheet:
        assert next(sheet.rows)[0] == 1
    with pytest.raises(ValueError):
        next(sheet.rows)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_workbook_with_any_bytes_changed_is_read_or_refused_by_a_reason(data):
    content = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    try:
        read(bytes(content))
    except RuleViolation as problem:
        assert problem.code.startswith(("workbook_", "text_"))


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/worksheets/sheet1.xml"]), st.data()
)
def test_a_part_with_any_bytes_changed_is_read_or_refused_by_a_reason(name, data):
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(GOOD)) as source, zipfile.ZipFile(out, "w") as made:
        for part in source.namelist():
            content = bytearray(source.read(part))
            if part == name:
                at = data.draw(st.integers(0, len(content) - 1))
                content[at : at + data.draw(st.integers(0, 30))] = data.draw(st.binary(max_size=5))
            made.writestr(part, bytes(content))
    try:
        read(out.getvalue())
    except RuleViolation as problem:
        assert problem.code.startswith(("workbook_", "text_"))
