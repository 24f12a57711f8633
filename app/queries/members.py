"""Members, as far as the actor sees them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, func, literal, select, text
from sqlalchemy.orm import Session

from app.clock import today
from app.models import Employer, Member
from app.queries.beginnings import begins_with
from app.queries.expiring import in_state
from app.queries.paging import Cursor, Page, page_of
from app.rules.dates import Expiry
from app.rules.identity import plain_name, plain_phone
from app.rules.members import CardStatus, EmploymentStatus, MembershipKind
from app.rules.tags import TAG_SEPARATOR
from app.rules.writing import compact
from app.security.actor import Actor
from app.security.persons import keys_of_number
from app.security.visible import visible_to

TAGS_SUGGESTED = 100


@dataclass(frozen=True, slots=True)
class MemberFilter:
    """``name`` is a beginning, ``id_number``, ``member_no`` and ``phone`` are exact: each finds its index.

    They may be written as a workbook may write them: full width, with blanks, other dots or hyphens.
    """

    union_id: int | None = None
    name: str = ""
    id_number: str = ""
    member_no: str = ""
    phone: str = ""
    card_status: CardStatus | None = None
    employment_status: EmploymentStatus | None = None
    tag: str = ""
    kind: MembershipKind | None = None
    expiry: Expiry | None = None
    joined_from: date | None = None
    joined_to: date | None = None


def members_matching(actor: Actor, wanted: MemberFilter) -> Select[*tuple[Any, ...]]:
    """The members that a filter lets through, unordered."""
    query = select(Member).where(visible_to(actor, Member))
    if wanted.union_id is not None:
        query = query.where(Member.union_id == wanted.union_id)
    if wanted.name:
        query = query.where(begins_with(Member.name, plain_name(wanted.name)))
    if wanted.id_number:
        query = query.where(Member.person_key.in_(keys_of_number(wanted.id_number)))
    if wanted.member_no:
        query = query.where(Member.member_no == compact(wanted.member_no))
    if wanted.phone:
        query = query.where(Member.phone == plain_phone(wanted.phone))
    if wanted.card_status is not None:
        query = query.where(Member.card_status == wanted.card_status)
    if wanted.employment_status is not None:
        query = query.where(Member.employment_status == wanted.employment_status)
    if wanted.tag:
        one_of_its_tags = func.string_to_array(Member.tag, TAG_SEPARATOR)
        query = query.where(Member.tag != "", literal(wanted.tag.strip()) == func.any(one_of_its_tags))
    if wanted.kind is not None:
        query = query.where(Member.kind == wanted.kind)
    if wanted.expiry is not None:
        query = query.where(in_state(wanted.expiry, today()))
    if wanted.joined_from is not None:
        query = query.where(Member.joined_day >= wanted.joined_from)
    if wanted.joined_to is not None:
        query = query.where(Member.joined_day <= wanted.joined_to)
    return query


def members_page(session: Session, actor: Actor, wanted: MemberFilter, cursor: Cursor) -> Page:
    """A page of ``members_matching`` by member."""
    if wanted.name:
        session.execute(PLAN_ANEW)
    return page_of(session, members_matching(actor, wanted), [Member.id], cursor, descending=False)


PLAN_ANEW = text("SET LOCAL plan_cache_mode = force_custom_plan")
"""Whether a name is looked for in the city's index or among a union's members depends on both. The one plan that
PostgreSQL keeps suits small unions, and reads one of 50,000 whole."""


def members_to_export(actor: Actor, wanted: MemberFilter) -> Select[*tuple[Any, ...]]:
    """``(Member, code of the employer)`` of those members, in the order of their rows."""
    query = members_matching(actor, wanted).outerjoin(Employer, Employer.id == Member.employer_id)
    return query.add_columns(Employer.code).order_by(Member.id).execution_options(yield_per=1000)


def own_tags(session: Session, actor: Actor) -> list[str]:
    """The tags that the actor's own union uses, each once: what a field suggests."""
    tag = func.unnest(func.string_to_array(Member.tag, TAG_SEPARATOR)).label("one_tag")
    own = select(tag).where(Member.union_id == actor.union_id, Member.tag != "")
    return list(session.scalars(own.distinct().order_by("one_tag").limit(TAGS_SUGGESTED)))
