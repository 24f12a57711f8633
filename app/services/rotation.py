"""Everything sealed under older keys is sealed anew under the newest, a few rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.models import StoredFile
from app.models.base import Entity
from app.models.sealed import Sealed
from app.sealing import KeyRing, Purpose

ROWS_AT_ONCE = 2_000
START = (-1,)


@dataclass(frozen=True, slots=True)
class SealedPlace:
    """A column of sealed values in a table with whole-number keys; ``at_once`` rows are in memory together."""

    table: str
    keys: tuple[str, ...]
    column: str
    purpose: Purpose
    only: str = "true"
    at_once: int = ROWS_AT_ONCE


@dataclass(frozen=True, slots=True)
class Resealed:
    """How many values one step sealed anew, and the key of the row it came to; ``None`` at the end."""

    count: int
    last: tuple[int, ...] | None


def sealed_places() -> Iterator[SealedPlace]:
    """Every column of the type ``Sealed``, and the sealed files."""
    for table in Entity.metadata.sorted_tables:
        keys = tuple(column.name for column in table.primary_key)
        for column in table.columns:
            if isinstance(column.type, Sealed):
                yield SealedPlace(table.name, keys, column.name, column.type.purpose)
    yield SealedPlace(StoredFile.__tablename__, ("id",), "content", Purpose.FILE, "sealed", at_once=1)


def reseal(
    session: Session,
    ring: KeyRing,
    place: SealedPlace,
    *,
    after: tuple[int, ...] | None,
    most: int,
    wait: bool,
) -> Resealed:
    """Seal up to ``most`` values anew, of the rows that come ``after`` this key.

    Rows that somebody else holds are left out unless ``wait``; waiting for one row at a time (``most=1``) never
    makes others wait for each other. Raises ``CannotUnseal``.
    """
    keys = ", ".join(place.keys)
    start = ", ".join(f":after{at}" for at in range(len(place.keys)))
    each = " AND ".join(f"{key} = :key{at}" for at, key in enumerate(place.keys))
    found = session.execute(
        text(
            f"""
            SELECT {keys}, {place.column} AS sealed
              FROM {place.table}
             WHERE ({keys}) > ({start}) AND {place.only}
               AND substring({place.column} FROM 1 FOR 3) <> :newest
             ORDER BY {keys}
             LIMIT :most
               FOR NO KEY UPDATE {"" if wait else "SKIP LOCKED"}
            """  # noqa: S608  (names of our own tables)
        ),
        {"newest": ring.prefix, "most": most}
        | {f"after{at}": key for at, key in enumerate(after or START * len(place.keys))},
    ).all()
    if not found:
        return Resealed(0, None)
    session.execute(
        text(f"UPDATE {place.table} SET {place.column} = :sealed WHERE {each}"),  # noqa: S608
        [
            {f"key{at}": key for at, key in enumerate(row[:-1])}
            | {"sealed": ring.seal(ring.unseal(row.sealed, place.purpose), place.purpose)}
            for row in found
        ],
    )
    return Resealed(len(found), tuple(found[-1][:-1]))
