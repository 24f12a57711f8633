"""Workbooks that come in: their kinds, their life, and what one row must hold (domain section 11).

A table per workbook says which column is which field and how a cell is read; the rules beside it look at
the row as a whole. What is wrong is data: one RowError per cell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from itertools import chain, islice, pairwise, zip_longest
from typing import Any

from app.rules.violations import RuleViolation
from app.rules.writing import Cell, cell_text, half_width, require_value


class ImportKind(StrEnum):
    ORGANISATIONS = "organisations"
    EMPLOYERS = "employers"
    MEMBERS = "members"
    SOCIAL_SECURITY = "social_security"
    POPULATION = "population"
    BANK = "bank"
    TRANSFERS = "transfers"


class ImportState(StrEnum):
    """queued → checking → ready → committing → done; failed when the workbook as a whole is refused."""

    QUEUED = "queued"
    CHECKING = "checking"
    READY = "ready"
    COMMITTING = "committing"
    DONE = "done"
    FAILED = "failed"


AT_WORK = frozenset({ImportState.QUEUED, ImportState.CHECKING, ImportState.COMMITTING})
"""States that end by themselves."""


class RowOutcome(StrEnum):
    """What becomes of a row: told before it is taken over, and true afterwards."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    WRONG = "wrong"


ANSWER_KINDS = frozenset({ImportKind.SOCIAL_SECURITY, ImportKind.POPULATION, ImportKind.BANK})
"""Answers of the outside registries: they tell about people who are here, and create nobody."""

KINDS_ABOUT_MEMBERS = ANSWER_KINDS | {ImportKind.TRANSFERS}
"""Their rows name a member by a document whose type may be left out."""

ROW_LIMIT = 200_000
SIZE_LIMIT = 20 * 1024 * 1024
"""Bytes of a workbook that is taken in."""

HEADER_ROWS = 10
"""Filled rows among which the header is looked for."""

HEADERS_NAMED = 30
HEADER_SHOWN = 40

SheetRow = tuple[int, list[Cell]]
"""A filled row by the number that its sheet shows."""


MENDING_HEADERS = ("原行号", "出错列", "错误说明")
"""The columns that an error workbook adds for whoever mends it; nobody reads them when it comes back."""


@dataclass(frozen=True, slots=True)
class RowError:
    """One cell that keeps its row out. ``row`` counts as the sheet does, ``column`` is its header."""

    row: int
    column: str
    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a workbook: its header without ``*``, the field it fills, and how its cells are read.

    ``read`` takes a filled cell and today's date; it returns the value or raises RuleViolation. ``words``
    are the words to choose from, where only they are read.
    """

    header: str
    field: str
    read: Callable[[Cell, date], Any]
    required: bool = False
    words: tuple[str, ...] = ()


RowRule = Callable[[dict[str, Any], date], list[tuple[str, str, Mapping[str, Any]]]]
"""Looks at all values of a row, may complete them, and answers (header, code, facts) for what is wrong."""


@dataclass(frozen=True, slots=True)
class Table:
    """A workbook of section 11: the sheet's name, the columns, and the rule for a whole row."""

    sheet: str
    columns: tuple[Column, ...]
    rule: RowRule

    def headers(self) -> list[str]:
        """The headers as the template shows them, required ones with ``*``."""
        return [column.header + "*" * column.required for column in self.columns]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a sheet keeps the columns of a table: positions by header, and what else it holds.

    ``headers`` are the cells of the header row as uploaded, ``row`` is its number in the sheet.
    """

    positions: Mapping[str, int]
    unknown: tuple[str, ...]
    headers: tuple[Cell, ...] = ()
    row: int = 1

    def is_repeated_by(self, cells: Sequence[Cell]) -> bool:
        """Whether a row is the header once more, as at the top of each printed page."""
        return all(
            at < len(cells) and plain_header(cells[at]) == header for header, at in self.positions.items()
        )


def plain_header(cell: Cell) -> str:
    """A header as it is compared: half width, without blanks anywhere and without ``*``."""
    return "".join(half_width(cell_text(cell)).replace("*", "").split())


def named(headers: Iterable[str]) -> str:
    """Some headers in a sentence, which stays one whatever a foreign file puts there."""
    first = list(islice(headers, HEADERS_NAMED + 1))
    short = [header[:HEADER_SHOWN] + "…" * (len(header) > HEADER_SHOWN) for header in first[:HEADERS_NAMED]]
    return "、".join(short) + "……" * (len(first) > HEADERS_NAMED)


def lay_out(table: Table, header_cells: Sequence[Cell], row: int = 1) -> Layout:
    """Find the table's columns in a header row, whatever their order.

    Raises RuleViolation ``columns_missing`` or ``column_repeated``.
    """
    headers = [plain_header(cell) for cell in header_cells]
    missing = [column.header for column in table.columns if column.required and column.header not in headers]
    if missing:
        found = filter(None, headers)
        raise RuleViolation("columns_missing", columns="、".join(missing), found=named(found))
    known = {column.header for column in table.columns}
    positions: dict[str, int] = {}
    for at, header in enumerate(headers):
        if header in positions:
            raise RuleViolation("column_repeated", column=header)
        if header in known:
            positions[header] = at
    passed_over = known.union(MENDING_HEADERS)
    unknown = tuple(header for header in headers if header and header not in passed_over)
    return Layout(positions, unknown, tuple(header_cells), row)


def body_of(table: Table, rows: Iterator[SheetRow]) -> tuple[Layout, Iterator[SheetRow]]:
    """The header among the first rows of a sheet, and the rows below it without its repetitions.

    Above the header there may be titles and blanks; it may be two rows, the upper one with names of groups.
    Raises RuleViolation as ``lay_out`` does, about the row that comes nearest.
    """
    first = list(islice(rows, HEADER_ROWS))
    known = {column.header for column in table.columns}
    needed = {column.header for column in table.columns if column.required}
    candidates = [(row, cells) for row, cells in first]
    candidates += [
        (row, [low or high for high, low in zip_longest(above, cells, fillvalue="")])
        for (_, above), (row, cells) in pairwise(first)
    ]
    found = [{plain_header(cell) for cell in cells} for _, cells in candidates]
    chosen = max(range(len(found)), key=lambda at: (needed <= found[at], len(known & found[at]), -at))
    row, cells = candidates[chosen]
    layout = lay_out(table, cells, row)
    below = (each for each in chain(first, rows) if each[0] > row)
    return layout, (each for each in below if not layout.is_repeated_by(each[1]))


def read_row(
    table: Table, layout: Layout, row: int, cells: Sequence[Cell], today: date
) -> tuple[dict[str, Any], list[RowError]]:
    """The values of one row by field, blank cells left out, and what is wrong with it.

    The row's own rule is asked about the cells that could be read, so one look finds all that is to mend;
    what it says of a cell that couldn't be read is left out.
    """
    values: dict[str, Any] = {}
    errors: list[RowError] = []

    def cell_of(header: str) -> Cell:
        at = layout.positions.get(header, len(cells))
        return cells[at] if at < len(cells) else ""

    for column in table.columns:
        cell = cell_of(column.header)
        if is_blank(cell):
            if column.required:
                errors.append(RowError(row, column.header, "cell_required"))
            continue
        try:
            require_value(cell)
            values[column.field] = column.read(cell, today)
        except RuleViolation as problem:
            errors.append(RowError(row, column.header, problem.code, problem.facts))
    told = {error.column for error in errors}
    for header, code, facts in table.rule(values, today):
        if header not in told:
            errors.append(RowError(row, header, code, facts))
    return values, errors


def is_blank(cell: Cell) -> bool:
    return isinstance(cell, str) and not cell_text(cell)
