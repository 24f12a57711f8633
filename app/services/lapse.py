"""逾期失效: batches that were not paid or not filed in time free their people, and their union's plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, literal, select, update
from sqlalchemy.orm import Session

from app.models import Enrolment, EnrolmentBatch, Union
from app.queries.lapse import lapse_reason, next_to_lapse, unfiled_at, unpaid_at
from app.rules.boundaries import Boundary
from app.rules.enrolment import BatchAction, BatchStatus, EnrolmentStatus, LapseReason, next_status, sources
from app.security.actor import Actor
from app.services.batch_moves import move_batches
from app.services.enrolment import free_plan

BATCHES_AT_ONCE = 100
PEOPLE_AT_ONCE = 1_000
"""What one transaction lapses: nobody waits longer than for so many. A single larger batch is one transaction too."""

UNPAID = literal(LapseReason.UNPAID.value)


@dataclass(frozen=True, slots=True)
class Lapsed:
    """What one step lapsed, by reason; ``after`` is the batch it came to, ``None`` at the end."""

    batches: dict[LapseReason, list[int]]
    people: int
    after: int | None


def lapse_unpaid(
    session: Session, actor: Actor, boundary: Boundary, *, after: int, wait: bool, now: datetime
) -> Lapsed:
    """Lapse the next few batches whose union's own share wasn't paid by the boundary."""
    return _lapse_next(session, actor, unpaid_at(boundary), UNPAID, after, wait, now)


def lapse_unfiled(
    session: Session, actor: Actor, boundary: Boundary, *, after: int, wait: bool, now: datetime
) -> Lapsed:
    """Lapse the next few batches that weren't filed, or not filed again, by the boundary."""
    return _lapse_next(session, actor, unfiled_at(boundary), lapse_reason(), after, wait, now)


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
    of_batches = select(EnrolmentBatch.union_id).where(EnrolmentBatch.id == func.any(list(batch_ids)))
    # Order of locks: unions, batches, rows.
    session.execute(
        select(Union.id).where(Union.id.in_(of_batches)).order_by(Union.id).with_for_update(key_share=True)
    )
    return sum(
        _lapse_from(session, actor, source, batch_ids, why, now) for source in sources(BatchAction.LAPSE)
    )


def _lapse_next(
    session: Session,
    actor: Actor,
    condition: ColumnElement[bool],
    why: ColumnElement[str],
    after: int,
    wait: bool,
    now: datetime,
) -> Lapsed:
    """A few batches behind ``after``. What somebody holds is left out, unless ``wait``: then one at a time.

    Whether they lapse is asked again once they are held: a payment may have been recorded meanwhile.
    """
    found = _so_many_people(
        session.execute(next_to_lapse(condition, after, 1 if wait else BATCHES_AT_ONCE)).all()
    )
    if not found:
        return Lapsed({}, 0, None)
    # Order of locks: unions, batches, rows.
    unions = session.scalars(
        select(Union.id)
        .where(Union.id.in_({row.union_id for row in found}))
        .order_by(Union.id)
        .with_for_update(key_share=True, skip_locked=not wait)
    ).all()
    held = session.execute(
        select(EnrolmentBatch.id, EnrolmentBatch.headcount, why.label("why"))
        .where(
            condition, EnrolmentBatch.id.in_([row.id for row in found]), EnrolmentBatch.union_id.in_(unions)
        )
        .order_by(EnrolmentBatch.id)
        .with_for_update(of=EnrolmentBatch, skip_locked=not wait)
    ).all()
    batches: dict[LapseReason, list[int]] = {}
    for row in held:
        batches.setdefault(LapseReason(row.why), []).append(row.id)
    for reason, ids in batches.items():
        lapse_batches(session, actor, batch_ids=ids, why=reason, now=now)
    return Lapsed(batches, sum(row.headcount for row in held), found[-1].id)


def _so_many_people(found: Sequence[Any]) -> list[Any]:
    """The first of the batches, until they hold as many people as one transaction may."""
    taken: list[Any] = []
    people = 0
    for row in found:
        people += row.headcount
        if taken and people > PEOPLE_AT_ONCE:
            break
        taken.append(row)
    return taken


def _lapse_from(
    session: Session,
    actor: Actor,
    source: BatchStatus,
    batch_ids: Sequence[int],
    why: LapseReason,
    now: datetime,
) -> int:
    held = session.execute(
        select(EnrolmentBatch.id, EnrolmentBatch.union_id, EnrolmentBatch.year)
        .where(EnrolmentBatch.id == func.any(list(batch_ids)), EnrolmentBatch.status == source)
        .order_by(EnrolmentBatch.id)
        .with_for_update()
    ).all()
    ids = [row.id for row in held]
    if not ids:
        return 0
    target = next_status(source, BatchAction.LAPSE)
    move_batches(
        session, actor, BatchAction.LAPSE, source, target, ids, now, reason_code=why.value, lapsed_why=why
    )
    for year in {row.year for row in held}:
        session.execute(
            update(Enrolment)
            .where(Enrolment.year == year, Enrolment.batch_id == func.any(ids))
            .values(status=EnrolmentStatus.VOID)
            .execution_options(synchronize_session=False)
        )
        free_plan(session, [row.union_id for row in held if row.year == year], year)
    return len(ids)
