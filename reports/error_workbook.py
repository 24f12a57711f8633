"""The rows of an import that stayed out, as uploaded, with what to mend; mended, it is uploaded as it is.

The wrong cells are coloured and carry their reason as a comment. The added columns at the right are known to
the import as columns to ignore. Every cell is text, so that a spreadsheet can't round a number again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, BinaryIO, Protocol

import xlsxwriter

from app.rules.imports import plain_header
from app.rules.writing import Cell
from reports.workbook import check_room, is_long

ADDED = ("行号", "出错列", "出错原因")
WIDTHS = {"证件号码": 22, "卡号": 22, "姓名": 14, "手机号": 14, "工作单位详细地址": 32}
WIDTH = 18


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
) -> int:
    """Write the workbook and return how many rows it has; ``say(code, **facts)`` gives a reason's sentence.

    ``headers`` are those of the uploaded sheet; the columns that an error workbook had added are left out.
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
    head = book.add_format({"bold": True, "bg_color": "#F3F4F6", "bottom": 1, "num_format": "@"})
    text = book.add_format({"num_format": "@"})
    wrong = book.add_format(
        {"num_format": "@", "bg_color": "#FDE2E0", "border": 1, "border_color": "#D92D20"}
    )
    reason = book.add_format({"num_format": "@", "font_color": "#B42318"})
    sheet = book.add_worksheet(sheet_name)
    kept = [at for at, header in enumerate(headers) if plain_header(header) not in ADDED]
    for column, header in enumerate([*(str(headers[at]) for at in kept), *ADDED]):
        sheet.set_column(column, column, WIDTHS.get(plain_header(header), WIDTH), text)
        sheet.write_string(0, column, header, head)
    sheet.set_column(len(kept) + 2, len(kept) + 2, 80, text)
    sheet.freeze_panes(1, 0)
    count = 0
    for count, row in enumerate(rows, start=1):
        check_room(count)
        reasons: dict[str, list[str]] = {}
        for error in row.errors:
            reasons.setdefault(error.column_name, []).append(say(error.code, **error.facts))
        for column, at in enumerate(kept):
            said = reasons.get(plain_header(headers[at]))
            cell = row.cells[at] if at < len(row.cells) else ""
            style = wrong if said else text
            if cell == "":
                sheet.write_blank(count, column, None, style)
            elif isinstance(cell, str):
                sheet.write_string(count, column, cell, style)
            else:
                sheet.write_number(count, column, cell, style)
            if said:
                sheet.write_comment(count, column, "\n".join(said), {"x_scale": 2})
        sheet.write_string(count, len(kept), str(row.row), text)
        sheet.write_string(count, len(kept) + 1, "、".join(reasons), text)
        sheet.write_string(
            count,
            len(kept) + 2,
            "；".join(f"{name}：{' '.join(said)}" for name, said in reasons.items()),
            reason,
        )
    book.close()
    return count
