"""Workbooks as users would upload them."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from datetime import date

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

Value = str | int | float | bool | date | None


def make_workbook(
    headers: Sequence[str],
    rows: Sequence[Sequence[Value]],
    *,
    change: Callable[[xlsxwriter.Workbook, Worksheet], None] | None = None,
) -> bytes:
    """A workbook of one sheet: text as text, numbers as numbers, real dates; ``change`` adds to it."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"strings_to_numbers": False})
    sheet = book.add_worksheet("表")
    day = book.add_format({"num_format": "yyyy/m/d"})
    sheet.write_row(0, 0, headers)
    for at, row in enumerate(rows, start=1):
        for column, value in enumerate(row):
            if isinstance(value, date):
                sheet.write_datetime(at, column, value, day)
            elif isinstance(value, str):
                sheet.write_string(at, column, value)
            elif value is not None:
                sheet.write_number(at, column, value)
    if change is not None:
        change(book, sheet)
    book.close()
    return out.getvalue()
