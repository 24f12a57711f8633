"""Document numbers are sealed at rest, and so are the rows and files of imports that hold them.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

from alembic import op
from sqlalchemy import text

from app.rules.members import IdType
from app.rules.person import number_hash
from app.sealing import KeyRing, Purpose
from config import load_settings

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ROWS = 5_000
FILES = 1


def upgrade() -> None:
    _run(
        "ALTER TABLE member ADD COLUMN sealed BYTEA, ADD COLUMN id_number_hash BYTEA",
        "ALTER TABLE import_row ADD COLUMN sealed BYTEA, ADD COLUMN id_number BYTEA, ADD COLUMN id_number_hash BYTEA",
        "ALTER TABLE import_error DROP COLUMN value",
        "ALTER TABLE stored_file ADD COLUMN sealed BOOLEAN DEFAULT false NOT NULL",
    )
    _rewrite(MEMBERS, ROWS, _sealed_member, SEAL_MEMBERS)
    _rewrite(IMPORT_ROWS, ROWS, _sealed_row, SEAL_ROWS)
    _rewrite(FILES_OF_IMPORTS, FILES, _sealed_file, SEAL_FILES)
    _run(
        "ALTER TABLE member DROP COLUMN id_number",
        "ALTER TABLE member RENAME COLUMN sealed TO id_number",
        "ALTER TABLE member ALTER COLUMN id_number SET NOT NULL, ALTER COLUMN id_number_hash SET NOT NULL,"
        " ADD CONSTRAINT id_number_is_sealed CHECK (get_byte(id_number, 0) = 1),"
        " ADD CONSTRAINT id_number_hash_is_a_hash CHECK (octet_length(id_number_hash) = 32)",
        "ALTER TABLE import_row DROP COLUMN raw",
        "ALTER TABLE import_row RENAME COLUMN sealed TO raw",
        "ALTER TABLE import_row ALTER COLUMN raw SET NOT NULL,"
        " ADD CONSTRAINT raw_cells_are_sealed CHECK (get_byte(raw, 0) = 1),"
        " ADD CONSTRAINT cells_hold_no_id_number CHECK (NOT cells ? 'id_number')",
    )


def downgrade() -> None:
    _run(
        "ALTER TABLE member ADD COLUMN opened TEXT",
        "ALTER TABLE import_row ADD COLUMN opened JSONB, DROP CONSTRAINT cells_hold_no_id_number",
        "ALTER TABLE import_error ADD COLUMN value TEXT DEFAULT '' NOT NULL",
    )
    _rewrite(MEMBERS, ROWS, _opened_member, OPEN_MEMBERS)
    _rewrite(IMPORT_ROWS, ROWS, _opened_row, OPEN_ROWS)
    _rewrite(FILES_OF_IMPORTS, FILES, _opened_file, SEAL_FILES)
    _run(
        "ALTER TABLE member DROP COLUMN id_number, DROP COLUMN id_number_hash",
        "ALTER TABLE member RENAME COLUMN opened TO id_number",
        "ALTER TABLE member ALTER COLUMN id_number SET NOT NULL",
        "ALTER TABLE import_row DROP COLUMN raw, DROP COLUMN id_number, DROP COLUMN id_number_hash",
        "ALTER TABLE import_row RENAME COLUMN opened TO raw",
        "ALTER TABLE import_row ALTER COLUMN raw SET NOT NULL",
        "ALTER TABLE stored_file DROP COLUMN sealed",
    )


# One table after the other, by key, so that any number of rows takes the memory of a few thousand.

MEMBERS = "SELECT id, id_type, id_number FROM member WHERE id > :a ORDER BY id LIMIT :most"
IMPORT_ROWS = (
    "SELECT import_id, row, raw, cells, id_number FROM import_row"
    " WHERE (import_id, row) > (:a, :b) ORDER BY import_id, row LIMIT :most"
)
FILES_OF_IMPORTS = (
    "SELECT id, content FROM stored_file"
    " WHERE id > :a AND id IN (SELECT file_id FROM import_run) ORDER BY id LIMIT :most"
)
SEAL_MEMBERS = "UPDATE member SET sealed = :sealed, id_number_hash = :hash WHERE id = :id"
OPEN_MEMBERS = "UPDATE member SET opened = :opened WHERE id = :id"
SEAL_ROWS = (
    "UPDATE import_row SET sealed = :raw, cells = cells - 'id_number', id_number = :number,"
    " id_number_hash = :hash WHERE import_id = :import_id AND row = :row"
)
OPEN_ROWS = (
    "UPDATE import_row SET opened = CAST(:raw AS jsonb), cells = cells || CAST(:cells AS jsonb)"
    " WHERE import_id = :import_id AND row = :row"
)
SEAL_FILES = "UPDATE stored_file SET content = :content, sealed = :sealed WHERE id = :id"


def _sealed_member(row: Any) -> dict[str, Any]:
    return {"id": row.id, "sealed": _seal(row.id_number), "hash": _hash(row.id_type, row.id_number)}


def _opened_member(row: Any) -> dict[str, Any]:
    return {"id": row.id, "opened": _open(row.id_number)}


def _sealed_row(row: Any) -> dict[str, Any]:
    number, id_type = row.cells.get("id_number"), row.cells.get("id_type")
    raw = json.dumps(row.raw, ensure_ascii=False).encode()
    return {
        "import_id": row.import_id,
        "row": row.row,
        "raw": _keys()[0].seal(raw, Purpose.IMPORT_ROW),
        "number": _seal(number) if number else None,
        "hash": _hash(id_type, number) if number and id_type else None,
    }


def _opened_row(row: Any) -> dict[str, Any]:
    return {
        "import_id": row.import_id,
        "row": row.row,
        "raw": _keys()[0].unseal(row.raw, Purpose.IMPORT_ROW).decode(),
        "cells": json.dumps({"id_number": _open(row.id_number)} if row.id_number else {}),
    }


def _sealed_file(row: Any) -> dict[str, Any]:
    return {"id": row.id, "sealed": True, "content": _keys()[0].seal(row.content, Purpose.FILE)}


def _opened_file(row: Any) -> dict[str, Any]:
    return {"id": row.id, "sealed": False, "content": _keys()[0].unseal(row.content, Purpose.FILE)}


@cache
def _keys() -> tuple[KeyRing, bytes]:
    """Asked for only when there is something to seal: an empty database needs no keys."""
    settings = load_settings()
    return KeyRing(settings.sealing_keys), settings.person_secret


def _seal(number: str) -> bytes:
    return _keys()[0].seal(number.encode(), Purpose.ID_NUMBER)


def _open(sealed: bytes) -> str:
    return _keys()[0].unseal(sealed, Purpose.ID_NUMBER).decode()


def _hash(id_type: str, number: str) -> bytes:
    return number_hash(IdType(id_type), number, _keys()[1])


def _rewrite(select: str, most: int, change: Callable[[Any], dict[str, Any]], update: str) -> None:
    connection = op.get_bind()
    for rows in _batches(select, most):
        connection.execute(text(update), [change(row) for row in rows])


def _batches(select: str, most: int) -> Iterator[Sequence[Any]]:
    a, b = 0, 0
    while rows := op.get_bind().execute(text(select), {"a": a, "b": b, "most": most}).all():
        yield rows
        a, b = rows[-1][0], rows[-1][1] if isinstance(rows[-1][1], int) else 0


def _run(*statements: str) -> None:
    for statement in statements:
        op.execute(statement)
