"""The rows of an import as its uploader knows them: a part of the sheet, with what is wrong in its cells."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from flask_babel import gettext

from app.models import ImportError, ImportRow, ImportRun
from app.rules.import_tables import table_of
from app.rules.imports import MENDING_HEADERS, plain_header
from app.rules.writing import cell_text, compact
from app.security.masking import mask_id_number
from app.sentences import sentence
from app.services.import_judging import JUDGED_CODES

LETTERS = 26
NUMBERS = frozenset({"证件号码", "卡号"})
_LONG_NUMBER = re.compile(r"[0-9]{14,18}[0-9X]")

NAMING = ("姓名", "工会名称", "企业名称", "证件号码", "工会编号", "统一社会信用代码")
"""What a row is recognised by: the first two of these that its sheet has."""


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """``letter`` as the spreadsheet shows it; a column that the sheet lacks comes after its last."""

    letter: str
    header: str
    lacking: bool


@dataclass(frozen=True, slots=True)
class SheetCell:
    """``asks_for_transfer``: what is wrong is that the person belongs to another union."""

    letter: str
    text: str
    reasons: tuple[str, ...]
    asks_for_transfer: bool


@dataclass(frozen=True, slots=True)
class SheetRow:
    number: int
    cells: tuple[SheetCell, ...]


@dataclass(frozen=True, slots=True)
class SheetPart:
    columns: tuple[SheetColumn, ...]
    rows: tuple[SheetRow, ...]


def sheet_part(
    run: ImportRun,
    rows: Sequence[ImportRow],
    errors: Mapping[int, Sequence[ImportError]],
    *,
    unreadable_shown: bool,
) -> SheetPart:
    """These rows as uploaded, without the columns that none of them fills.

    Numbers of documents and cards are masked; those that couldn't be read stand as they were typed where
    ``unreadable_shown`` says so, for whoever is to find the wrong digit.
    """
    headers = [plain_header(header) for header in run.headers]
    known = {column.header for column in table_of(run.kind).columns}
    wrong = list(dict.fromkeys(error.column_name for found in errors.values() for error in found))
    shown = [
        at
        for at, header in enumerate(headers)
        if (header and header in wrong) or _is_filled(header, at, rows)
    ]
    places = [(headers[at], at) for at in shown]
    # An error of no column is about the row as a whole, not about a column whose header is blank.
    lacking = [header for header in wrong if not header or header not in headers]
    places += zip(lacking, count(len(headers)))

    def cell_of(row: ImportRow, header: str, at: int) -> SheetCell:
        found = [error for error in errors.get(row.row, ()) if error.column_name == header]
        text = cell_text(row.raw[at]) if at < len(row.raw) else ""
        unreadable = any(error.code not in JUDGED_CODES for error in found)
        return SheetCell(
            letter_of(at),
            text if unreadable and unreadable_shown else masked(header, text, known),
            tuple(sentence(error.code, **error.facts) for error in found),
            any(error.code == "person_in_other_union" for error in found),
        )

    def row_of(row: ImportRow) -> SheetRow:
        return SheetRow(row.row, tuple(cell_of(row, header, at) for header, at in places))

    def column_of(header: str, at: int) -> SheetColumn:
        if at >= len(headers):
            return SheetColumn(letter_of(at), header or gettext("Whole row"), bool(header))
        return SheetColumn(letter_of(at), cell_text(run.headers[at]), False)

    return SheetPart(tuple(column_of(*place) for place in places), tuple(map(row_of, rows)))


def naming_cells(run: ImportRun, row: ImportRow) -> list[str]:
    """What the row is recognised by, numbers masked."""
    at = {plain_header(header): position for position, header in enumerate(run.headers)}
    named = [(header, at[header]) for header in NAMING if header in at][:2]
    cells = [(header, row.raw[place]) for header, place in named if place < len(row.raw)]
    return [masked(header, cell_text(cell), NAMING) for header, cell in cells]


def masked(header: str, text: str, known: Collection[str]) -> str:
    """A cell with its document or card number masked, in columns that nobody reads too."""
    if header in NUMBERS or (header not in known and _LONG_NUMBER.fullmatch(compact(text))):
        return mask_id_number(compact(text))
    return text


def letter_of(position: int) -> str:
    """The spreadsheet's name of a column: A … Z, AA …"""
    letters, rest = "", position + 1
    while rest:
        rest, digit = divmod(rest - 1, LETTERS)
        letters = chr(ord("A") + digit) + letters
    return letters


def _is_filled(header: str, at: int, rows: Sequence[ImportRow]) -> bool:
    return header not in MENDING_HEADERS and any(at < len(row.raw) and cell_text(row.raw[at]) for row in rows)
