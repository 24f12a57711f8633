"""How a union came on night by night, as the figures of each night say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select, true
from sqlalchemy.orm import Session

from app.models import DailyFigure, FigureDay
from app.security.actor import Actor
from app.security.visible import visible_to

DAYS = 30


@dataclass(frozen=True, slots=True)
class Night:
    """How ``day`` ended: ``people`` in live batches, of the ``target`` who can be enrolled at all."""

    day: date
    people: int
    target: int


def last_nights(session: Session, actor: Actor, union_id: int, year: int, today: date) -> list[Night]:
    """The counted ones of the last 30 days, the oldest first; a night without a count is left out, not guessed."""
    as_it_stood = (
        select(DailyFigure.people, DailyFigure.target)
        .where(
            DailyFigure.union_id == union_id,
            DailyFigure.year == year,
            DailyFigure.day <= FigureDay.day,
            visible_to(actor, DailyFigure),
        )
        .correlate(FigureDay)
        .order_by(DailyFigure.day.desc())
        .limit(1)
        .lateral("as_it_stood")
    )
    rows = session.execute(
        select(FigureDay.day, as_it_stood.c.people, as_it_stood.c.target)
        .join(as_it_stood, true())
        .where(FigureDay.year == year, FigureDay.day >= today - timedelta(days=DAYS))
        .order_by(FigureDay.day)
    )
    return [Night(*row) for row in rows]
