"""The centre accepts or rejects what a district filed, the district pays, the centre settles (M4.7, Q38–Q43)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.clock import SHANGHAI
from app.models import (
    DistrictBatch,
    Enrolment,
    EnrolmentBatch,
    Event,
    EventObject,
    PaymentVoucher,
    ReasonKind,
)
from app.queries.beyond import reach_filed
from app.queries.years import get_year
from app.rules.enrolment import BatchAction, BatchStatus, EnrolmentStatus
from app.rules.messages import MessageKind
from app.rules.papers import SafePaper
from app.rules.settlement import (
    DistrictBatchAction,
    DistrictBatchStatus,
    VoucherStatus,
    check_payment,
    next_status,
    voucher_due_on,
    voucher_problems,
)
from app.rules.two_people import require_another
from app.rules.violations import RuleViolation
from app.security.actor import Actor
from app.security.roles import Permission, require
from app.security.visible import get_visible
from app.services.batch_moves import move_batches
from app.services.events import record, scope_of
from app.services.files import store_paper
from app.services.messages import tell_centre, tell_district, tell_operators
from app.services.reasons import require_reason


def accept_district_batch(session: Session, actor: Actor, *, batch_id: int, now: datetime) -> DistrictBatch:
    """The centre accepts; the voucher is due within the year's days from today. Never by who filed it."""
    batch = _lock(session, actor, Permission.CENTRE, batch_id)
    require_another("own_filing", batch.submitted_by, actor.account_id)
    before = _advance(session, batch, DistrictBatchAction.ACCEPT, now)
    batch.decided_by, batch.decided_at = actor.account_id, now
    batch.accepted_at = now
    batch.voucher_due_on = voucher_due_on(now, get_year(session, batch.year).voucher_due_days)
    _log(session, actor, batch, DistrictBatchAction.ACCEPT, before, now)
    tell_district(session, MessageKind.FILED_ACCEPTED, batch, now)
    return batch


def reject_district_batch(
    session: Session, actor: Actor, *, batch_id: int, reason_code: str, text: str = "", now: datetime
) -> DistrictBatch:
    """The centre rejects, with a reason: the enrolment batches are approved again and wait for filing.

    Never by who filed it.
    """
    batch = _lock(session, actor, Permission.CENTRE, batch_id)
    require_another("own_filing", batch.submitted_by, actor.account_id)
    note = require_reason(session, ReasonKind.CENTRE_REJECT, reason_code, text)
    before = _advance(session, batch, DistrictBatchAction.REJECT, now)
    batch.reject_reason, batch.reject_text = reason_code, note
    batch.decided_by, batch.decided_at = actor.account_id, now
    session.flush()
    reach_filed(session, batch.id)
    move_batches(
        session,
        actor,
        BatchAction.BOUNCE,
        BatchStatus.FORWARDED,
        BatchStatus.APPROVED,
        _filed_in(session, batch),
        now,
        district_batch_id=None,
    )
    _log(session, actor, batch, DistrictBatchAction.REJECT, before, now, reason_code=reason_code, text=note)
    _tell_rejected(session, MessageKind.FILED_REJECTED, batch, ReasonKind.CENTRE_REJECT, reason_code, now)
    return batch


@dataclass(frozen=True, slots=True)
class VoucherDetails:
    title: str
    amount: Decimal
    paid_on: date


def upload_voucher(
    session: Session,
    actor: Actor,
    *,
    batch_id: int,
    paper: SafePaper,
    details: VoucherDetails,
    now: datetime,
) -> PaymentVoucher:
    """The district's proof of payment, opened and found harmless. One at a time (Q41–Q42)."""
    batch = _lock(session, actor, Permission.UPLOAD_VOUCHER, batch_id)
    today = now.astimezone(SHANGHAI).date()
    for problem in voucher_problems(details.title, details.amount, details.paid_on, today):
        raise problem
    stored = store_paper(session, paper, now)
    before = _advance(session, batch, DistrictBatchAction.UPLOAD_VOUCHER, now)
    voucher = PaymentVoucher(
        district_batch_id=batch.id,
        title=details.title.strip() or stored.name,
        file_id=stored.id,
        amount=details.amount,
        paid_on=details.paid_on,
        status=VoucherStatus.UNDER_REVIEW,
        uploaded_by=actor.account_id,
        uploaded_at=now,
        **scope_of(batch),
    )
    session.add(voucher)
    session.flush()
    _log(
        session,
        actor,
        batch,
        DistrictBatchAction.UPLOAD_VOUCHER,
        before,
        now,
        facts={"voucher": voucher.id, "amount": str(voucher.amount)},
    )
    tell_centre(session, MessageKind.VOUCHER_ARRIVED, batch, now, voucher)
    return voucher


def settle_voucher(session: Session, actor: Actor, *, voucher_id: int, now: datetime) -> DistrictBatch:
    """核销: what was paid is what is owed; the batch completes and its people are covered.

    Never by who uploaded the voucher. A constant number of statements whatever the batch's size.
    """
    voucher, batch = _lock_voucher(session, actor, voucher_id)
    check_payment(voucher.amount, batch.owed)
    before = _advance(session, batch, DistrictBatchAction.SETTLE, now, settled_at=now)
    voucher.status = VoucherStatus.SETTLED
    voucher.decided_by, voucher.decided_at = actor.account_id, now
    session.flush()
    filed = _filed_in(session, batch)
    move_batches(session, actor, BatchAction.SETTLE, BatchStatus.FORWARDED, BatchStatus.COMPLETED, filed, now)
    session.execute(
        update(Enrolment)
        .where(Enrolment.year == batch.year, Enrolment.batch_id == func.any(filed))
        .values(status=EnrolmentStatus.ACTIVE)
        .execution_options(synchronize_session=False)
    )
    _log(session, actor, batch, DistrictBatchAction.SETTLE, before, now, facts={"voucher": voucher.id})
    tell_district(session, MessageKind.VOUCHER_SETTLED, batch, now)
    tell_operators(session, MessageKind.BATCH_COMPLETED, filed, now)
    return batch


def reject_voucher(
    session: Session, actor: Actor, *, voucher_id: int, reason_code: str, text: str = "", now: datetime
) -> PaymentVoucher:
    """The clerk rejects a voucher, with a reason; the district uploads another."""
    voucher, batch = _lock_voucher(session, actor, voucher_id)
    note = require_reason(session, ReasonKind.VOUCHER_REJECT, reason_code, text)
    before = _advance(session, batch, DistrictBatchAction.REJECT_VOUCHER, now)
    voucher.status = VoucherStatus.REJECTED
    voucher.reject_reason, voucher.reject_text = reason_code, note
    voucher.decided_by, voucher.decided_at = actor.account_id, now
    session.flush()
    _log(
        session,
        actor,
        batch,
        DistrictBatchAction.REJECT_VOUCHER,
        before,
        now,
        reason_code=reason_code,
        text=note,
        facts={"voucher": voucher.id},
    )
    _tell_rejected(session, MessageKind.VOUCHER_REJECTED, batch, ReasonKind.VOUCHER_REJECT, reason_code, now)
    return voucher


def _tell_rejected(
    session: Session, kind: MessageKind, batch: DistrictBatch, of: ReasonKind, reason: str, now: datetime
) -> None:
    tell_district(session, kind, batch, now, reason=reason, reason_kind=of.value)


def _lock(session: Session, actor: Actor, permission: Permission, batch_id: int) -> DistrictBatch:
    require(actor, permission)
    return get_visible(session, actor, DistrictBatch, batch_id, lock=True)


def _lock_voucher(session: Session, actor: Actor, voucher_id: int) -> tuple[PaymentVoucher, DistrictBatch]:
    """The voucher and its batch, the batch locked first; a decided voucher tells who decided and when.

    Nobody decides about a voucher that they uploaded themselves.
    """
    require(actor, Permission.CENTRE)
    seen = get_visible(session, actor, PaymentVoucher, voucher_id)
    batch = get_visible(session, actor, DistrictBatch, seen.district_batch_id, lock=True)
    voucher = get_visible(session, actor, PaymentVoucher, voucher_id, lock=True)
    if voucher.status is not VoucherStatus.UNDER_REVIEW:
        who, at = last_district_move(session, batch.id)
        raise RuleViolation("voucher_decided", status=409, state=voucher.status, who=who, at=at)
    require_another("own_voucher", voucher.uploaded_by, actor.account_id)
    return voucher, batch


def last_district_move(session: Session, batch_id: int) -> tuple[str, datetime | None]:
    row = session.execute(
        select(Event.actor_name, Event.at)
        .where(Event.object_kind == EventObject.DISTRICT_BATCH, Event.object_id == batch_id)
        .order_by(Event.sequence.desc())
        .limit(1)
    ).first()
    return (row.actor_name, row.at) if row else ("", None)


def _advance(
    session: Session,
    batch: DistrictBatch,
    action: DistrictBatchAction,
    now: datetime,
    *,
    settled_at: datetime | None = None,
) -> DistrictBatchStatus:
    """Move the locked batch; answers the state before. A wrong one tells who moved it, and when."""
    before = batch.status
    try:
        batch.status = next_status(before, action)
    except RuleViolation as refused:
        who, at = last_district_move(session, batch.id)
        raise RuleViolation(
            refused.code, status=refused.status, action=action, state=before, who=who, at=at
        ) from None
    batch.settled_at = settled_at
    batch.updated_at = now
    return before


def _filed_in(session: Session, batch: DistrictBatch) -> list[int]:
    return list(
        session.scalars(
            select(EnrolmentBatch.id)
            .where(EnrolmentBatch.district_batch_id == batch.id)
            .order_by(EnrolmentBatch.id)
            .with_for_update()
        )
    )


def _log(
    session: Session,
    actor: Actor,
    batch: DistrictBatch,
    action: str,
    before: DistrictBatchStatus | None,
    now: datetime,
    **details: Any,
) -> None:
    record(
        session,
        actor,
        EventObject.DISTRICT_BATCH,
        batch.id,
        action,
        now=now,
        scope=batch,
        from_state=before,
        to_state=batch.status,
        **details,
    )
