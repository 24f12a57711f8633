"""逾期失效: batches that were not paid or not filed in time free their people, and their union's plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, bindparam, func, select, update
from sqlalchemy.orm import Session

from app.models import Enrolment, EnrolmentBatch
from app.queries.lapse import Overdue, overdue_unfiled, overdue_unpaid
from app.rules.boundaries import Boundary
from app.rules.enrolment import BatchAction, EnrolmentStatus, LapseReason, next_status, sources
from app.security.actor import Actor
from app.services.batch_moves import lock_unions_of, move_batches
from app.services.terms import free_plan

BATCHES_AT_ONCE = 100

VOID = (
    update(Enrolment)
    .where(
        Enrolment.year == bindparam("of_year"),
        Enrolment.batch_id == func.any(bindparam("batches", type_=ARRAY(BigInteger))),
    )
    .values(status=EnrolmentStatus.VOID)
    .execution_options(synchronize_session=False)
)
"""The people of batches that lapse."""


@dataclass(frozen=True, slots=True)
class Lapsed:
    """What one step lapsed, by reason; ``after`` is the batch it came to, ``None`` at the end."""

    batches: dict[LapseReason, list[int]]
    people: int
    after: int | None


def lapse_unpaid(
    session: Session, actor: Actor, boundary: Boundary, *, after: int, people: int, wait: bool, now: datetime
) -> Lapsed:
    """Lapse the next few batches whose union's own share wasn't paid by the boundary.

    As many as hold up to ``people``; a single larger one is one step too. What somebody holds is left out, unless
    ``wait``: then one at a time.
    """
    return _lapse_next(session, actor, overdue_unpaid(boundary, wait=wait), after, people, wait, now)


def lapse_unfiled(
    session: Session, actor: Actor, boundary: Boundary, *, after: int, people: int, wait: bool, now: datetime
) -> Lapsed:
    """Lapse the next few batches that weren't filed, or not filed again, by the boundary; as many as of the unpaid."""
    return _lapse_next(session, actor, overdue_unfiled(boundary, wait=wait), after, people, wait, now)


def lapse_batches(
    session: Session,
    actor: Actor,
    *,
    batch_ids: Sequence[int],
    why: LapseReason = LapseReason.UNFILED,
    now: datetime,
) -> int:
    """Lapse those of the batches that are still submitted or approved; answers how many.

    A constant number of statements, however many batches and people.
    """
    wanted = EnrolmentBatch.id == func.any(list(batch_ids))
    lock_unions_of(session, wanted)
    held = session.execute(
        select(EnrolmentBatch.id, EnrolmentBatch.union_id, EnrolmentBatch.year, EnrolmentBatch.status)
        .where(wanted, EnrolmentBatch.status.in_(sources(BatchAction.LAPSE)))
        .order_by(EnrolmentBatch.id)
        .with_for_update()
    ).all()
    _lapse_held(session, actor, held, why, now)
    return len(held)


def _lapse_next(
    session: Session, actor: Actor, overdue: Overdue, after: int, people: int, wait: bool, now: datetime
) -> Lapsed:
    """Whether they lapse is asked again once they are held: a payment may have been recorded meanwhile."""
    some = session.execute(overdue.some, {"after": after, "most": 1 if wait else BATCHES_AT_ONCE}).all()
    found = _so_many_people(some, people)
    if not found:
        return Lapsed({}, 0, None)
    # Order of locks: unions, batches, rows.
    unions = session.scalars(overdue.unions, {"unions": list({row.union_id for row in found})}).all()
    held = session.execute(overdue.batches, {"ids": [row.id for row in found], "unions": unions}).all()
    by_reason: dict[LapseReason, list[Any]] = {}
    for row in held:
        by_reason.setdefault(LapseReason(row.why), []).append(row)
    for why, rows in by_reason.items():
        _lapse_held(session, actor, rows, why, now)
    batches = {why: [row.id for row in rows] for why, rows in by_reason.items()}
    return Lapsed(batches, sum(row.headcount for row in held), found[-1].id)


def _so_many_people(found: Sequence[Any], most: int) -> list[Any]:
    """The first of the batches, until they hold as many people as the step may take."""
    taken: list[Any] = []
    people = 0
    for row in found:
        people += row.headcount
        if taken and people > most:
            break
        taken.append(row)
    return taken


def _lapse_held(session: Session, actor: Actor, held: Sequence[Any], why: LapseReason, now: datetime) -> None:
    """``held``: ``(id, union_id, year, status)`` of batches that are the caller's until the transaction ends."""
    for source in sources(BatchAction.LAPSE):
        ids = [row.id for row in held if row.status is source]
        if ids:
            target = next_status(source, BatchAction.LAPSE)
            move_batches(
                session,
                actor,
                BatchAction.LAPSE,
                source,
                target,
                ids,
                now,
                reason_code=why.value,
                lapsed_why=why,
            )
    for year in {row.year for row in held}:
        of_year = [row for row in held if row.year == year]
        session.execute(VOID, {"of_year": year, "batches": [row.id for row in of_year]})
        free_plan(session, [row.union_id for row in of_year], year)
