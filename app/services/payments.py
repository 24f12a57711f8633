"""基层单位缴费: a level above the union records that its own share of a batch has arrived (M4.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Row, Text, and_, func, insert, literal, select
from sqlalchemy.orm import Session

from app.clock import SHANGHAI
from app.models import EnrolmentBatch, Event, EventObject, GrassrootsPayment, Union
from app.queries.lapse import is_overdue, overdue_among, paid_among
from app.rules.payments import check_day_of_payment, check_payment_of_share, owes_a_share
from app.rules.violations import RuleViolation, not_found
from app.security.actor import Actor
from app.security.roles import Permission, require
from app.security.visible import get_visible, visible_to
from app.services.events import record, scope_of
from app.services.review import Decision


def record_payment(
    session: Session, actor: Actor, *, batch_id: int, amount: Decimal, paid_on: date, now: datetime
) -> GrassrootsPayment:
    """Record that the union has paid its whole share of the batch; it then doesn't lapse at the payment date.

    Raises ``share_not_owed`` and ``share_recorded`` (409), ``share_too_late``, ``share_differs``,
    ``paid_in_the_future``.
    """
    batch = _lock(session, actor, batch_id)
    if not owes_a_share(batch.status, batch.grassroots_share):
        raise RuleViolation("share_not_owed", status=409, state=batch.status)
    if session.get(GrassrootsPayment, batch.id) is not None:
        raise RuleViolation("share_recorded", status=409)
    if is_overdue(session, batch, now):
        raise RuleViolation("share_too_late", status=409)
    check_payment_of_share(amount, batch.grassroots_share, paid_on, now.astimezone(SHANGHAI).date())
    payment = GrassrootsPayment(
        batch_id=batch.id,
        amount=amount,
        paid_on=paid_on,
        recorded_by=actor.account_id,
        recorded_at=now,
        **scope_of(batch),
    )
    session.add(payment)
    session.flush()
    facts = {"amount": str(amount), "paid_on": paid_on.isoformat()}
    _log(session, actor, batch, "record_payment", now, facts)
    return payment


def record_payments(
    session: Session, actor: Actor, *, batch_ids: Sequence[int], paid_on: date, now: datetime
) -> list[Decision]:
    """Record for each of the batches that its union has paid its whole share, as a bank's list of arrivals says: the
    others go on where one can't.

    A constant number of statements. Raises ``no_batch_ticked``, ``paid_in_the_future``.
    """
    require(actor, Permission.REVIEW)
    wanted = list(dict.fromkeys(batch_ids))
    if not wanted:
        raise RuleViolation("no_batch_ticked", field="ids")
    check_day_of_payment(paid_on, now.astimezone(SHANGHAI).date())
    held = _lock_many(session, actor, wanted)
    problems = _problems(session, held, now)
    paid = [row.id for row in held if row.id not in problems]
    _write_payments(session, actor, paid, paid_on, now)
    found = {row.id for row in held}
    return [
        Decision(batch_id, problems.get(batch_id) if batch_id in found else not_found("enrolment_batch"))
        for batch_id in wanted
    ]


def withdraw_payment(session: Session, actor: Actor, *, batch_id: int, now: datetime) -> EnrolmentBatch:
    """Take a payment back that was recorded by mistake, while the batch still waits for filing."""
    batch = _lock(session, actor, batch_id)
    payment = session.get(GrassrootsPayment, batch.id)
    if payment is None or not owes_a_share(batch.status, batch.grassroots_share):
        raise RuleViolation("share_not_owed", status=409, state=batch.status)
    facts = {"amount": str(payment.amount), "paid_on": payment.paid_on.isoformat()}
    session.delete(payment)
    session.flush()
    _log(session, actor, batch, "withdraw_payment", now, facts)
    return batch


def _lock(session: Session, actor: Actor, batch_id: int) -> EnrolmentBatch:
    """Order of locks: union, batch. Whoever lapses the batch takes them in the same order."""
    require(actor, Permission.REVIEW)
    seen = get_visible(session, actor, EnrolmentBatch, batch_id)
    session.scalar(select(Union.id).where(Union.id == seen.union_id).with_for_update(key_share=True))
    return get_visible(session, actor, EnrolmentBatch, batch_id, lock=True)


def _lock_many(session: Session, actor: Actor, batch_ids: Sequence[int]) -> Sequence[Row[*tuple[Any, ...]]]:
    """``(id, year, status, grassroots_share)`` of those that are the actor's to see; locks as ``_lock`` does."""
    wanted = and_(EnrolmentBatch.id == func.any(list(batch_ids)), visible_to(actor, EnrolmentBatch))
    session.execute(
        select(Union.id)
        .where(Union.id.in_(select(EnrolmentBatch.union_id).where(wanted)))
        .order_by(Union.id)
        .with_for_update(key_share=True)
    )
    return session.execute(
        select(EnrolmentBatch.id, EnrolmentBatch.year, EnrolmentBatch.status, EnrolmentBatch.grassroots_share)
        .where(wanted)
        .order_by(EnrolmentBatch.id)
        .with_for_update()
    ).all()


def _problems(
    session: Session, held: Sequence[Row[*tuple[Any, ...]]], now: datetime
) -> dict[int, RuleViolation]:
    """Why the share of some can't be recorded; the same reasons as of a single one."""
    ids = [row.id for row in held]
    recorded, overdue = paid_among(session, ids), overdue_among(session, ids, {row.year for row in held}, now)
    problems: dict[int, RuleViolation] = {}
    for row in held:
        if not owes_a_share(row.status, row.grassroots_share):
            problems[row.id] = RuleViolation("share_not_owed", status=409, state=row.status)
        elif row.id in recorded:
            problems[row.id] = RuleViolation("share_recorded", status=409)
        elif row.id in overdue:
            problems[row.id] = RuleViolation("share_too_late", status=409)
    return problems


def _write_payments(
    session: Session, actor: Actor, batch_ids: Sequence[int], paid_on: date, now: datetime
) -> None:
    """A payment of the whole share and an event for each, as ``record_payment`` writes them."""
    scope = [EnrolmentBatch.union_id, EnrolmentBatch.second_id, EnrolmentBatch.district_id]
    of_batches = EnrolmentBatch.id == func.any(list(batch_ids))
    paid = {"paid_on": paid_on, "recorded_by": actor.account_id, "recorded_at": now}
    session.execute(
        insert(GrassrootsPayment).from_select(
            ["batch_id", "amount", "union_id", "second_id", "district_id", *paid],
            select(
                EnrolmentBatch.id,
                EnrolmentBatch.grassroots_share,
                *scope,
                *_constants(GrassrootsPayment, paid),
            ).where(of_batches),
        )
    )
    told = {
        "object_kind": EventObject.ENROLMENT_BATCH,
        "at": now,
        "actor_id": actor.account_id or None,
        "actor_name": actor.name,
        "action": "record_payment",
    }
    facts = func.jsonb_build_object(
        "amount", EnrolmentBatch.grassroots_share.cast(Text), "paid_on", paid_on.isoformat()
    )
    session.execute(
        insert(Event).from_select(
            ["object_id", "from_state", "to_state", "facts", "union_id", "second_id", "district_id", *told],
            select(
                EnrolmentBatch.id,
                EnrolmentBatch.status.cast(Text),
                EnrolmentBatch.status.cast(Text),
                facts,
                *scope,
                *_constants(Event, told),
            ).where(of_batches),
            include_defaults=False,
        )
    )


def _constants(model: Any, values: Mapping[str, Any]) -> list[ColumnElement[Any]]:
    columns = model.__table__.columns
    return [literal(value, columns[name].type) for name, value in values.items()]


def _log(
    session: Session,
    actor: Actor,
    batch: EnrolmentBatch,
    action: str,
    now: datetime,
    facts: dict[str, str],
) -> None:
    record(
        session,
        actor,
        EventObject.ENROLMENT_BATCH,
        batch.id,
        action,
        now=now,
        scope=batch,
        from_state=batch.status,
        to_state=batch.status,
        facts=facts,
    )
