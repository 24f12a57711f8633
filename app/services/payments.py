"""基层单位缴费: a level above the union records that its own share of a batch has arrived (M4.1)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import SHANGHAI
from app.models import EnrolmentBatch, EventObject, GrassrootsPayment, Union
from app.queries.lapse import is_overdue
from app.rules.payments import check_payment_of_share, owes_a_share
from app.rules.violations import RuleViolation
from app.security.actor import Actor
from app.security.roles import Permission, require
from app.security.visible import get_visible
from app.services.events import record, scope_of


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
