"""What is done to any number of enrolment batches at once: their unions locked, heads moved, the log written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, func, insert, literal, select, update
from sqlalchemy.orm import Session

from app.models import EnrolmentBatch, Event, EventObject, Union
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
    log_batches(session, actor, action, ids, now, from_state=source, to_state=target, reason_code=reason_code)
    session.expire_all()


def log_batches(
    session: Session, actor: Actor, action: str, batch_ids: Sequence[int], now: datetime, **details: Any
) -> None:
    """The same event on each of the batches, in one statement; ``details`` are columns of ``Event``: a value, or an
    expression of the batch's own columns."""
    told = {
        "object_kind": EventObject.ENROLMENT_BATCH,
        "at": now,
        "actor_id": actor.account_id or None,
        "actor_name": actor.name,
        "action": action,
        **details,
    }
    scope = ["union_id", "second_id", "district_id"]
    session.execute(
        insert(Event).from_select(
            ["object_id", *scope, *told],
            select(
                EnrolmentBatch.id, *(getattr(EnrolmentBatch, name) for name in scope), *written(Event, told)
            ).where(EnrolmentBatch.id == func.any(list(batch_ids))),
            include_defaults=False,
        )
    )


def written(model: Any, values: Mapping[str, Any]) -> list[ColumnElement[Any]]:
    """Values as constants of the model's columns, for an INSERT … SELECT; expressions stay what they are."""
    types = model.__table__.columns
    return [
        value if isinstance(value, ColumnElement) else literal(value, types[name].type)
        for name, value in values.items()
    ]


def lock_unions_of(session: Session, wanted: ColumnElement[bool]) -> None:
    """Hold the unions of the batches that ``wanted`` names: whoever changes batches locks unions, batches, rows, in
    this order."""
    session.execute(
        select(Union.id)
        .where(Union.id.in_(select(EnrolmentBatch.union_id).where(wanted)))
        .order_by(Union.id)
        .with_for_update(key_share=True)
    )
