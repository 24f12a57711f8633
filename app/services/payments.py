"""基层单位缴费: a level above the union records that its own share of a batch has arrived (M4.1)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, Text, and_, func, insert, select
from sqlalchemy.orm import Session

from app.clock import SHANGHAI
from app.models import EnrolmentBatch, EventObject, GrassrootsPayment, Union
from app.queries.lapse import overdue_among, paid_among
from app.rules.payments import check_day_of_payment, check_payment_of_share, owes_a_share
from app.rules.violations import RuleViolation, not_found
from app.security.actor import Actor
from app.security.roles import Permission, require
from app.security.visible import get_visible, visible_to
from app.services.batch_moves import lock_unions_of, log_batches, written
from app.services.events import record
from app.services.review import Decision


def record_payment(
    session: Session, actor: Actor, *, batch_id: int, amount: Decimal, paid_on: date, now: datetime
) -> GrassrootsPayment:
    """Record that the union has paid its whole share of the batch; it then doesn't lapse at the payment date.

    Raises ``share_not_owed`` and ``share_recorded`` (409), ``share_too_late``, ``share_differs``,
    ``paid_in_the_future``.
    """
    batch = _lock(session, actor, batch_id)
    for problem in _problems(session, [batch], now).values():
        raise problem
    check_payment_of_share(amount, batch.grassroots_share, paid_on, now.astimezone(SHANGHAI).date())
    _write_payments(session, actor, [batch.id], paid_on, now)
    return session.get_one(GrassrootsPayment, batch.id)


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
    record(
        session,
        actor,
        EventObject.ENROLMENT_BATCH,
        batch.id,
        "withdraw_payment",
        now=now,
        scope=batch,
        from_state=batch.status,
        to_state=batch.status,
        facts=facts,
    )
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
    lock_unions_of(session, wanted)
    return session.execute(
        select(EnrolmentBatch.id, EnrolmentBatch.year, EnrolmentBatch.status, EnrolmentBatch.grassroots_share)
        .where(wanted)
        .order_by(EnrolmentBatch.id)
        .with_for_update()
    ).all()


def _problems(session: Session, held: Sequence[Any], now: datetime) -> dict[int, RuleViolation]:
    """Why the share of some can't be recorded."""
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
    """A payment of the whole share and an event for each."""
    paid = {
        "batch_id": EnrolmentBatch.id.expression,
        "amount": EnrolmentBatch.grassroots_share.expression,
        "paid_on": paid_on,
        "recorded_by": actor.account_id,
        "recorded_at": now,
        "union_id": EnrolmentBatch.union_id.expression,
        "second_id": EnrolmentBatch.second_id.expression,
        "district_id": EnrolmentBatch.district_id.expression,
    }
    of_batches = select(*written(GrassrootsPayment, paid)).where(
        EnrolmentBatch.id == func.any(list(batch_ids))
    )
    session.execute(insert(GrassrootsPayment).from_select(list(paid), of_batches))
    state = EnrolmentBatch.status.cast(Text)
    share = EnrolmentBatch.grassroots_share.cast(Text)
    facts = func.jsonb_build_object("amount", share, "paid_on", paid_on.isoformat())
    log_batches(
        session, actor, "record_payment", batch_ids, now, from_state=state, to_state=state, facts=facts
    )
