"""From the bytes of a workbook to staged rows: read apart, understood cell by cell, copied in at once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

import psycopg
from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.gateways.workbook_reader import open_sheet
from app.models import ImportError, ImportRow, ImportRun
from app.rules.import_tables import table_of
from app.rules.imports import (
    KINDS_ABOUT_MEMBERS,
    ROW_LIMIT,
    ImportKind,
    Layout,
    RowError,
    SheetRow,
    body_of,
    read_row,
)
from app.rules.members import IdType
from app.rules.person import candidate_documents, number_hash, person_key
from app.rules.violations import RuleViolation
from app.sealing import KeyRing, Purpose, key_ring

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


def stage_workbook(
    session: Session, run: ImportRun, content: bytes, *, above_grassroots: bool, secret: bytes, today: date
) -> None:
    """Fill ``import_row`` and ``import_error`` of the run with what its workbook says, anew each time.

    Raises RuleViolation when the workbook as a whole can't be used: unreadable, no rows, a missing column.
    """
    session.execute(delete(ImportError).where(ImportError.import_id == run.id))
    session.execute(delete(ImportRow).where(ImportRow.import_id == run.id))
    table = table_of(run.kind, above_grassroots=above_grassroots)
    errors: list[RowError] = []
    ring = key_ring()

    def understood(layout: Layout, body: Iterable[SheetRow]) -> Iterator[tuple[Any, ...]]:
        for number, cells in body:
            values, found = read_row(table, layout, number, cells, today)
            errors.extend(found)
            if not found:
                _add_person(run.kind, values, secret)
            sealed = _seal_number(values, ring, secret)
            raw = ring.seal(_json(cells).encode(), Purpose.IMPORT_ROW)
            yield run.id, number, raw, _json(values), *sealed, not found, None

    # What is wrong with a file may show at its last row only, and must not take the transaction with it.
    with open_sheet(content, row_limit=ROW_LIMIT) as sheet, session.begin_nested():
        layout, body = body_of(table, sheet.rows)
        run.headers = list(layout.headers)
        run.remarks = [*_remarks(layout), *sheet.remarks]
        if not _copy(session, "import_row", STAGED_COLUMNS, understood(layout, body)):
            raise RuleViolation("workbook_empty")
    copy_errors(session, run.id, errors)


def copy_errors(session: Session, import_id: int, errors: Iterable[RowError]) -> None:
    """Add row errors to an import."""
    _copy(
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
    return [{"code": "columns_ignored", "facts": {"columns": "、".join(layout.unknown)}}]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{value!r} has no place in a staged row")


def _copy(session: Session, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """COPY rows into a table, in the session's own transaction; how many there were."""
    session.flush()
    connection = session.connection().connection.driver_connection
    assert isinstance(connection, psycopg.Connection)
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy,
    ):
        count = 0
        for row in rows:
            copy.write_row(row)
            count += 1
    return count
