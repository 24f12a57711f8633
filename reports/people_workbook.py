"""导出名单: the people behind a figure or a filter, as the screen shows them.

The caller masks document and card numbers; what comes in is what is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from reports.workbook import (
    ROWS_OF_A_SHEET,
    About,
    Cell,
    Watermark,
    add_sheet,
    formats_of,
    is_long,
    mark_pages,
    open_workbook,
    sheets_of,
    write_about,
    write_heads,
    write_row,
    write_watermark,
)

SHEET = "名单"


@dataclass(frozen=True, slots=True)
class PeopleColumn:
    """``width`` in characters of the sheet's font; a Han character takes two."""

    head: str
    width: float = 16


def write_people(
    columns: Sequence[PeopleColumn],
    rows: Iterable[Sequence[Cell]],
    about: About,
    out: BinaryIO,
    mark: Watermark | None = None,
) -> int:
    """Writes the workbook and returns how many rows it has; ``rows`` may be a generator.

    A row gives one value a column (``ValueError`` otherwise): text stays text, ``Decimal`` is money, instants
    are shown in Shanghai time, ``bool`` as 是/否, ``None`` is empty. What one sheet doesn't hold goes on in the next,
    under the same heads. With a ``mark`` its sheet comes first, and every printed page says it.
    """
    long, rows = is_long(rows)
    workbook = open_workbook(out, about, long=long)
    formats = formats_of(workbook)
    if mark:
        write_watermark(workbook, formats, about, mark)
    total = 0
    for number, part in sheets_of(rows, ROWS_OF_A_SHEET):
        sheet = add_sheet(workbook, SHEET if number == 1 else f"{SHEET}{number}")
        write_heads(sheet, formats, ((column.head, column.width) for column in columns))
        if mark:
            mark_pages(sheet, about, mark)
        count = 0
        for count, row in enumerate(part, start=1):
            if len(row) != len(columns):
                raise ValueError(f"{len(row)} values for {len(columns)} columns")
            write_row(sheet, formats, count, row)
        sheet.autofilter(0, 0, count, len(columns) - 1)
        total += count
    write_about(workbook, formats, about, total)
    workbook.close()
    return total
