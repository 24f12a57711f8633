"""What reviewers read: the two lists, what is in a batch, and what has changed since its submit (M4.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.models import DistrictBatch, Enrolment, EnrolmentBatch, Member, Plan, RetirementKeep, Union
from app.queries.beginnings import begins_with
from app.queries.days import on_days
from app.queries.enrolment import statutory_retirement
from app.queries.lapse import SHARE_UNPAID
from app.queries.paging import Cursor, Page, page_of
from app.queries.years import get_year
from app.rules.enrolment import BatchStatus, Channel, EnrolmentKind
from app.rules.fees import Amounts
from app.rules.identity import plain_name
from app.rules.members import EmploymentStatus
from app.rules.payments import AWAITING_PAYMENT
from app.security.actor import Actor
from app.security.visible import visible_to

Parent = aliased(Union, name="parent")
PEOPLE_LOOKED_AT = 1_000
"""Of a batch on a list; of a larger one its own page tells who has changed."""
GONE = (EmploymentStatus.DECEASED, EmploymentStatus.RETIRED)
_KEEP = and_(RetirementKeep.year == Enrolment.year, RetirementKeep.member_id == Enrolment.member_id)


@dataclass(frozen=True, slots=True)
class ReviewFilter:
    """What a reviewer looks for; empty parts don't filter. Days are Shanghai's, both included."""

    year: int
    union_name: str = ""
    union_code: str = ""
    parent_name: str = ""
    plan: str = ""
    channel: Channel | None = None
    submitted_from: date | None = None
    submitted_to: date | None = None


@dataclass(frozen=True, slots=True)
class ListTotals:
    """What a list comes to; yuan."""

    batches: int
    headcount: int
    member_card: int
    social_card: int
    amounts: Amounts


def batches_for_review(
    session: Session, actor: Actor, status: BatchStatus, wanted: ReviewFilter, cursor: Cursor
) -> Page:
    """Collective batches in ``status``, first submitted first: ``(EnrolmentBatch, union_name, union_code,
    parent_name, plan_name)``."""
    query = (
        select(
            EnrolmentBatch,
            Union.name.label("union_name"),
            Union.code.label("union_code"),
            Parent.name.label("parent_name"),
            Plan.name.label("plan_name"),
        )
        .join(Union, Union.id == EnrolmentBatch.union_id)
        .outerjoin(Parent, Parent.id == Union.parent_id)
        .join(Plan, Plan.code == EnrolmentBatch.plan)
        .where(*_in_list(actor, status, wanted.year))
    )
    return page_of(session, _narrowed(query, wanted), [EnrolmentBatch.id], cursor, descending=False)


def list_totals(session: Session, actor: Actor, status: BatchStatus, year: int) -> ListTotals:
    """The whole list, whatever filter a page shows it with: what a filing takes is never filtered."""
    headcount, channel = EnrolmentBatch.headcount, EnrolmentBatch.channel
    money = (
        EnrolmentBatch.fee,
        EnrolmentBatch.municipal_share,
        EnrolmentBatch.district_share,
        EnrolmentBatch.grassroots_share,
    )
    batches, people, member_card, social_card, *shares = session.execute(
        select(
            func.count(),
            func.coalesce(func.sum(headcount), 0),
            func.coalesce(func.sum(headcount).filter(channel == Channel.MEMBER_CARD), 0),
            func.coalesce(func.sum(headcount).filter(channel == Channel.SOCIAL_CARD), 0),
            *(func.coalesce(func.sum(share), 0) for share in money),
        ).where(*_in_list(actor, status, year))
    ).one()
    return ListTotals(batches, people, member_card, social_card, Amounts(*shares))


def plan_lines(session: Session, actor: Actor, status: BatchStatus, year: int) -> list[Row[*tuple[Any, ...]]]:
    """The same list by plan: ``(plan, name, batches, headcount, fee, owed)``."""
    owed = EnrolmentBatch.district_share + EnrolmentBatch.grassroots_share
    return list(
        session.execute(
            select(
                Plan.code.label("plan"),
                Plan.name.label("name"),
                func.count().label("batches"),
                func.sum(EnrolmentBatch.headcount).label("headcount"),
                func.sum(EnrolmentBatch.fee).label("fee"),
                func.sum(owed).label("owed"),
            )
            .join(Plan, Plan.code == EnrolmentBatch.plan)
            .where(*_in_list(actor, status, year))
            .group_by(Plan.code)
            .order_by(Plan.position)
        )
    )


def batch_heads(session: Session, actor: Actor, batch_ids: Sequence[int]) -> dict[int, Row[*tuple[Any, ...]]]:
    """``(id, number, union_name, headcount)`` of the batches that are the actor's to see."""
    rows = session.execute(
        select(
            EnrolmentBatch.id, EnrolmentBatch.number, Union.name.label("union_name"), EnrolmentBatch.headcount
        )
        .join(Union, Union.id == EnrolmentBatch.union_id)
        .where(EnrolmentBatch.id == func.any(list(batch_ids)), visible_to(actor, EnrolmentBatch))
    )
    return {row.id: row for row in rows}


def shares_owed(session: Session, actor: Actor, batch_ids: Sequence[int]) -> list[Row[*tuple[Any, ...]]]:
    """``(id, number, union_name, headcount, grassroots_share, pay_by)`` of those of the batches whose union's own share
    is owed and not recorded, by the union's name."""
    return list(
        session.execute(
            select(
                EnrolmentBatch.id,
                EnrolmentBatch.number,
                Union.name.label("union_name"),
                EnrolmentBatch.headcount,
                EnrolmentBatch.grassroots_share,
                EnrolmentBatch.pay_by,
            )
            .join(Union, Union.id == EnrolmentBatch.union_id)
            .where(
                EnrolmentBatch.id == func.any(list(batch_ids)),
                EnrolmentBatch.status.in_(sorted(AWAITING_PAYMENT)),
                SHARE_UNPAID,
                visible_to(actor, EnrolmentBatch),
            )
            .order_by(Union.name, EnrolmentBatch.id)
        )
    )


def people_in_batch(session: Session, batch: EnrolmentBatch, cursor: Cursor, *, name: str = "") -> Page:
    """``(Enrolment, Member, keep_reason, keep_file_id)`` by member; the caller has looked the batch up within its
    scope."""
    query = (
        select(
            Enrolment,
            Member,
            RetirementKeep.reason.label("keep_reason"),
            RetirementKeep.file_id.label("keep_file_id"),
        )
        .join(Member, Member.id == Enrolment.member_id)
        .outerjoin(RetirementKeep, _KEEP)
        .where(Enrolment.year == batch.year, Enrolment.batch_id == batch.id)
    )
    if name:
        query = query.where(begins_with(Member.name, plain_name(name)))
    return page_of(session, query, [Enrolment.member_id], cursor, descending=False)


def names_in_batch(session: Session, batch: EnrolmentBatch, member_ids: Sequence[int]) -> dict[int, str]:
    """The names of those of ``member_ids`` who are in the batch."""
    rows = session.execute(
        select(Member.id, Member.name)
        .join(Enrolment, Enrolment.member_id == Member.id)
        .where(
            Enrolment.year == batch.year,
            Enrolment.batch_id == batch.id,
            Enrolment.member_id == func.any(list(member_ids)),
        )
        .order_by(Member.id)
    )
    return {row[0]: row[1] for row in rows}


def changed_since_submit(session: Session, batch: EnrolmentBatch, limit: int = 100) -> list[Member]:
    """提交后状态变化: people of the batch who are known by now to have died, retired or passed the line."""
    return list(
        session.scalars(
            select(Member)
            .join(Enrolment, Enrolment.member_id == Member.id)
            .outerjoin(RetirementKeep, _KEEP)
            .where(
                Enrolment.year == batch.year,
                Enrolment.batch_id == batch.id,
                _changed(batch.cover_start),
            )
            .order_by(Member.id)
            .limit(limit)
        )
    )


def changed_counts(session: Session, year: int, batches: Sequence[EnrolmentBatch]) -> dict[int, int | None]:
    """How many of each batch's people have changed since its submit; batches without any are left out.

    ``None`` for those of more than ``PEOPLE_LOOKED_AT``: a list doesn't look at thousands to show a line.
    """
    small = [batch.id for batch in batches if batch.headcount <= PEOPLE_LOOKED_AT]
    rows = session.execute(
        select(Enrolment.batch_id, func.count())
        .join(Member, Member.id == Enrolment.member_id)
        .outerjoin(RetirementKeep, _KEEP)
        .where(
            Enrolment.year == year,
            Enrolment.batch_id == func.any(small),
            _changed(get_year(session, year).cover_start),
        )
        .group_by(Enrolment.batch_id)
    )
    large = {batch.id: None for batch in batches if batch.headcount > PEOPLE_LOOKED_AT}
    return {row[0]: row[1] for row in rows} | large


def last_handler(session: Session, actor: Actor) -> DistrictBatch | None:
    """The district's latest filing: its handler is proposed for the next."""
    return session.scalar(
        select(DistrictBatch)
        .where(DistrictBatch.union_id == actor.union_id, visible_to(actor, DistrictBatch))
        .order_by(DistrictBatch.id.desc())
        .limit(1)
    )


def _changed(cover_start: date) -> ColumnElement[bool]:
    """Nobody is submitted dead, retired, or past the line without being kept: who is now has changed since.

    A birth date or a class may have been corrected, or a registry has answered.
    """
    retired, _unclear = statutory_retirement(cover_start)
    return or_(Member.employment_status.in_(GONE), and_(retired, RetirementKeep.member_id.is_(None)))


def _in_list(actor: Actor, status: BatchStatus, year: int) -> list[ColumnElement[bool]]:
    return [
        visible_to(actor, EnrolmentBatch),
        EnrolmentBatch.year == year,
        EnrolmentBatch.status == status,
        EnrolmentBatch.kind == EnrolmentKind.COLLECTIVE,
    ]


def _narrowed(query: Select[*tuple[Any, ...]], wanted: ReviewFilter) -> Select[*tuple[Any, ...]]:
    if wanted.union_name:
        query = query.where(Union.name.contains(wanted.union_name, autoescape=True))
    if wanted.union_code:
        query = query.where(Union.code.startswith(wanted.union_code.upper(), autoescape=True))
    if wanted.parent_name:
        query = query.where(Parent.name.contains(wanted.parent_name, autoescape=True))
    if wanted.plan:
        query = query.where(EnrolmentBatch.plan == wanted.plan)
    if wanted.channel is not None:
        query = query.where(EnrolmentBatch.channel == wanted.channel)
    return query.where(*on_days(EnrolmentBatch.submitted_at, wanted.submitted_from, wanted.submitted_to))
