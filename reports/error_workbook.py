"""The rows of an import that stayed out, as uploaded, with what to mend; mended, it is uploaded as it is.

The wrong cells are coloured and carry their reason as a comment. The columns added at the right, the reasons in
the last, are passed over in silence when it comes back. Every cell is text, so that a spreadsheet can't round a
number again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, BinaryIO, Protocol

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from app.rules.imports import MENDING_HEADERS, plain_header
from app.rules.writing import Cell
from reports.workbook import check_room, is_long

WIDTHS = {
    "证件号码": 22,
    "卡号": 22,
    "姓名": 14,
    "手机号": 14,
    "工作单位详细地址": 32,
    "原行号": 8,
    "错误说明": 80,
}
WIDTH = 18
COMMENTED_ROWS = 5_000
"""Rows whose cells carry comments. Spreadsheets open slowly with more, and the last column says the same."""


class CellError(Protocol):
    """One wrong cell: the header of its column, the code of its reason and the facts of its sentence."""

    @property
    def column_name(self) -> str: ...
    @property
    def code(self) -> str: ...
    @property
    def facts(self) -> Mapping[str, Any]: ...


class WrongRow(Protocol):
    @property
    def row(self) -> int: ...
    @property
    def cells(self) -> Sequence[Cell]: ...
    @property
    def errors(self) -> Sequence[CellError]: ...


def write_error_workbook(
    sheet_name: str,
    headers: Sequence[Cell],
    rows: Iterable[WrongRow],
    say: Callable[..., str],
    out: BinaryIO,
    *,
    needed: Sequence[str] = (),
) -> int:
    """Write the workbook and return how many rows it has; ``say(code, **facts)`` gives a reason's sentence.

    ``headers`` are those of the uploaded sheet, without what an error workbook had added to it. ``needed`` are
    those in which something is to be mended: where the sheet lacks one it is added, for there must be a cell.
    """
    long, rows = is_long(rows)
    book = xlsxwriter.Workbook(
        out,
        {
            "constant_memory": long,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    kept = [(plain_header(header), at) for at, header in enumerate(headers)]
    kept = [(header, at) for header, at in kept if header not in MENDING_HEADERS]
    there = {header for header, _ in kept}
    columns = [*kept, *((header, len(headers)) for header in needed if header not in there)]
    sheet = book.add_worksheet(sheet_name)
    styles = _styles(book)
    _write_heads(sheet, styles, [str(headers[at]) if at < len(headers) else name for name, at in columns])
    count = 0
    for count, row in enumerate(rows, start=1):
        check_room(count)
        _write_row(sheet, styles, count, columns, row, say)
    book.close()
    return count


def _styles(book: xlsxwriter.Workbook) -> dict[str, Format]:
    """Text everywhere: a number typed into such a cell keeps all its digits."""
    text = {"num_format": "@"}
    return {
        "head": book.add_format(text | {"bold": True, "bg_color": "#F3F4F6", "bottom": 1}),
        "text": book.add_format(text),
        "wrong": book.add_format(text | {"bg_color": "#FDE2E0", "border": 1, "border_color": "#D92D20"}),
        "place": book.add_format(text | {"font_color": "#57606A"}),
        "reason": book.add_format(text | {"font_color": "#B42318"}),
    }


def _write_heads(sheet: Worksheet, styles: Mapping[str, Format], heads: Sequence[str]) -> None:
    for column, head in enumerate([*heads, *MENDING_HEADERS]):
        width = WIDTHS.get(plain_header(head), WIDTH)
        sheet.set_column(column, column, width, styles["text"])
        sheet.write_string(0, column, head, styles["head"])
    sheet.freeze_panes(1, 0)


def _write_row(
    sheet: Worksheet,
    styles: Mapping[str, Format],
    at_row: int,
    columns: Sequence[tuple[str, int]],
    row: WrongRow,
    say: Callable[..., str],
) -> None:
    reasons: dict[str, list[str]] = {}
    for error in row.errors:
        reasons.setdefault(error.column_name, []).append(say(error.code, **error.facts))
    for column, (header, at) in enumerate(columns):
        said = reasons.get(header)
        _write_cell(sheet, at_row, column, row.cells[at] if at < len(row.cells) else "", styles, bool(said))
        if said and at_row <= COMMENTED_ROWS:
            sheet.write_comment(at_row, column, "\n".join(said), {"x_scale": 2})
    told = "；".join(f"{name}：{' '.join(said)}" for name, said in reasons.items())
    added = ((str(row.row), "place"), ("、".join(reasons), "place"), (told, "reason"))
    for column, (text, style) in enumerate(added, start=len(columns)):
        sheet.write_string(at_row, column, text, styles[style])


def _write_cell(
    sheet: Worksheet, row: int, column: int, cell: Cell, styles: Mapping[str, Format], wrong: bool
) -> None:
    style = styles["wrong" if wrong else "text"]
    if cell == "":
        sheet.write_blank(row, column, None, style)
    elif isinstance(cell, str):
        sheet.write_string(row, column, cell, style)
    else:
        sheet.write_number(row, column, cell, style)
