"""Everything sealed under older keys is sealed anew under the newest, a few rows at a time."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.queries.sealed_places import SealedPlace
from app.sealing import KeyRing

START = (-1,)


@dataclass(frozen=True, slots=True)
class Resealed:
    """How many values one step sealed anew, and the key of the row it came to; ``None`` at the end."""

    count: int
    last: tuple[int, ...] | None


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
