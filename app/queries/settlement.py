"""What districts filed and paid, as the districts and the centre read it (M4.7–4.8, Q38–Q43)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session, aliased

from app.models import (
    DistrictBatch,
    DistrictBatchPlan,
    EnrolmentBatch,
    Notice,
    NoticeVersion,
    PaymentVoucher,
    Plan,
    StoredFile,
    Union,
)
from app.queries.days import on_days
from app.queries.paging import Cursor, Page, page_of
from app.rules.settlement import DistrictBatchStatus, VoucherStatus
from app.rules.violations import not_found
from app.security.actor import Actor
from app.security.visible import get_visible, visible_to


@dataclass(frozen=True, slots=True)
class DistrictBatchFilter:
    """Empty parts don't filter. Days are Shanghai's, both included."""

    number: str = ""
    district_name: str = ""
    status: DistrictBatchStatus | None = None
    submitted_from: date | None = None
    submitted_to: date | None = None


def district_batches(
    session: Session, actor: Actor, wanted: DistrictBatchFilter, cursor: Cursor, *, oldest_first: bool = False
) -> Page:
    """``(DistrictBatch, district_name, voucher_uploaded_at)``, the latest voucher's instant."""
    uploaded = (
        select(func.max(PaymentVoucher.uploaded_at))
        .where(PaymentVoucher.district_batch_id == DistrictBatch.id)
        .scalar_subquery()
    )
    query = (
        select(DistrictBatch, Union.name.label("district_name"), uploaded.label("voucher_uploaded_at"))
        .join(Union, Union.id == DistrictBatch.union_id)
        .where(visible_to(actor, DistrictBatch))
    )
    if wanted.number:
        query = query.where(DistrictBatch.number.startswith(wanted.number.upper(), autoescape=True))
    if wanted.district_name:
        query = query.where(Union.name.contains(wanted.district_name, autoescape=True))
    if wanted.status is not None:
        query = query.where(DistrictBatch.status == wanted.status)
    query = query.where(*on_days(DistrictBatch.submitted_at, wanted.submitted_from, wanted.submitted_to))
    return page_of(session, query, [DistrictBatch.id], cursor, descending=not oldest_first)


def waiting_rejections(session: Session, actor: Actor, year: int) -> Sequence[DistrictBatch]:
    """What the centre rejected and since which the district has filed nothing in that year.

    A rejection is a batch's last change, so that is when it happened.
    """
    later = aliased(DistrictBatch)
    filed_again = (
        select(later.id)
        .where(
            later.district_id == DistrictBatch.district_id,
            later.year == DistrictBatch.year,
            later.submitted_at > DistrictBatch.updated_at,
        )
        .exists()
    )
    return session.scalars(
        select(DistrictBatch)
        .where(
            visible_to(actor, DistrictBatch),
            DistrictBatch.year == year,
            DistrictBatch.status == DistrictBatchStatus.REJECTED,
            ~filed_again,
        )
        .order_by(DistrictBatch.id)
    ).all()


def count_overdue(session: Session, actor: Actor, today: date) -> int:
    """District batches that the centre accepted and whose voucher is late; the due day itself is in time."""
    overdue = select(func.count()).where(
        visible_to(actor, DistrictBatch),
        DistrictBatch.status == DistrictBatchStatus.AWAITING_PAYMENT,
        DistrictBatch.voucher_due_on < today,
    )
    return session.scalar(overdue) or 0


def plans_filed(session: Session, batch: DistrictBatch) -> list[Row[*tuple[Any, ...]]]:
    """``(DistrictBatchPlan, name)`` in the plans' order."""
    return list(
        session.execute(
            select(DistrictBatchPlan, Plan.name.label("name"))
            .join(Plan, Plan.code == DistrictBatchPlan.plan)
            .where(DistrictBatchPlan.district_batch_id == batch.id)
            .order_by(Plan.position)
        )
    )


def batches_filed(session: Session, batch: DistrictBatch, cursor: Cursor) -> Page:
    """The enrolment batches inside: ``(EnrolmentBatch, union_name, union_code)``; none once rejected."""
    query = (
        select(EnrolmentBatch, Union.name.label("union_name"), Union.code.label("union_code"))
        .join(Union, Union.id == EnrolmentBatch.union_id)
        .where(EnrolmentBatch.district_batch_id == batch.id)
    )
    return page_of(session, query, [EnrolmentBatch.id], cursor, descending=False)


def vouchers_of(session: Session, batch: DistrictBatch) -> Sequence[Row[*tuple[Any, ...]]]:
    """Newest first: ``(PaymentVoucher, file_name, media_type, size)``."""
    return session.execute(
        select(
            PaymentVoucher,
            StoredFile.name.label("file_name"),
            StoredFile.media_type.label("media_type"),
            StoredFile.size.label("size"),
        )
        .join(StoredFile, StoredFile.id == PaymentVoucher.file_id)
        .where(PaymentVoucher.district_batch_id == batch.id)
        .order_by(PaymentVoucher.id.desc())
    ).all()


def vouchers_to_check(
    session: Session, actor: Actor, cursor: Cursor, *, number: str = "", district_name: str = ""
) -> Page:
    """The centre's voucher queue, first uploaded first: ``(PaymentVoucher, DistrictBatch, district_name)``."""
    query = (
        select(PaymentVoucher, DistrictBatch, Union.name.label("district_name"))
        .join(DistrictBatch, DistrictBatch.id == PaymentVoucher.district_batch_id)
        .join(Union, Union.id == DistrictBatch.union_id)
        .where(visible_to(actor, PaymentVoucher), PaymentVoucher.status == VoucherStatus.UNDER_REVIEW)
    )
    if number:
        query = query.where(DistrictBatch.number.startswith(number.upper(), autoescape=True))
    if district_name:
        query = query.where(Union.name.contains(district_name, autoescape=True))
    return page_of(session, query, [PaymentVoucher.id], cursor, descending=False)


def voucher_file(session: Session, actor: Actor, voucher_id: int) -> StoredFile:
    """The uploaded file; 404 for a voucher that isn't the actor's to see."""
    voucher = get_visible(session, actor, PaymentVoucher, voucher_id)
    return session.get_one(StoredFile, voucher.file_id)


def district_notice(session: Session, actor: Actor, batch: DistrictBatch) -> tuple[Notice, NoticeVersion]:
    """The newest version of the batch's 告知书; 404 if it isn't the actor's to see."""
    row = session.execute(
        select(Notice, NoticeVersion)
        .join(NoticeVersion, NoticeVersion.notice_id == Notice.id)
        .where(Notice.district_batch_id == batch.id, visible_to(actor, Notice))
        .order_by(NoticeVersion.version.desc())
        .limit(1)
    ).first()
    if row is None:
        raise not_found("notice")
    return row[0], row[1]
