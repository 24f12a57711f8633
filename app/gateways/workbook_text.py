"""Separated text as a table: commas, semicolons or tabs; UTF-8, UTF-16 with its mark, or GB 18030."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any

from app.gateways.workbook_container import SEPARATORS, encoding_of
from app.rules.imports import SheetRow
from app.rules.violations import RuleViolation

ROWS_LOOKED_AT = 10
LONGEST_CELL = 32_767
MOST_LINES = 1_048_576
"""As many as a spreadsheet can show."""

LONGEST_LINE = 1_000_000
"""Characters; a table of 256 columns leaves 4,000 for each cell."""

_KEPT_AS_TEXT = re.compile(r'="(.*)"', re.DOTALL)
"""How programs keep a spreadsheet from rounding a number of a separated text."""


def open_text(content: bytes) -> tuple[dict[str, Any], Callable[[], Iterator[SheetRow]]]:
    """What the table is, and how to walk its rows by the number that a spreadsheet would show."""
    text = decoded(content)
    last_row = max(text.count("\n"), text.count("\r")) + 1
    if last_row > MOST_LINES or max(map(len, text.splitlines()), default=0) > LONGEST_LINE:
        raise RuleViolation("workbook_too_large")
    separator = max(SEPARATORS, key=lambda sign: cells_in_first_rows(text, sign))
    return {"sheet": "", "last_row": last_row, "remarks": []}, partial(rows_of, text, separator)


def decoded(content: bytes) -> str:
    encoding = encoding_of(content)
    if encoding is None:
        raise RuleViolation("text_encoding")
    try:
        return content.decode(encoding).replace("\x00", "")
    except UnicodeDecodeError as cut:
        raise RuleViolation("workbook_damaged") from cut


def cells_in_first_rows(text: str, separator: str) -> int:
    """How many filled cells the first rows have if they are separated by this sign."""
    found = 0
    try:
        for row in islice(
            csv.reader(io.StringIO(text[:50_000], newline=""), delimiter=separator), ROWS_LOOKED_AT
        ):
            found += sum(1 for cell in row if cell.strip())
    except csv.Error:
        pass
    return found


def rows_of(text: str, separator: str) -> Iterator[SheetRow]:
    """Strict about quotes: one without its pair would swallow the rows after it."""
    csv.field_size_limit(LONGEST_CELL)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for number, cells in enumerate(lines, 1):
            yield number, [unwrapped(cell) for cell in cells]
    except csv.Error as wrong:
        raise RuleViolation("text_quotes", line=lines.line_num) from wrong


def unwrapped(cell: str) -> str:
    kept = _KEPT_AS_TEXT.fullmatch(cell)
    return kept[1] if kept else cell
