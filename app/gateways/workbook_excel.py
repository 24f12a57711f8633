"""A workbook of Excel as a table: its first visible sheet that holds anything."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from functools import partial
from itertools import chain, repeat
from typing import Any

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetMetadata,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from app.gateways.workbook_container import FileKind
from app.gateways.workbook_parts import SheetPart, sheet_parts
from app.rules.imports import SheetRow
from app.rules.violations import RuleViolation
from app.rules.writing import Cell

CELL_CHARACTERS = 32_767
"""What a spreadsheet's cell holds; a foreign file may say more, but no column of ours takes half of it."""

MERGED_COLUMNS = 256
"""Columns in which merged cells are followed: as many as a table may have."""


def open_excel(content: bytes, kind: FileKind) -> tuple[dict[str, Any], Callable[[], Iterator[SheetRow]]]:
    """What the sheet is, and how to walk its rows by the number that it shows, those of blanks included."""
    parts = sheet_parts(content) if kind is FileKind.XLSX else {}
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        about = [each for each in book.sheets_metadata if each.typ == SheetTypeEnum.WorkSheet]
        visible = [each.name for each in about if each.visible == SheetVisibleEnum.Visible]
        for at, name in enumerate(visible):
            sheet = book.get_sheet_by_name(name)
            if not is_empty(sheet):
                part = parts.get(name, SheetPart())
                head = {
                    "sheet": name,
                    "last_row": (sheet.end or (0, 0))[0] + 1,
                    "remarks": remarks(name, visible[at + 1 :], about, part),
                }
                return head, partial(rows_of, sheet, part)
    except PasswordError as locked:
        raise RuleViolation("workbook_encrypted") from locked
    except (CalamineError, OSError) as broken:
        raise RuleViolation("workbook_damaged") from broken
    raise RuleViolation("workbook_empty")


def is_empty(sheet: CalamineSheet) -> bool:
    return not any(cell != "" for row in sheet.iter_rows() for cell in row)


def remarks(
    name: str, after: Sequence[str], about: Sequence[SheetMetadata], part: SheetPart
) -> list[dict[str, Any]]:
    """What was left out or taken as it stands, for the uploader to know.

    What a program has hidden for itself can't be shown by hand either, so nobody is told of it.
    """
    found: list[dict[str, Any]] = []
    hidden = [each.name for each in about if each.visible == SheetVisibleEnum.Hidden]
    if after:
        found.append({"code": "sheets_ignored", "facts": {"sheet": name, "sheets": "、".join(after)}})
    if hidden:
        found.append({"code": "sheets_hidden", "facts": {"sheets": "、".join(hidden)}})
    if part.has_formulas:
        found.append({"code": "formulas_read", "facts": {}})
    return found


def rows_of(sheet: CalamineSheet, part: SheetPart) -> Iterator[SheetRow]:
    """The rows of the sheet; the cells without a value may lie beyond what its reader takes for its end."""
    left = (sheet.start or (0, 0))[1]
    merged = MergedCells(sheet.merged_cell_ranges or [])
    values = chain(sheet.iter_rows(), repeat(()))
    last = max((sheet.end or (-1, 0))[0], max(part.marks, default=-1))
    for at in range(last + 1):
        cells: list[Cell] = [""] * left + [plain(value, part.counts_from_1900) for value in next(values)]
        for column, shown in part.marks.get(at, ()):
            cells += [""] * (column + 1 - len(cells))
            cells[column] = shown
        merged.fill(at, cells)
        yield at + 1, cells


class MergedCells:
    """What a cell merged over several rows says, it says for each of them that holds anything else."""

    def __init__(self, ranges: Sequence[tuple[tuple[int, int], tuple[int, int]]]) -> None:
        self._coming = sorted(
            (
                (top, column, bottom)
                for (top, column), (bottom, _) in ranges
                if bottom > top and column < MERGED_COLUMNS
            ),
            reverse=True,
        )
        self._held: dict[int, tuple[int, Cell]] = {}

    def fill(self, row: int, cells: list[Cell]) -> None:
        """Take up what begins in this row (counted from 0), and fill in what began above."""
        if self._held and any(cell != "" for cell in cells):
            for column, (bottom, said) in self._held.items():
                if row <= bottom and column < len(cells) and cells[column] == "":
                    cells[column] = said
        while self._coming and self._coming[-1][0] <= row:
            top, column, bottom = self._coming.pop()
            if top == row and column < len(cells):
                self._held[column] = (bottom, cells[column])


def plain(cell: Any, counts_from_1900: bool) -> Cell:
    """A cell as text or number: dates as ISO text, whole numbers without a point.

    In a sheet that may count its days from another year a whole number comes as text, so that nobody takes
    it for a date.
    """
    if isinstance(cell, str):
        return cell[:CELL_CHARACTERS].replace("\x00", "")
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, int | float):
        if not math.isfinite(cell):
            return str(cell)
        whole = abs(cell) < 10**15 and cell == int(cell)
        return cell if not whole else int(cell) if counts_from_1900 else str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ", "seconds")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    return "" if cell is None else str(cell)
