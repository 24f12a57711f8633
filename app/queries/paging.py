"""Pages of a list by key: no OFFSET, so page 4,000 costs what page 1 costs; and counts that stop counting."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, Select, func, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.rules.violations import RuleViolation

PAGE_SIZE = 15
COUNT_LIMIT = 10_000
"""A list counts up to here; beyond, it says "more than"."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Which page was asked for: after or before a key, and the number its first row has for people."""

    after: str = ""
    before: str = ""
    start: int = 1
    size: int = PAGE_SIZE


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; ``after`` and ``before`` are cursors, empty where there is no neighbour.

    ``total`` is exact up to COUNT_LIMIT and a floor where ``total_is_floor`` is true.
    """

    rows: Sequence[Any]
    start: int
    total: int
    total_is_floor: bool
    size: int
    after: str
    before: str

    @property
    def end(self) -> int:
        return self.start + len(self.rows) - 1

    @property
    def next_start(self) -> int:
        return self.start + self.size

    @property
    def previous_start(self) -> int:
        return max(1, self.start - self.size)


def page_of(
    session: Session,
    statement: Select[*tuple[Any, ...]],
    keys: Sequence[InstrumentedAttribute[Any]],
    cursor: Cursor,
    *,
    descending: bool = True,
    counted: int | None = None,
) -> Page:
    """The page of ``statement`` that ``cursor`` names, ordered by ``keys``, which must be unique together.

    ``counted``: how many rows there are, where that is known already.

    ``statement`` has no ORDER BY. Rows are whatever it selects: entities when it selects one, else Rows.
    Raises ``page_unknown`` (400) for a cursor that isn't one of ours.
    """
    backwards = bool(cursor.before)
    edge = _values(cursor.before or cursor.after, keys)
    falling = descending != backwards
    wanted = statement.add_columns(*keys).order_by(*(key.desc() if falling else key.asc() for key in keys))
    if edge is not None:
        place = tuple_(*keys)
        wanted = wanted.where(place < edge if falling else place > edge)
    found = list(session.execute(wanted.limit(cursor.size + 1)))
    more = len(found) > cursor.size
    found = found[: cursor.size]
    if backwards:
        found.reverse()
    width = len(keys)
    after = _text(found[-1][-width:]) if found and (more or backwards) else ""
    before = _text(found[0][-width:]) if found and (more if backwards else edge is not None) else ""
    total = _count(session, statement, keys) if counted is None else counted
    return Page(
        rows=[_row(row, width) for row in found],
        start=(1 if not before else cursor.start) if found else 0,
        total=total if counted is not None else min(total, COUNT_LIMIT),
        total_is_floor=counted is None and total > COUNT_LIMIT,
        size=cursor.size,
        after=after,
        before=before,
    )


def _count(
    session: Session, statement: Select[*tuple[Any, ...]], keys: Sequence[InstrumentedAttribute[Any]]
) -> int:
    limited = statement.with_only_columns(keys[0]).limit(COUNT_LIMIT + 1).subquery()
    return session.scalar(select(func.count()).select_from(limited)) or 0


def _row(row: Row[*tuple[Any, ...]], width: int) -> Any:
    return row[0] if len(row) == width + 1 else row


def _text(values: Sequence[Any]) -> str:
    packed = json.dumps([_plain(value) for value in values], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _values(text: str, keys: Sequence[InstrumentedAttribute[Any]]) -> tuple[Any, ...] | None:
    if not text:
        return None
    try:
        values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if not isinstance(values, list) or len(values) != len(keys):
            raise ValueError(text)
        return tuple(_typed(value, key.type.python_type) for value, key in zip(values, keys, strict=True))
    except (ValueError, TypeError, ArithmeticError, binascii.Error) as broken:
        raise RuleViolation("page_unknown", status=400) from broken


def _typed(value: Any, kind: type) -> Any:
    if kind in (datetime, date):
        return kind.fromisoformat(value)
    if isinstance(value, dict | list | bool):
        raise ValueError(value)
    return kind(value)
