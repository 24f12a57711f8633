"""From the bytes of a workbook to staged rows: read apart, understood cell by cell, copied in by chunks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any

import psycopg
from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.gateways.workbook_reader import open_sheet
from app.models import ImportError, ImportRow
from app.rules.imports import (
    KINDS_ABOUT_MEMBERS,
    ROW_LIMIT,
    ImportKind,
    Layout,
    RowError,
    SheetRow,
    Table,
    body_of,
    named,
    read_row,
)
from app.rules.members import IdType
from app.rules.person import candidate_documents, number_hash, person_key
from app.rules.violations import RuleViolation
from app.sealing import KeyRing, Purpose, key_ring
from app.security.persons import person_secret

ROWS_IN_CHUNK = 2_000

STAGED_COLUMNS = (
    "import_id",
    "row",
    "raw",
    "cells",
    "id_number",
    "id_number_hash",
    "valid",
    "outcome",
)


@dataclass(frozen=True, slots=True)
class Reading:
    """A workbook to be read: whose it is, what it holds, and the table that it should be."""

    import_id: int
    kind: ImportKind
    table: Table
    content: bytes
    today: date


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows as ``import_row`` takes them and what is wrong with them; ``share`` of the sheet is then read."""

    rows: list[tuple[Any, ...]]
    errors: list[RowError]
    share: float


@dataclass(frozen=True, slots=True)
class OpenWorkbook:
    """What the header says, and the rows; they can be walked once, and any of them may raise RuleViolation."""

    headers: list[Any]
    remarks: list[dict[str, Any]]
    chunks: Iterator[Chunk]


@contextmanager
def open_workbook(reading: Reading) -> Iterator[OpenWorkbook]:
    """Read a workbook chunk by chunk; it needs no transaction, and never holds more than a chunk of it.

    Raises RuleViolation when the workbook as a whole can't be used: unreadable, no rows, a missing column.
    """
    with open_sheet(reading.content, row_limit=ROW_LIMIT) as sheet:
        layout, body = body_of(reading.table, sheet.rows)
        yield OpenWorkbook(
            list(layout.headers),
            [*_remarks(layout), *sheet.remarks],
            _chunks(reading, layout, body, sheet.last_row),
        )


def forget_rows(session: Session, import_id: int) -> None:
    """As if nothing of the workbook had been read."""
    session.execute(delete(ImportError).where(ImportError.import_id == import_id))
    session.execute(delete(ImportRow).where(ImportRow.import_id == import_id))


def stage_chunk(session: Session, import_id: int, chunk: Chunk) -> None:
    """Add the rows of a chunk and their errors."""
    copy_rows(session, "import_row", STAGED_COLUMNS, chunk.rows)
    copy_errors(session, import_id, chunk.errors)


def _chunks(reading: Reading, layout: Layout, body: Iterator[SheetRow], last_row: int) -> Iterator[Chunk]:
    ring, secret = key_ring(), person_secret()
    empty = True
    while some := list(islice(body, ROWS_IN_CHUNK)):
        empty = False
        rows, errors = [], []
        for number, cells in some:
            values, found = read_row(reading.table, layout, number, cells, reading.today)
            errors += found
            if not found:
                _add_person(reading.kind, values, secret)
            sealed = _seal_number(values, ring, secret)
            raw = ring.seal(_json(cells).encode(), Purpose.IMPORT_ROW)
            rows.append((reading.import_id, number, raw, _json(values), *sealed, not found, None))
        yield Chunk(rows, errors, some[-1][0] / max(1, last_row))
    if empty:
        raise RuleViolation("workbook_empty")


def copy_errors(session: Session, import_id: int, errors: Iterable[RowError]) -> None:
    """Add row errors to an import."""
    copy_rows(
        session,
        "import_error",
        ("import_id", "row", "column_name", "code", "facts"),
        ((import_id, e.row, e.column, e.code, _json(e.facts)) for e in errors),
    )


def _add_person(kind: ImportKind, values: dict[str, Any], secret: bytes) -> None:
    """The person a row is about: one key, or for answers without a document type every key it may be."""
    if kind is ImportKind.MEMBERS:
        values["person_key"] = person_key(values["id_type"], values["id_number"], secret).hex()
    elif kind in KINDS_ABOUT_MEMBERS:
        id_type: IdType | None = values.get("id_type")
        number: str = values["id_number"]
        documents = candidate_documents(number) if id_type is None else ((id_type, number),)
        values["person_keys"] = [person_key(each, of, secret).hex() for each, of in documents]


def _seal_number(values: dict[str, Any], ring: KeyRing, secret: bytes) -> tuple[bytes | None, bytes | None]:
    """Take the document number out of what was understood: sealed, and its hash if its type is known too."""
    number: str | None = values.pop("id_number", None)
    if number is None:
        return None, None
    id_type: IdType | None = values.get("id_type")
    known = None if id_type is None else number_hash(id_type, number, secret)
    return ring.seal(number.encode(), Purpose.ID_NUMBER), known


def _remarks(layout: Layout) -> list[dict[str, Any]]:
    """Columns that were left out without harm, for the uploader to know."""
    if not layout.unknown:
        return []
    return [{"code": "columns_ignored", "facts": {"columns": named(layout.unknown)}}]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{value!r} has no place in a staged row")


def copy_rows(session: Session, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """COPY rows into a table, in the session's own transaction.

    By way of a temporary table: PostgreSQL copies into none that row-level security protects.
    """
    session.flush()
    names = ", ".join(columns)
    connection = session.connection().connection.driver_connection
    assert isinstance(connection, psycopg.Connection)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE copied AS SELECT {names} FROM {table} WITH NO DATA")  # noqa: S608
        with cursor.copy(f"COPY copied ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM copied")  # noqa: S608
        cursor.execute("DROP TABLE copied")
