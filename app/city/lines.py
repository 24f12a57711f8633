"""Rows as COPY reads them: text, tabs between columns, one line a row."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql

NULL = "\\N"
_SPECIAL = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
LINES_AT_ONCE = 2_000


def bytea(value: bytes) -> str:
    return "\\\\x" + value.hex()


def escaped(text: str) -> str:
    """Free text; what the city invents itself has no tabs and needs none of it."""
    return text.translate(_SPECIAL)


def json_text(value: Mapping[str, Any]) -> str:
    return escaped(json.dumps(value, ensure_ascii=False))


def instant(at: datetime | None) -> str:
    return NULL if at is None else at.isoformat()


def optional(value: object | None) -> str:
    return NULL if value is None else str(value)


def copy_lines(
    connection: psycopg.Connection[Any], table: str, columns: Sequence[str], lines: Sequence[str]
) -> None:
    """COPY finished lines into a table; nothing is sent for none."""
    if not lines:
        return
    into = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with connection.cursor() as cursor, cursor.copy(into) as copy:
        for at in range(0, len(lines), LINES_AT_ONCE):
            copy.write("\n".join(lines[at : at + LINES_AT_ONCE]) + "\n")


def row(values: Iterable[object | None]) -> str:
    """A line of values that need no escaping; ``None`` is empty."""
    return "\t".join(map(optional, values))
