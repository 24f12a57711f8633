"""A long sheet, written a row at a time as text, holds what a short one holds that XlsxWriter writes cell by cell."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from reports.workbook import About, Cell, add_sheet, formats_of, open_workbook, write_row

ABOUT = About(title="名单", filters=(), asked_at=datetime(2025, 1, 1, tzinfo=UTC), asked_by="李强")
COLUMNS = 70

TEXTS = st.text(
    st.one_of(
        st.characters(codec="utf-8", exclude_categories=["Cs"], exclude_characters="\r"),
        st.sampled_from("<>&\"' \t\n_x0041=@"),
    ),
    max_size=20,
)
CELLS = st.one_of(
    TEXTS,
    st.none(),
    st.booleans(),
    st.integers(-(2**50), 2**50),
    st.decimals(-(10**9), 10**9, places=2, allow_nan=False),
    st.dates(date(1900, 3, 1), date(2999, 12, 31)),
    st.datetimes(datetime(1950, 1, 1), datetime(2999, 12, 31), timezones=st.just(UTC)),
)


def written(rows: list[list[Cell]], *, long: bool) -> bytes:
    out = io.BytesIO()
    workbook = open_workbook(out, ABOUT, long=long)
    formats, sheet = formats_of(workbook), add_sheet(workbook, "名单")
    sheet.write_string(0, 0, "头", formats.head)
    for number, row in enumerate(rows, start=1):
        write_row(sheet, formats, number, row, percents={1})
    sheet.write_string(len(rows) + 1, 0, "合计", formats.total_text)
    workbook.close()
    return out.getvalue()


def read(content: bytes) -> list[list[tuple[Any, str]]]:
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    return [[(cell.value, cell.number_format) for cell in row] for row in sheet.iter_rows()]


@given(st.lists(st.lists(CELLS, min_size=1, max_size=6), max_size=6))
@settings(max_examples=60, deadline=None)
def test_both_ways_of_writing_say_the_same(rows: list[list[Cell]]) -> None:
    long, short = written(rows, long=True), written(rows, long=False)
    assert read(long) == read(short)
    ours, theirs = (
        CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
        for content in (long, short)
    )
    assert ours == theirs


def test_text_that_looks_like_anything_else_stays_text() -> None:
    odd = [
        "=1+1",
        "<r><t>x</t></r>",
        " vorn",
        "hinten ",
        "a\tb",
        "\x01",
        "http://x.example",
        "0012",
    ]
    cells = read(written([list(odd)], long=True))[1]
    assert [cell[0] for cell in cells] == [*odd[:5], "_x0001_", *odd[6:]]
    assert {cell[1] for cell in cells} == {"@"}


def test_a_text_longer_than_a_cell_holds_ends_where_the_cell_does() -> None:
    content = written([["长" * 40_000]], long=True)
    assert len(read(content)[1][0][0]) == 32_767


def test_many_columns_keep_their_places() -> None:
    row: list[Cell] = [None if position % 3 else position for position in range(COLUMNS)]
    cells = read(written([row], long=True))[1]
    assert [cell[0] for cell in cells][: len(row) - 1] == row[:-1]


def test_a_share_is_a_percentage() -> None:
    (_head, row, _total) = read(written([["工会", Decimal("0.25")]], long=True))
    assert row[1] == (0.25, "0.00%")
