"""Moving any number of enrolment batches one step, heads and log, in two statements."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, func, insert, literal, select, update
from sqlalchemy.orm import Session

from app.models import EnrolmentBatch, Event, EventObject
from app.rules.enrolment import BatchAction, BatchStatus
from app.security.actor import Actor


def move_batches(
    session: Session,
    actor: Actor,
    action: BatchAction,
    source: BatchStatus,
    target: BatchStatus,
    batch_ids: Sequence[int],
    now: datetime,
    *,
    reason_code: str | None = None,
    **changes: Any,
) -> None:
    """Move batches that the caller holds locked in ``source``; ``changes`` are further columns to set.
    ``reason_code`` goes into the log."""
    ids = list(batch_ids)
    update_heads = (
        update(EnrolmentBatch)
        .where(EnrolmentBatch.id == func.any(ids), EnrolmentBatch.status == source)
        .values(status=target, updated_at=now, **changes)
        .execution_options(synchronize_session=False)
    )
    moved = cast(CursorResult[Any], session.execute(update_heads)).rowcount
    assert moved == len(ids), "locked batches can't have moved"
    told = {
        "at": now,
        "actor_id": actor.account_id or None,
        "actor_name": actor.name,
        "object_kind": EventObject.ENROLMENT_BATCH,
        "action": action,
        "from_state": source,
        "to_state": target,
        "reason_code": reason_code,
    }
    types = Event.__table__.columns
    heads = select(
        EnrolmentBatch.id,
        EnrolmentBatch.union_id,
        EnrolmentBatch.second_id,
        EnrolmentBatch.district_id,
        *(literal(value, types[name].type) for name, value in told.items()),
    ).where(EnrolmentBatch.id == func.any(ids))
    columns = ["object_id", "union_id", "second_id", "district_id", *told]
    session.execute(insert(Event).from_select(columns, heads, include_defaults=False))
    session.expire_all()
