"""Pages of a list by key: no OFFSET, so page 4,000 costs what page 1 costs; and counts that stop counting.

A page reads what it shows and one row more. What it is one of is counted up to a limit, and only where the planner
thinks that cheap: a rare state in a city's list would be looked for through millions of rows. Otherwise the page says
"more than" what it has shown, and whoever wants to know has it counted.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sqlalchemy import ClauseElement, Executable, Integer, Row, Select, bindparam, func, select, tuple_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import InternalTraversal

from app.rules.violations import RuleViolation

PAGE_SIZE = 15
COUNT_LIMIT = 10_000
"""A list counts up to here; beyond, it says "more than"."""
COUNT_COST = 9_000
"""What counting may cost, as the planner reckons: about ten milliseconds, and 10,000 rows of any one place."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Which page was asked for: after or before a key, and the number its first row has for people.

    ``counted``: somebody wants to know how many there are, whatever it costs.
    """

    after: str = ""
    before: str = ""
    start: int = 1
    size: int = PAGE_SIZE
    counted: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; ``after`` and ``before`` are cursors, empty where there is no neighbour.

    ``total`` is exact unless ``total_is_floor``: then there are more, COUNT_LIMIT or what has been shown so far.
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
    known_total: int | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Page:
    """The page of ``statement`` that ``cursor`` names, ordered by ``keys``, which must be unique together.

    ``known_total``: how many rows there are, where that is known already. ``facts`` are the parameters of a
    statement that is kept from one request to the next; then what makes a page of it is kept as well.

    ``statement`` has no ORDER BY. Rows are whatever it selects: entities when it selects one, else Rows.
    Raises ``page_unknown`` (400) for a cursor that isn't one of ours.
    """
    backwards = bool(cursor.before)
    edge = _values(cursor.before or cursor.after, keys)
    falling = descending != backwards
    make = _page_statement if facts is None else _kept_page_statement
    wanted = make(statement, tuple(keys), falling, edge is not None)
    place = {f"edge_{at}": value for at, value in enumerate(edge or ())}
    found = list(session.execute(wanted, {**(facts or {}), **place, "rows_read": cursor.size + 1}))
    more = len(found) > cursor.size
    found = found[: cursor.size]
    if backwards:
        found.reverse()
    width = len(keys)
    after = _text(found[-1][-width:]) if found and (more or backwards) else ""
    before = _text(found[0][-width:]) if found and (more if backwards else edge is not None) else ""
    start = (1 if not before else cursor.start) if found else 0
    if known_total is not None:
        total, is_floor = known_total, False
    elif more or edge is not None:
        counted = statement.with_only_columns(keys[0])
        if facts is not None:
            counted = counted.params(**facts)
        total, is_floor = _count(session, counted, cursor, start + len(found) - 1)
    else:
        total, is_floor = len(found), False
    return Page(
        rows=[_row(row, width) for row in found],
        start=start,
        total=total,
        total_is_floor=is_floor,
        size=cursor.size,
        after=after,
        before=before,
    )


def _page_statement(
    statement: Select[*tuple[Any, ...]],
    keys: tuple[InstrumentedAttribute[Any], ...],
    falling: bool,
    beyond_edge: bool,
) -> Select[*tuple[Any, ...]]:
    """``rows_read`` rows in order, each with its keys; those behind ``edge_0``, ``edge_1``, … if asked."""
    wanted = statement.add_columns(*keys).order_by(*(key.desc() if falling else key.asc() for key in keys))
    if beyond_edge:
        place = tuple_(*keys)
        edge = tuple_(*(bindparam(f"edge_{at}", type_=key.type) for at, key in enumerate(keys)))
        wanted = wanted.where(place < edge if falling else place > edge)
    return wanted.limit(bindparam("rows_read", type_=Integer))


_kept_page_statement = lru_cache(maxsize=128)(_page_statement)


def _count(session: Session, rows: Select[*tuple[Any, ...]], cursor: Cursor, shown: int) -> tuple[int, bool]:
    """How many there are, and whether there are more."""
    limited = rows if cursor.counted else rows.limit(COUNT_LIMIT + 1)
    counting = select(func.count()).select_from(limited.subquery())
    if not cursor.counted and _cost(session, counting) > COUNT_COST:
        return shown, True
    total = session.scalar(counting) or 0
    if cursor.counted or total <= COUNT_LIMIT:
        return total, False
    return COUNT_LIMIT, True


def _cost(session: Session, statement: Select[int]) -> float:
    """What the planner thinks of it; asking takes less than a millisecond."""
    (plan,) = session.execute(_Explained(statement)).scalar_one()
    cost: float = plan["Plan"]["Total Cost"]
    return cost


class _Explained(Executable, ClauseElement):
    # Compiled once for all that ask the same: each part of a statement counts, and this is its only one.
    inherit_cache = True
    _traverse_internals = [("statement", InternalTraversal.dp_clauseelement)]  # noqa: RUF012
    _all_selected_columns = ()

    def __init__(self, statement: Select[int]) -> None:
        self.statement = statement


@compiles(_Explained)
def _explain(explained: _Explained, compiler: SQLCompiler, **options: Any) -> str:
    return f"EXPLAIN (FORMAT JSON) {compiler.process(explained.statement, **options)}"


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
