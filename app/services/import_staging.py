"""From the bytes of a workbook to staged rows: read apart, understood cell by cell, copied in at once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

import psycopg
from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.gateways.workbook_reader import Sheet, read_workbook
from app.models import ImportError, ImportRow, ImportRun
from app.rules.import_tables import table_of
from app.rules.imports import ANSWER_KINDS, ROW_LIMIT, ImportKind, RowError, lay_out, read_row
from app.rules.members import IdType
from app.rules.person import candidate_documents, person_key
from app.rules.violations import RuleViolation

VALUE_LIMIT = 300
"""Characters of a wrong cell that its error keeps; the row itself keeps them all."""


def stage_workbook(
    session: Session, run: ImportRun, content: bytes, *, above_grassroots: bool, secret: bytes, today: date
) -> None:
    """Fill ``import_row`` and ``import_error`` of the run with what its workbook says, anew each time.

    Raises RuleViolation when the workbook as a whole can't be used: unreadable, no rows, a missing column.
    """
    session.execute(delete(ImportError).where(ImportError.import_id == run.id))
    session.execute(delete(ImportRow).where(ImportRow.import_id == run.id))
    sheet = read_workbook(content, row_limit=ROW_LIMIT)
    (_, header_cells), *body = sheet.rows
    table = table_of(run.kind, above_grassroots=above_grassroots)
    layout = lay_out(table, header_cells)
    if not body:
        raise RuleViolation("workbook_empty")
    run.headers = list(header_cells)
    run.remarks = _remarks(layout.unknown, sheet)
    errors: list[RowError] = []

    def understood() -> Iterator[tuple[Any, ...]]:
        for number, cells in body:
            values, found = read_row(table, layout, number, cells, today)
            errors.extend(found)
            if not found:
                _add_person(run.kind, values, secret)
            yield run.id, number, _json(cells), _json(values), not found, None

    _copy(session, "import_row", ("import_id", "row", "raw", "cells", "valid", "outcome"), understood())
    copy_errors(session, run.id, errors)


def copy_errors(session: Session, import_id: int, errors: Iterable[RowError]) -> None:
    """Add row errors to an import."""
    _copy(
        session,
        "import_error",
        ("import_id", "row", "column_name", "code", "value", "facts"),
        ((import_id, e.row, e.column, e.code, e.value[:VALUE_LIMIT], _json(e.facts)) for e in errors),
    )


def _add_person(kind: ImportKind, values: dict[str, Any], secret: bytes) -> None:
    """The person a row is about: one key, or for answers without a document type every key it may be."""
    if kind is ImportKind.MEMBERS:
        values["person_key"] = person_key(values["id_type"], values["id_number"], secret).hex()
    elif kind in ANSWER_KINDS:
        id_type: IdType | None = values.get("id_type")
        number: str = values["id_number"]
        documents = candidate_documents(number) if id_type is None else ((id_type, number),)
        values["person_keys"] = [person_key(each, of, secret).hex() for each, of in documents]


def _remarks(unknown: Sequence[str], sheet: Sheet) -> list[dict[str, Any]]:
    """What was left out without harm, for the uploader to know."""
    remarks = []
    if unknown:
        remarks.append({"code": "columns_ignored", "facts": {"columns": "、".join(unknown)}})
    if sheet.ignored:
        remarks.append(
            {"code": "sheets_ignored", "facts": {"sheet": sheet.name, "sheets": "、".join(sheet.ignored)}}
        )
    return remarks


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{value!r} has no place in a staged row")


def _copy(session: Session, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """COPY rows into a table, in the session's own transaction."""
    session.flush()
    connection = session.connection().connection.driver_connection
    assert isinstance(connection, psycopg.Connection)
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)
