"""The people behind each figure of a union's list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import Row, Select, and_, null, or_, select
from sqlalchemy.orm import Session, aliased, load_only

from app.models import (
    EnrolmentBatch,
    EnrolmentConfirmation,
    EnrolmentExclusion,
    Member,
    ProtectionYear,
    RetirementKeep,
    Union,
)
from app.queries.beginnings import begins_with
from app.queries.enrolment import OF_UNION, Live, bucket_of, constant, eligible, standing_in_a_year
from app.queries.paging import Cursor, Page, page_of
from app.queries.years import cover_start_of
from app.rules.enrolment import Bucket, Channel
from app.rules.identity import plain_name
from app.rules.members import CardStatus, SocialCardStatus
from app.rules.writing import compact
from app.security.actor import Actor
from app.security.standpoint import Standpoint, place_of, standpoint_of
from app.security.visible import visible_to


@dataclass(frozen=True, slots=True)
class PeopleFilter:
    """Which of a union's members a list shows; empty parts don't filter.

    ``name`` is a beginning; ``person_keys`` are the hashes of a whole document number.
    """

    bucket: Bucket | None = None
    with_card: bool = False
    name: str = ""
    member_no: str = ""
    person_keys: Sequence[bytes] | None = None
    social_card_status: SocialCardStatus | None = None

    @property
    def narrows(self) -> bool:
        """Whether it asks for more than a figure's people."""
        typed = (self.name, self.member_no, self.social_card_status)
        return any(typed) or self.person_keys is not None


LISTED = load_only(
    Member.union_id,
    Member.member_no,
    Member.name,
    Member.id_type,
    Member.id_number,
    Member.sex,
    Member.birth_date,
    Member.retirement_class,
    Member.tag,
    Member.employment_status,
    Member.social_card_status,
    Member.card_status,
    Member.card_no,
)
"""What a page of people shows of a member, half of what there is; the rest would be read and made ready for nobody."""

COVERED = (None, Bucket.SUBMITTED, Bucket.ELSEWHERE)
"""The buckets, and all of them together, that hold people with a cover of the year."""


def people_query(
    actor: Actor, union: Union, year: ProtectionYear, channel: Channel, wanted: PeopleFilter
) -> Select[*tuple[Any, ...]]:
    """The members behind a figure, unordered: ``(Member, bucket, elsewhere_union, live_union_id, live_channel,
    batch_id, batch_number, confirmed_at, exclusion_reason, keep_reason, keep_file_id)``.

    Who covers somebody elsewhere is named as far as the actor may see: ``elsewhere_union`` and
    ``batch_number`` are empty otherwise.
    """
    return _narrowed(_asked(actor, year, channel, wanted), wanted).params(**_facts(actor, union, year))


def people_page(
    session: Session,
    actor: Actor,
    union: Union,
    year: ProtectionYear,
    channel: Channel,
    wanted: PeopleFilter,
    cursor: Cursor,
    *,
    known_total: int | None = None,
) -> Page:
    """A page of ``people_query`` by member."""
    if wanted.narrows:
        query = people_query(actor, union, year, channel, wanted).options(LISTED)
        return page_of(session, query, [Member.id], cursor, descending=False, known_total=known_total)
    asked, facts = _listed(_asked(actor, year, channel, wanted)), _facts(actor, union, year)
    return page_of(
        session, asked, [Member.id], cursor, descending=False, known_total=known_total, facts=facts
    )


def waiting_page(
    session: Session,
    actor: Actor,
    union: Union,
    year: ProtectionYear,
    channel: Channel,
    wanted: PeopleFilter,
    cursor: Cursor,
) -> Page:
    """集中参保待确认名单 by member: who waits for 确认 in this channel, and whom it has put on the list already."""
    asked, facts = _waiting(standpoint_of(actor), channel, year.cover_start), _facts(actor, union, year)
    if wanted.narrows:
        query = _narrowed(asked, wanted).params(**facts)
        return page_of(session, query, [Member.id], cursor, descending=False)
    return page_of(session, asked, [Member.id], cursor, descending=False, facts=facts)


def _asked(
    actor: Actor, year: ProtectionYear, channel: Channel, wanted: PeopleFilter
) -> Select[*tuple[Any, ...]]:
    return _people(standpoint_of(actor), channel, year.cover_start, wanted.bucket, wanted.with_card)


@lru_cache(maxsize=128)
def _people(
    asker: Standpoint, channel: Channel, cover_start: date, bucket: Bucket | None, with_card: bool
) -> Select[*tuple[Any, ...]]:
    """``people_query`` without the parts of its filter that people type; put together once, with ``_facts`` to add."""
    coverer = aliased(Union, name="coverer")
    covering = aliased(EnrolmentBatch, name="covering")
    expression = bucket_of(channel, cover_start)
    # In the other buckets nobody is covered; not asking who covers them halves what PostgreSQL has to plan.
    covered = bucket in COVERED
    query = standing_in_a_year(
        select(
            Member,
            # Where one bucket is asked for, everybody's is that one: the expression needn't be worked out for each.
            (constant(bucket) if bucket else expression).label("bucket"),
            (coverer.name if covered else null()).label("elsewhere_union"),
            Live.c.union_id.label("live_union_id"),
            Live.c.channel.label("live_channel"),
            Live.c.batch_id.label("batch_id"),
            (covering.number if covered else null()).label("batch_number"),
            EnrolmentConfirmation.confirmed_at.label("confirmed_at"),
            EnrolmentExclusion.reason.label("exclusion_reason"),
            RetirementKeep.reason.label("keep_reason"),
            RetirementKeep.file_id.label("keep_file_id"),
        )
    )
    if covered:
        query = query.outerjoin(coverer, and_(coverer.id == Live.c.union_id, visible_to(asker, coverer)))
        query = query.outerjoin(covering, and_(covering.id == Live.c.batch_id, visible_to(asker, covering)))
    query = query.where(Member.union_id == OF_UNION)
    if bucket is not None:
        query = query.where(expression == constant(bucket))
    if with_card:
        query = query.where(Member.card_status == constant(CardStatus.ISSUED))
    return query


@lru_cache(maxsize=32)
def _waiting(asker: Standpoint, channel: Channel, cover_start: date) -> Select[*tuple[Any, ...]]:
    bucket = bucket_of(channel, cover_start)
    confirmed = EnrolmentConfirmation.member_id.is_not(None)
    joined = bucket.in_([constant(Bucket.ELIGIBLE), constant(Bucket.SUBMITTED)])
    waits = or_(bucket == constant(Bucket.TO_CONFIRM), and_(confirmed, joined))
    return _listed(_people(asker, channel, cover_start, None, False).where(waits))


@lru_cache(maxsize=128)
def _listed(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """The same object for the same query: what makes a page of it is kept by it."""
    return query.options(LISTED)


def _facts(actor: Actor, union: Union, year: ProtectionYear) -> dict[str, Any]:
    return {"of_union": union.id, "standing_year": year.year, **place_of(actor)}


def _narrowed(query: Select[*tuple[Any, ...]], wanted: PeopleFilter) -> Select[*tuple[Any, ...]]:
    if wanted.name:
        query = query.where(begins_with(Member.name, plain_name(wanted.name)))
    if wanted.member_no:
        query = query.where(Member.member_no == compact(wanted.member_no))
    if wanted.person_keys is not None:
        query = query.where(Member.person_key.in_(wanted.person_keys))
    if wanted.social_card_status is not None:
        query = query.where(Member.social_card_status == wanted.social_card_status)
    return query


def people(
    session: Session,
    actor: Actor,
    union: Union,
    year: ProtectionYear,
    channel: Channel,
    bucket: Bucket | None,
    *,
    name: str = "",
    person_keys: list[bytes] | None = None,
    social_card_status: SocialCardStatus | None = None,
    after: int = 0,
    limit: int | None = 15,
) -> list[Row[*tuple[Any, ...]]]:
    """The rows of ``people_query`` by member id, those behind ``after``."""
    wanted = PeopleFilter(
        bucket=bucket, name=name, person_keys=person_keys, social_card_status=social_card_status
    )
    query = people_query(actor, union, year, channel, wanted).where(Member.id > after).order_by(Member.id)
    if limit is not None:
        query = query.limit(limit)
    return list(session.execute(query).all())


def eligible_ids(session: Session, union_id: int, year: int, channel: Channel) -> list[int]:
    """Everyone in the union who can be enrolled now, by member id: what 全选全部 stands for.

    Raises ``not_found`` (404) for a year that nobody set.
    """
    asked = _eligible_ids(year, cover_start_of(session, year), channel)
    return list(session.scalars(asked, {"of_union": union_id}))


@lru_cache(maxsize=32)
def _eligible_ids(year: int, cover_start: date, channel: Channel) -> Select[*tuple[Any, ...]]:
    """Put together once a year and channel: it takes longer than to carry it out."""
    return eligible(select(Member.id), year, cover_start, channel).order_by(Member.id)
