"""The work that waits for whoever asks: all its counts in one statement, the same rows as the lists that they open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import CTE, ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from app.models import DistrictBatch, EnrolmentBatch, Member, ProtectionYear
from app.queries.batches import waiting_returns
from app.queries.enrolment import bucket_of, constant, standing_in_a_year
from app.queries.transfers import transfers_to_decide
from app.rules.enrolment import BatchStatus, Bucket, Channel
from app.rules.organisation import UnionLevel
from app.rules.settlement import DistrictBatchStatus
from app.security.actor import Actor
from app.security.roles import Permission, may
from app.security.standpoint import PLACE, Standpoint, place_of, standpoint_of
from app.security.visible import visible_to

URGENCY = (
    "returned_by_card",
    "returned_by_social",
    "to_confirm",
    "to_confirm_by_social",
    "to_verify",
    "to_check",
    "to_submit_by_card",
    "to_submit_by_social",
    "to_decide_transfers",
    "to_pay",
    "to_file",
    "to_review",
    "to_settle",
    "to_accept",
)
"""What comes first: what came back, what must be decided before a list is whole, the list itself; what is nearest to
the money before what is still on its way."""


@dataclass(frozen=True, slots=True)
class Todo:
    """Work that waits: ``code`` names it, ``endpoint`` and ``arguments`` lead there."""

    code: str
    count: int
    endpoint: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Work:
    """A to-do before it is counted; ``count`` is a column of the one statement."""

    code: str
    count: ColumnElement[int]
    endpoint: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """The one statement with what its columns count."""

    work: tuple[Work, ...]
    statement: Select[*tuple[Any, ...]]


def todos(session: Session, actor: Actor, year: ProtectionYear) -> list[Todo]:
    """What the asker's roles have to do in the year, the most urgent first; zeros are there too, at the end."""
    asked = _asked(standpoint_of(actor), year.year, year.cover_start)
    if asked is None:
        return []
    counts = session.execute(asked.statement, {"standing_year": year.year, **place_of(actor)}).one()
    found = [
        Todo(each.code, int(count), each.endpoint, each.arguments)
        for each, count in zip(asked.work, counts, strict=True)
    ]
    return sorted(found, key=lambda todo: todo.count == 0)


@lru_cache(maxsize=64)
def _asked(asker: Standpoint, year: int, cover_start: date) -> Asked | None:
    """Put together once a year and standpoint: everybody's day begins with it. None for who has nothing to do."""
    work = sorted(_work_of(asker, year, cover_start), key=lambda each: URGENCY.index(each.code))
    if not work:
        return None
    return Asked(tuple(work), select(*(each.count.label(each.code) for each in work)))


def _work_of(asker: Standpoint, year: int, cover_start: date) -> list[Work]:
    work: list[Work] = []
    if may(asker, Permission.ENROL):
        work += _enrolling(year, cover_start)
    if may(asker, Permission.TRANSFER_MEMBERS) and asker.level is UnionLevel.GRASSROOTS:
        work.append(
            Work("to_decide_transfers", transfers_to_decide(asker).scalar_subquery(), "Transfers.review", {})
        )
    if may(asker, Permission.REVIEW):
        work.append(_batches(asker, year, "to_review", BatchStatus.SUBMITTED, "Review.collective"))
    if may(asker, Permission.FILE_DISTRICT):
        work.append(_batches(asker, year, "to_file", BatchStatus.APPROVED, "Review.approved"))
    if may(asker, Permission.UPLOAD_VOUCHER):
        awaiting = DistrictBatchStatus.AWAITING_PAYMENT
        work.append(_filed(asker, year, "to_pay", awaiting, "DistrictBatches.list"))
    if may(asker, Permission.CENTRE):
        arrived, paid = DistrictBatchStatus.CENTRE_REVIEW, DistrictBatchStatus.VOUCHER_REVIEW
        work.append(_filed(asker, year, "to_accept", arrived, "Centre.queue"))
        work.append(_filed(asker, year, "to_settle", paid, "Centre.vouchers"))
    return work


def _enrolling(year: int, cover_start: date) -> list[Work]:
    people = _people_by_bucket(cover_start)
    card = {"year": year, "channel": Channel.MEMBER_CARD.value}
    social = {"year": year, "channel": Channel.SOCIAL_CARD.value}
    checking = {**social, "bucket": Bucket.TO_CHECK.value}
    returned = {"status": BatchStatus.RETURNED.value}

    def standing_in(channel: Channel, bucket: Bucket) -> ColumnElement[int]:
        there = func.sum(people.c.people).filter(people.c[channel.value] == constant(bucket))
        return select(func.coalesce(there, 0)).select_from(people).scalar_subquery()

    def came_back(channel: Channel) -> ColumnElement[int]:
        batches = waiting_returns(PLACE, year, channel)
        return batches.order_by(None).with_only_columns(func.count()).scalar_subquery()

    by_card, by_social = Channel.MEMBER_CARD, Channel.SOCIAL_CARD
    return [
        Work("to_submit_by_card", standing_in(by_card, Bucket.ELIGIBLE), "Confirmation.screen", card),
        Work("to_submit_by_social", standing_in(by_social, Bucket.ELIGIBLE), "Confirmation.screen", social),
        Work("to_confirm", standing_in(by_card, Bucket.TO_CONFIRM), "Marks.waiting", card),
        Work("to_confirm_by_social", standing_in(by_social, Bucket.TO_CONFIRM), "Marks.waiting", social),
        Work("to_verify", standing_in(by_card, Bucket.RETIREMENT_UNCLEAR), "Retirement.list", {"year": year}),
        Work("to_check", standing_in(by_social, Bucket.TO_CHECK), "Confirmation.screen", checking),
        Work("returned_by_card", came_back(by_card), "Enrolment.member_card", returned),
        Work("returned_by_social", came_back(by_social), "Enrolment.social_card", returned),
    ]


def _people_by_bucket(cover_start: date) -> CTE:
    """The union's people by where they stand in both channels: read once, whatever the number of to-dos."""
    buckets = [bucket_of(channel, cover_start).label(channel.value) for channel in Channel]
    counted = standing_in_a_year(select(*buckets, func.count().label("people")))
    return counted.where(Member.union_id == PLACE).group_by(*Channel).cte("standing_people")


def _batches(asker: Standpoint, year: int, code: str, status: BatchStatus, endpoint: str) -> Work:
    waiting = select(func.count()).where(
        visible_to(asker, EnrolmentBatch),
        EnrolmentBatch.year == year,
        EnrolmentBatch.status == status,
    )
    return Work(code, waiting.scalar_subquery(), endpoint, {})


def _filed(asker: Standpoint, year: int, code: str, status: DistrictBatchStatus, endpoint: str) -> Work:
    waiting = select(func.count()).where(
        visible_to(asker, DistrictBatch),
        DistrictBatch.year == year,
        DistrictBatch.status == status,
    )
    return Work(code, waiting.scalar_subquery(), endpoint, {})
