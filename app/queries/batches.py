"""Batches of enrolment as their union sees them: the list, marked members, notices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, bindparam, func, select
from sqlalchemy.orm import Session, aliased

from app.models import (
    Enrolment,
    EnrolmentBatch,
    Event,
    EventObject,
    Member,
    Notice,
    NoticeKind,
    NoticeVersion,
)
from app.queries.days import on_days
from app.queries.paging import Cursor, Page, page_of
from app.rules.enrolment import LIVE_BATCHES, BatchAction, BatchStatus, Channel, EnrolmentKind
from app.rules.fees import Amounts
from app.security.actor import Actor
from app.security.standpoint import Standpoint, place_of, standpoint_of
from app.security.visible import visible_to

MONEY = ("fee", "municipal_share", "district_share", "grassroots_share")
"""A batch's amounts, in the order of ``Amounts``."""

Later = aliased(EnrolmentBatch, name="later")
"""Made once: every alias works out its columns anew, which costs a page more than the question asked with it."""

SUBMITTED_AGAIN = (
    select(Later.id)
    .where(
        Later.union_id == EnrolmentBatch.union_id,
        Later.year == EnrolmentBatch.year,
        Later.channel == EnrolmentBatch.channel,
        Later.submitted_at > EnrolmentBatch.decided_at,
    )
    .exists()
)
"""Of a returned batch: its union has submitted in the same channel since."""


@dataclass(frozen=True, slots=True)
class BatchFilter:
    """What a list of batches is narrowed to; days are in Shanghai, both included."""

    channel: Channel | None = None
    number: str = ""
    submitted_from: date | None = None
    submitted_to: date | None = None
    status: BatchStatus | None = None
    kind: EnrolmentKind | None = None
    year: int | None = None
    union_id: int | None = None


def batches(session: Session, actor: Actor, wanted: BatchFilter, cursor: Cursor) -> Page:
    """The batches that the actor may see, newest first."""
    return page_of(session, _narrowed(select(EnrolmentBatch), actor, wanted), [EnrolmentBatch.id], cursor)


def marked_people(session: Session, actor: Actor, batch: EnrolmentBatch) -> Sequence[Member]:
    """The members whom the reviewer pointed at when returning the batch."""
    return session.scalars(
        select(Member)
        .join(Enrolment, Enrolment.member_id == Member.id)
        .where(
            Enrolment.year == batch.year,
            Enrolment.batch_id == batch.id,
            Enrolment.marked.is_(True),
            visible_to(actor, Enrolment),
        )
        .order_by(Member.id)
    ).all()


def waiting_returns(
    union_id: int | ColumnElement[int],
    year: int | ColumnElement[int],
    channel: Channel | ColumnElement[Channel],
) -> Select[EnrolmentBatch]:
    """The union's returned batches of the channel since which it has submitted nothing there."""
    return (
        select(EnrolmentBatch)
        .where(
            EnrolmentBatch.union_id == union_id,
            EnrolmentBatch.year == year,
            EnrolmentBatch.channel == channel,
            EnrolmentBatch.status == BatchStatus.RETURNED,
            ~SUBMITTED_AGAIN,
        )
        .order_by(EnrolmentBatch.id)
    )


# Put together once: every confirmation screen asks it.
WAITING_RETURNS = waiting_returns(bindparam("of_union"), bindparam("in_year"), bindparam("by_channel"))


def returns_waiting(session: Session, union_id: int, year: int, channel: Channel) -> Sequence[EnrolmentBatch]:
    """The union's ``waiting_returns``, the oldest first."""
    asked = {"of_union": union_id, "in_year": year, "by_channel": channel}
    return session.scalars(WAITING_RETURNS, asked).all()


def grassroots_notice(session: Session, actor: Actor, union_id: int, year: int) -> Notice | None:
    """A union's notice of a year; every submit makes a further version of it."""
    asked = {"of_union": union_id, "in_year": year, **place_of(actor)}
    return session.scalar(_grassroots_notice(standpoint_of(actor)), asked)


@lru_cache(maxsize=64)
def _grassroots_notice(asker: Standpoint) -> Select[Notice]:
    return select(Notice).where(
        Notice.union_id == bindparam("of_union"),
        Notice.year == bindparam("in_year"),
        Notice.kind == NoticeKind.GRASSROOTS,
        visible_to(asker, Notice),
    )


def notice_versions(session: Session, notice: Notice | None) -> Sequence[NoticeVersion]:
    """All versions of a notice, newest first."""
    if notice is None:
        return []
    return session.scalars(VERSIONS, {"of_notice": notice.id}).all()


VERSIONS = (
    select(NoticeVersion)
    .where(NoticeVersion.notice_id == bindparam("of_notice"))
    .order_by(NoticeVersion.version.desc())
)


class IssuedNotice(NamedTuple):
    """A notice as it was last issued."""

    id: int
    number: str
    version: int


# One statement for both, since every submit asks: the notice's columns are the same in each row.
LIVE_FIGURES = (
    select(
        EnrolmentBatch.plan,
        EnrolmentBatch.channel,
        func.sum(EnrolmentBatch.headcount).label("people"),
        *(func.sum(getattr(EnrolmentBatch, share)).label(share) for share in MONEY),
        Notice.id.label("notice_id"),
        Notice.number,
        select(func.max(NoticeVersion.version))
        .where(NoticeVersion.notice_id == Notice.id)
        .scalar_subquery()
        .label("version"),
    )
    .outerjoin(
        Notice,
        (Notice.union_id == EnrolmentBatch.union_id)
        & (Notice.year == EnrolmentBatch.year)
        & (Notice.kind == NoticeKind.GRASSROOTS),
    )
    .where(
        EnrolmentBatch.union_id == bindparam("of_union"),
        EnrolmentBatch.year == bindparam("in_year"),
        EnrolmentBatch.live_plan.is_not(None),
    )
    .group_by(EnrolmentBatch.plan, EnrolmentBatch.channel, Notice.id)
)


def live_figures(
    session: Session, union_id: int, year: int
) -> tuple[dict[tuple[str, Channel], int], Amounts, IssuedNotice | None]:
    """The union's live batches of the year: people by plan and channel, what they cost in yuan, and the notice that
    told so far."""
    rows = session.execute(LIVE_FIGURES, {"of_union": union_id, "in_year": year}).all()
    people = {(row.plan, row.channel): int(row.people) for row in rows}
    amounts = Amounts(*(sum((getattr(row, share) for row in rows), Decimal("0.00")) for share in MONEY))
    told = [IssuedNotice(row.notice_id, row.number, row.version) for row in rows if row.notice_id is not None]
    return people, amounts, told[0] if told else None


def first_live_batch(session: Session, union_id: int, year: int) -> EnrolmentBatch | None:
    """The batch that fixed the union's plan of the year."""
    return session.scalars(
        select(EnrolmentBatch)
        .where(
            EnrolmentBatch.union_id == union_id,
            EnrolmentBatch.year == year,
            EnrolmentBatch.status.in_(LIVE_BATCHES),
        )
        .order_by(EnrolmentBatch.id)
        .limit(1)
    ).first()


class Submit(NamedTuple):
    """Which batch was submitted, by whom, and when."""

    number: str
    who: str
    at: datetime


def last_submit(
    session: Session, union_id: int, year: int, channel: Channel, member_ids: Sequence[int] | None = None
) -> Submit | None:
    """The union's newest live batch of the channel, or of these members, as its log tells it."""
    query = (
        select(EnrolmentBatch.number, Event.actor_name, Event.at)
        .join(
            Event,
            (Event.object_kind == EventObject.ENROLMENT_BATCH)
            & (Event.object_id == EnrolmentBatch.id)
            & (Event.action == BatchAction.SUBMIT.value),
        )
        .where(
            EnrolmentBatch.union_id == union_id,
            EnrolmentBatch.year == year,
            EnrolmentBatch.channel == channel,
            EnrolmentBatch.status.in_(LIVE_BATCHES),
        )
        .order_by(EnrolmentBatch.id.desc(), Event.sequence.desc())
        .limit(1)
    )
    if member_ids is not None:
        batches_of_members = select(Enrolment.batch_id).where(
            Enrolment.year == year,
            Enrolment.union_id == union_id,
            Enrolment.member_id == func.any(list(member_ids)),
        )
        query = query.where(EnrolmentBatch.id.in_(batches_of_members))
    found = session.execute(query).first()
    return Submit(*found) if found else None


def _narrowed(
    statement: Select[*tuple[Any, ...]], actor: Actor, wanted: BatchFilter
) -> Select[*tuple[Any, ...]]:
    statement = statement.where(visible_to(actor, EnrolmentBatch))
    for column, value in (
        (EnrolmentBatch.channel, wanted.channel),
        (EnrolmentBatch.status, wanted.status),
        (EnrolmentBatch.kind, wanted.kind),
        (EnrolmentBatch.year, wanted.year),
        (EnrolmentBatch.union_id, wanted.union_id),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if wanted.number:
        statement = statement.where(EnrolmentBatch.number.startswith(wanted.number, autoescape=True))
    return statement.where(*on_days(EnrolmentBatch.submitted_at, wanted.submitted_from, wanted.submitted_to))
