"""What the boundaries of a protection year do, a few rows at a time.

Each is called again and again, every time in a transaction of its own, until it says that nothing is left.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.clock import SHANGHAI, now
from app.models import DistrictBatch
from app.rules.boundaries import Boundary
from app.rules.settlement import DistrictBatchStatus
from app.rules.years import WindowName
from app.security.actor import SYSTEM
from app.services.covers import end_covers, people_covered
from app.services.lapse import Lapsed, lapse_unfiled, lapse_unpaid
from app.services.reminders import tell_of_lapse, tell_of_window


@dataclass(frozen=True, slots=True)
class Step:
    """What one step did, counted by name or said, and where the next one begins; ``None`` when nothing is left."""

    after: int | None = None
    touched: Mapping[str, int] = field(default_factory=dict)
    result: str = ""
    people: int = 0
    """How many people a step did that takes as many as it may."""


Part = Callable[[Session, Boundary, int, int], Step]
"""Called with the session, the boundary, the row that the step before came to (0 at first), and how many people this
one may take."""


def tell_it_opened(session: Session, boundary: Boundary, after: int, people: int) -> Step:
    return _tell_of_window(session, boundary, opened=True)


def tell_it_closed(session: Session, boundary: Boundary, after: int, people: int) -> Step:
    return _tell_of_window(session, boundary, opened=False)


def lapse_the_unpaid(session: Session, boundary: Boundary, after: int, people: int) -> Step:
    """In passing: what somebody is working on is left for the end."""
    lapsed = lapse_unpaid(session, SYSTEM, boundary, after=after, people=people, wait=False, now=now())
    return _told(session, lapsed)


def wait_for_the_unpaid(session: Session, boundary: Boundary, after: int, people: int) -> Step:
    """What is left, one batch at a time, waiting for whoever holds it."""
    lapsed = lapse_unpaid(session, SYSTEM, boundary, after=after, people=people, wait=True, now=now())
    return _told(session, lapsed)


def lapse_the_unfiled(session: Session, boundary: Boundary, after: int, people: int) -> Step:
    """In passing, like the unpaid."""
    lapsed = lapse_unfiled(session, SYSTEM, boundary, after=after, people=people, wait=False, now=now())
    return _told(session, lapsed)


def wait_for_the_unfiled(session: Session, boundary: Boundary, after: int, people: int) -> Step:
    """What is left, like the unpaid."""
    lapsed = lapse_unfiled(session, SYSTEM, boundary, after=after, people=people, wait=True, now=now())
    return _told(session, lapsed)


def end_the_covers(session: Session, boundary: Boundary, after: int, people: int) -> Step:
    ended, reached = end_covers(session, boundary.year, after=after)
    return Step(reached, {"covers_ended": ended})


def count_covered(session: Session, boundary: Boundary, after: int, people: int) -> Step:
    """Nothing changes on this day: whose batch is settled is enrolled, and the dates say since when that covers."""
    return Step(touched={"covered": people_covered(session, boundary.year)})


def count_overdue(session: Session, boundary: Boundary, after: int, people: int) -> Step:
    """Which they are, the lists of district batches show."""
    overdue = select(func.count()).where(
        DistrictBatch.year == boundary.year,
        DistrictBatch.status == DistrictBatchStatus.AWAITING_PAYMENT,
        DistrictBatch.voucher_due_on < boundary.at.astimezone(SHANGHAI).date(),
    )
    return Step(touched={"overdue": session.scalar(overdue) or 0})


def _tell_of_window(session: Session, boundary: Boundary, *, opened: bool) -> Step:
    at = now()
    if not boundary.is_news(at):
        return Step()
    window = WindowName(boundary.name.partition(".")[0])
    return Step(touched={"told": tell_of_window(session, boundary.year, window, opened=opened, now=at)})


def _told(session: Session, lapsed: Lapsed) -> Step:
    told = sum(
        tell_of_lapse(session, ids, why=reason.value, now=now()) for reason, ids in lapsed.batches.items()
    )
    counts = {f"lapsed_{reason}": len(ids) for reason, ids in lapsed.batches.items()}
    touched = counts | {"people": lapsed.people, "told": told}
    return Step(lapsed.after, touched, people=lapsed.people)
