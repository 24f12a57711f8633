"""What the live monitor shows of a place, counted at most every moment and shared by all who look, in any process.

Whoever asks first counts, as ``app.queries.monitor`` defines it; the others get what was counted before. While pages
look on, they are answered first and counted for afterwards (``renew``): nobody but the first waits for it.

Who may see the place may see its figures: whoever sees a place by the tree sees all below it, so that they are the same
for all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.models import PlaceFigures, Union
from app.queries.monitor import Standing, standings
from app.replica import reading
from app.rules.monitor import Stage
from app.rules.violations import not_found
from app.security.actor import Actor
from app.security.roles import TREE_ROLES
from app.security.visible import visible_to

RENEWED_AFTER = timedelta(seconds=1.5)
"""Younger figures are not counted again: counting the city takes as long as a dozen other pages."""

OLDEST = timedelta(seconds=3)
"""Older ones nobody is shown: who comes then counts, or waits for who does."""

PAGE_RENEWS = 2
"""Seconds between two looks of a page. With the oldest figures that leaves none older than five when it shows them."""


@dataclass(frozen=True, slots=True)
class Counted:
    """The figures of a place; ``at`` by the database's clock. ``ageing``: they should be counted again soon."""

    rows: list[Standing]
    at: datetime
    ageing: bool


def shared_standings(session: Session, actor: Actor, year: int, place: Union) -> Counted:
    """As ``app.queries.monitor.standings`` had them at most a moment ago; ``place`` is one that the actor may see.

    To be called in a transaction that commits, or the others don't see what was counted.
    """
    if not actor.roles & TREE_ROLES:
        raise not_found("trade_union")
    earlier = _earlier(session, actor, year, place, OLDEST)
    if earlier is None:
        session.execute(select(func.pg_advisory_xact_lock(_turn(year, place))))
        # Somebody may have ended between the look and the turn.
        earlier = _earlier(session, actor, year, place, OLDEST)
    return _count(session, actor, year, place) if earlier is None else earlier


def renew(session: Session, actor: Actor, year: int, place: Union) -> None:
    """Count a place of which figures were shown that are ageing; not if somebody else has, or is about to."""
    if not session.scalars(select(func.pg_try_advisory_xact_lock(_turn(year, place)))).one():
        return
    earlier = _earlier(session, actor, year, place, OLDEST)
    if earlier is None or earlier.ageing:
        _count(session, actor, year, place)


def _turn(year: int, place: Union) -> Any:
    return func.hashtextextended(f"figures of {place.id} in {year}", 0)


def _earlier(
    session: Session, actor: Actor, year: int, place: Union, no_older_than: timedelta
) -> Counted | None:
    found = session.execute(
        select(
            PlaceFigures.rows,
            PlaceFigures.counted_at,
            (PlaceFigures.counted_at <= func.clock_timestamp() - RENEWED_AFTER).label("ageing"),
        ).where(
            PlaceFigures.union_id == place.id,
            PlaceFigures.year == year,
            PlaceFigures.counted_at > func.clock_timestamp() - no_older_than,
            visible_to(actor, PlaceFigures),
        )
    ).one_or_none()
    if found is None:
        return None
    ids = [row["union_id"] for row in found.rows]
    unions = {
        union.id: union
        for union in session.scalars(select(Union).where(Union.id.in_(ids), visible_to(actor, Union)))
    }
    rows = [_standing(unions[row["union_id"]], row) for row in found.rows if row["union_id"] in unions]
    return Counted(rows, found.counted_at, found.ageing)


def _count(session: Session, actor: Actor, year: int, place: Union) -> Counted:
    at = session.scalars(text("SELECT clock_timestamp()")).one()
    with reading(session) as reader:
        rows = standings(reader, actor, year, place)
    values = {"counted_at": at, "rows": [_written(row) for row in rows]}
    put = insert(PlaceFigures).values(union_id=place.id, year=year, **values)
    session.execute(put.on_conflict_do_update(index_elements=["union_id", "year"], set_=values))
    return Counted(rows, at, ageing=False)


def _written(row: Standing) -> dict[str, Any]:
    assert row.union is not None
    return {
        "union_id": row.union.id,
        "unions": row.unions,
        "stages": {stage.value: unions for stage, unions in row.stages.items()},
        "members": row.members,
        "people": row.people,
        **{name: str(getattr(row, name)) for name in ("fee", "owed", "paid")},
    }


def _standing(union: Union, row: dict[str, Any]) -> Standing:
    return Standing(
        union=union,
        unions=row["unions"],
        stages={stage: row["stages"][stage.value] for stage in Stage},
        members=row["members"],
        people=row["people"],
        fee=Decimal(row["fee"]),
        owed=Decimal(row["owed"]),
        paid=Decimal(row["paid"]),
    )
