"""The process that opens a foreign workbook: it may die of it, the caller doesn't.

Run by its path, so that it loads nothing else of ours; the argument is the largest number of rows.
Reads the workbook's bytes from standard input, writes one JSON line per filled row of the first visible
sheet, ``[row number, [cells]]``, then ``{"sheet": …, "ignored": […]}``; or, at any line, ``{"problem": …}``.
A cell is text or a number; dates come as ISO text. Exit by a signal means it ran out of memory or time.
"""

from __future__ import annotations

import io
import json
import math
import resource
import sys
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

MEMORY_BYTES = 512 * 1024 * 1024
CPU_SECONDS = 60


class Unreadable(Exception):
    """The whole file is refused; the text is the code of the reason."""


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    row_limit = int(sys.argv[1])
    content = sys.stdin.buffer.read()
    try:
        for at, line in enumerate(lines_of(content)):
            if at > row_limit + 1:
                raise Unreadable("workbook_too_long")
            sys.stdout.write(json.dumps(line, separators=(",", ":")) + "\n")
    except Unreadable as problem:
        sys.stdout.write(json.dumps({"problem": str(problem)}) + "\n")


def lines_of(content: bytes) -> Iterator[Any]:
    """Every filled row of the first visible sheet that has any, then what that sheet was."""
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        visible = [
            about.name
            for about in book.sheets_metadata
            if about.visible == SheetVisibleEnum.Visible and about.typ == SheetTypeEnum.WorkSheet
        ]
        for at, name in enumerate(visible):
            filled = False
            for line in filled_rows(book.get_sheet_by_name(name)):
                filled = True
                yield line
            if filled:
                yield {"sheet": name, "ignored": visible[at + 1 :]}
                return
    except PasswordError as locked:
        raise Unreadable("workbook_encrypted") from locked
    except (CalamineError, OSError) as broken:
        raise Unreadable("workbook_damaged") from broken
    raise Unreadable("workbook_empty")


def filled_rows(sheet: CalamineSheet) -> Iterator[tuple[int, list[str | int | float]]]:
    """The rows that hold anything, numbered as the sheet shows them, without blank cells at their end."""
    first, left = sheet.start or (0, 0)
    blanks = [""] * left
    for number, cells in enumerate(sheet.to_python(skip_empty_area=True), first + 1):
        values = [plain(cell) for cell in cells]
        while values and (isinstance(values[-1], str) and not values[-1].strip()):
            values.pop()
        if values:
            yield number, [*blanks, *values]


def plain(cell: Any) -> str | int | float:
    """A cell as text or number: dates as ISO text, whole numbers without a point."""
    if isinstance(cell, str):
        return cell.replace("\x00", "")
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, int | float):
        if not math.isfinite(cell):
            return str(cell)
        return int(cell) if abs(cell) < 10**15 and cell == int(cell) else cell
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ", "seconds")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    return "" if cell is None else str(cell)


if __name__ == "__main__":
    main()
