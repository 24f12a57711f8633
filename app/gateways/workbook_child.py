"""The process that opens a foreign file: it may die of it, the caller doesn't.

The argument is the largest number of rows. It reads the file from standard input and writes JSON lines: first
``{"sheet": …, "last_row": …, "remarks": […]}``, then a line per filled row, ``[row number, [cells]]``, at last
``{"rows": n}``, which says that nothing is missing; or, at any line, ``{"problem": code, "facts": …}``. A cell is
text or a number; dates come as ISO text. Exit by a signal means it ran out of memory or time.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

from app.gateways.own_process import limit_this_process
from app.gateways.workbook_container import FileKind, recognise
from app.gateways.workbook_text import open_text
from app.rules.imports import SheetRow
from app.rules.violations import RuleViolation

MEMORY_BYTES = 512 * 1024 * 1024
CPU_SECONDS = 30
COLUMNS = 256
CHARACTERS = 150_000_000
"""Of all lines together: shared texts can make thousands of times their file's size of them."""


def main() -> None:
    limit_this_process(MEMORY_BYTES, CPU_SECONDS)
    row_limit = int(sys.argv[1])
    room = CHARACTERS
    try:
        for told in lines_of(sys.stdin.buffer.read(), row_limit):
            line = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
            room -= len(line)
            if room < 0:
                raise RuleViolation("workbook_too_large")
            sys.stdout.write(line + "\n")
    except RuleViolation as problem:
        sys.stdout.write(json.dumps({"problem": problem.code, "facts": problem.facts}) + "\n")
    except MemoryError:
        sys.stdout.write('{"problem": "workbook_too_large"}\n')


def lines_of(content: bytes, row_limit: int) -> Iterator[Any]:
    """The file's table line by line, within what a table may hold."""
    head, walk = open_table(content)
    if head["last_row"] > row_limit + 1 and sum(1 for _ in filled(walk())) > row_limit + 1:
        raise RuleViolation("workbook_too_long")
    count = 0
    for number, cells in filled(walk()):
        if not count:
            yield head
        count += 1
        if len(cells) > COLUMNS:
            raise RuleViolation("workbook_too_wide", limit=COLUMNS)
        yield number, cells
    if not count:
        raise RuleViolation("workbook_empty")
    yield {"rows": count}


def filled(rows: Iterator[SheetRow]) -> Iterator[SheetRow]:
    """The rows that hold anything, without the blanks at their end."""
    for number, cells in rows:
        while cells and isinstance(cells[-1], str) and not cells[-1].strip():
            cells.pop()
        if cells:
            yield number, cells


def open_table(content: bytes) -> tuple[dict[str, Any], Callable[[], Iterator[SheetRow]]]:
    """What the table is, and how to walk its rows from the first."""
    kind = recognise(content)
    if kind is FileKind.TEXT:
        return open_text(content)
    # Loaded where it is needed: separated text is read without it.
    from app.gateways.workbook_excel import open_excel

    return open_excel(content, kind)
