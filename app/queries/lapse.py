"""Which batches a boundary lapses, and what has lapsed (domain sections 3 and 9).

Whoever has an extension that still runs lapses at its end: one of submitting, for what has to be paid; one of
submitting, reviewing or filing, for what has to be filed. An extension counts for its union and all below.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Integer,
    Row,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import Session

from app.clock import SHANGHAI, midnight
from app.models import (
    EnrolmentBatch,
    Event,
    EventObject,
    GrassrootsPayment,
    ProtectionWindow,
    ProtectionYear,
    Union,
    WindowExtension,
)
from app.queries.beyond import name_of_account
from app.rules.boundaries import DAYS_TO_REFILE, Boundary
from app.rules.enrolment import BatchAction, EnrolmentKind, LapseReason, sources
from app.rules.years import WindowName

TO_PAY = (WindowName.GRASSROOTS_SUBMIT,)
TO_FILE = (WindowName.GRASSROOTS_SUBMIT, WindowName.REVIEW, WindowName.DISTRICT_SUBMIT)

SHARE_UNPAID = and_(
    EnrolmentBatch.grassroots_share > 0, ~exists().where(GrassrootsPayment.batch_id == EnrolmentBatch.id)
)
"""The union pays a part of the batch itself, and nobody has recorded that it did."""


def unpaid_at(boundary: Boundary) -> ColumnElement[bool]:
    """Batches whose union's own share should have been paid by then and isn't recorded.

    Due is what was submitted before the payment date; what came later is due when submitting ends.
    """
    over = and_(
        ProtectionYear.year == boundary.year,
        ProtectionYear.grassroots_payment_due <= boundary.at,
        or_(
            EnrolmentBatch.submitted_at < ProtectionYear.grassroots_payment_due,
            _is_over(WindowName.GRASSROOTS_SUBMIT, boundary),
        ),
    )
    return and_(
        _undecided(boundary),
        SHARE_UNPAID,
        exists().where(over),
        ~_extended(TO_PAY, boundary),
    )


def unfiled_at(boundary: Boundary) -> ColumnElement[bool]:
    """Batches that should have been filed by then; those that the centre rejected are another boundary's."""
    return and_(
        _undecided(boundary),
        _is_over(WindowName.DISTRICT_SUBMIT, boundary),
        ~_extended(TO_FILE, boundary),
        ~_may_still_be_refiled(boundary),
    )


@dataclass(frozen=True, slots=True)
class Overdue:
    """What a boundary lapses, as statements that are made once and asked at every step: making them costs as much as
    asking them.

    ``some``: ``(id, union_id, headcount)`` of up to ``:most`` batches behind ``:after``. ``unions``: those of
    ``:unions``, held. ``batches``: ``(id, union_id, year, headcount, status, why)`` of those of ``:ids`` that are of
    held ``:unions`` and still lapse, held too. In passing, what somebody else holds is left out.
    """

    some: Select[int, int, int]
    unions: Select[int]
    batches: Select[*tuple[Any, ...]]


@lru_cache(maxsize=8)
def overdue_unpaid(boundary: Boundary, *, wait: bool) -> Overdue:
    """The batches of ``unpaid_at``."""
    return _overdue(unpaid_at(boundary), literal(LapseReason.UNPAID.value), wait)


@lru_cache(maxsize=8)
def overdue_unfiled(boundary: Boundary, *, wait: bool) -> Overdue:
    """The batches of ``unfiled_at``: each was never filed, or it came back."""
    why = case((_came_back(), literal(LapseReason.REJECTED.value)), else_=literal(LapseReason.UNFILED.value))
    return _overdue(unfiled_at(boundary), why, wait)


def _overdue(condition: ColumnElement[bool], why: ColumnElement[str], wait: bool) -> Overdue:
    unions = func.any(bindparam("unions", type_=ARRAY(BigInteger)))
    some = (
        select(EnrolmentBatch.id, EnrolmentBatch.union_id, EnrolmentBatch.headcount)
        .where(condition, EnrolmentBatch.id > bindparam("after", type_=BigInteger))
        .order_by(EnrolmentBatch.id)
        .limit(bindparam("most", type_=Integer))
    )
    batches = (
        select(
            EnrolmentBatch.id,
            EnrolmentBatch.union_id,
            EnrolmentBatch.year,
            EnrolmentBatch.headcount,
            EnrolmentBatch.status,
            why.label("why"),
        )
        .where(
            condition,
            EnrolmentBatch.id == func.any(bindparam("ids", type_=ARRAY(BigInteger))),
            EnrolmentBatch.union_id == unions,
        )
        .order_by(EnrolmentBatch.id)
        .with_for_update(of=EnrolmentBatch, skip_locked=not wait)
    )
    held = select(Union.id).where(Union.id == unions).order_by(Union.id)
    return Overdue(some, held.with_for_update(key_share=True, skip_locked=not wait), batches)


def _undecided(boundary: Boundary) -> ColumnElement[bool]:
    return and_(
        EnrolmentBatch.year == boundary.year,
        EnrolmentBatch.status.in_(sources(BatchAction.LAPSE)),
        EnrolmentBatch.kind == EnrolmentKind.COLLECTIVE,
    )


def _is_over(window: WindowName, boundary: Boundary) -> ColumnElement[bool]:
    return exists().where(
        ProtectionWindow.year == boundary.year,
        ProtectionWindow.name == window,
        ProtectionWindow.closes_at <= boundary.at,
    )


def _extended(windows: Sequence[WindowName], boundary: Boundary) -> ColumnElement[bool]:
    return exists().where(
        WindowExtension.year == boundary.year,
        WindowExtension.window.in_(windows),
        WindowExtension.closes_at > boundary.at,
        WindowExtension.union_id.in_(
            [EnrolmentBatch.union_id, EnrolmentBatch.second_id, EnrolmentBatch.district_id]
        ),
    )


def _came_back(*further: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(
        Event.object_kind == EventObject.ENROLMENT_BATCH,
        Event.object_id == EnrolmentBatch.id,
        Event.action == BatchAction.BOUNCE.value,
        *further,
    )


def _may_still_be_refiled(boundary: Boundary) -> ColumnElement[bool]:
    """The centre rejected it after filing had closed, and the days for an extension and filing again aren't over."""
    day = boundary.at.astimezone(SHANGHAI).date()
    closed = select(ProtectionWindow.closes_at).where(
        ProtectionWindow.year == boundary.year, ProtectionWindow.name == WindowName.DISTRICT_SUBMIT
    )
    return _came_back(
        Event.at >= midnight(day - timedelta(days=DAYS_TO_REFILE)), Event.at >= closed.scalar_subquery()
    )


def overdue_among(session: Session, batch_ids: Sequence[int], years: Set[int], now: datetime) -> set[int]:
    """Those of the batches, which are of these years, whose union's own share can't be paid in time any more."""
    among = EnrolmentBatch.id == func.any(list(batch_ids))
    found: set[int] = set()
    for year in years:
        due = unpaid_at(Boundary("", year, now))
        found |= set(session.scalars(select(EnrolmentBatch.id).where(among, due)))
    return found


def payment_of(session: Session, batch: EnrolmentBatch) -> Row[*tuple[Any, ...]] | None:
    """``(GrassrootsPayment, who)``: what was recorded of the batch, and by whom."""
    recorded = select(GrassrootsPayment, name_of_account(GrassrootsPayment.recorded_by).label("who"))
    return session.execute(recorded.where(GrassrootsPayment.batch_id == batch.id)).one_or_none()


def paid_among(session: Session, batch_ids: Sequence[int]) -> set[int]:
    """Those of the batches whose union's own share is recorded as paid."""
    paid = select(GrassrootsPayment.batch_id).where(GrassrootsPayment.batch_id.in_(batch_ids))
    return set(session.scalars(paid))
