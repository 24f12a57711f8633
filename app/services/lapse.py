"""逾期失效: batches that were not paid or not filed in time free their people, and their union's plan."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.models import Enrolment, EnrolmentBatch, Union
from app.rules.enrolment import BatchAction, BatchStatus, EnrolmentStatus, next_status, sources
from app.security.actor import Actor
from app.services.batch_moves import move_batches
from app.services.enrolment import free_plan


def lapse_batches(session: Session, actor: Actor, *, batch_ids: Sequence[int], now: datetime) -> int:
    """Lapse those of the batches that are still submitted or approved; answers how many.

    A constant number of statements, however many batches and people.
    """
    of_batches = select(EnrolmentBatch.union_id).where(EnrolmentBatch.id == func.any(list(batch_ids)))
    # Order of locks: unions, batches, rows.
    session.execute(
        select(Union.id).where(Union.id.in_(of_batches)).order_by(Union.id).with_for_update(key_share=True)
    )
    lapsed = 0
    for source in sources(BatchAction.LAPSE):
        lapsed += _lapse_from(session, actor, source, batch_ids, now)
    return lapsed


def _lapse_from(
    session: Session, actor: Actor, source: BatchStatus, batch_ids: Sequence[int], now: datetime
) -> int:
    held = session.execute(
        select(EnrolmentBatch.id, EnrolmentBatch.union_id, EnrolmentBatch.year)
        .where(EnrolmentBatch.id == func.any(list(batch_ids)), EnrolmentBatch.status == source)
        .order_by(EnrolmentBatch.id)
        .with_for_update()
    ).all()
    ids = [row.id for row in held]
    move_batches(session, actor, BatchAction.LAPSE, source, next_status(source, BatchAction.LAPSE), ids, now)
    for year in {row.year for row in held}:
        session.execute(
            update(Enrolment)
            .where(Enrolment.year == year, Enrolment.batch_id == func.any(ids))
            .values(status=EnrolmentStatus.VOID)
            .execution_options(synchronize_session=False)
        )
        free_plan(session, [row.union_id for row in held if row.year == year], year)
    return len(ids)
