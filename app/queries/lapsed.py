"""What has lapsed, as those read it whom it hit, and who of its people has no cover yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, exists, func, select
from sqlalchemy.orm import Session

from app.models import Enrolment, EnrolmentBatch, Member, Union
from app.queries.beginnings import begins_with
from app.queries.beyond import COVER
from app.queries.paging import Cursor, Page, page_of
from app.rules.enrolment import BatchStatus, EnrolmentStatus, LapseReason
from app.rules.identity import plain_name
from app.rules.members import EmploymentStatus, MembershipKind
from app.security.actor import Actor
from app.security.visible import visible_to

GONE = (EmploymentStatus.DECEASED, EmploymentStatus.RETIRED)


@dataclass(frozen=True, slots=True)
class LapsedFilter:
    """Empty parts don't filter."""

    year: int
    why: LapseReason | None = None
    union_name: str = ""


def lapsed_batches(session: Session, actor: Actor, wanted: LapsedFilter, cursor: Cursor) -> Page:
    """``(EnrolmentBatch, union_name)``, newest first; a batch's last change is when it lapsed."""
    query = (
        select(EnrolmentBatch, Union.name.label("union_name"))
        .join(Union, Union.id == EnrolmentBatch.union_id)
        .where(*_lapsed(actor, wanted.year))
    )
    if wanted.why is not None:
        query = query.where(EnrolmentBatch.lapsed_why == wanted.why)
    if wanted.union_name:
        query = query.where(Union.name.contains(wanted.union_name, autoescape=True))
    return page_of(session, query, [EnrolmentBatch.id], cursor)


def lapsed_totals(session: Session, actor: Actor, year: int) -> list[Row[*tuple[Any, ...]]]:
    """``(why, batches, people)``: how much has lapsed for which reason."""
    figures = select(
        EnrolmentBatch.lapsed_why.label("why"),
        func.count().label("batches"),
        func.sum(EnrolmentBatch.headcount).label("people"),
    )
    return list(
        session.execute(figures.where(*_lapsed(actor, year)).group_by(EnrolmentBatch.lapsed_why)).all()
    )


def uncovered_query(
    actor: Actor, year: int, *, name: str = "", batch_id: int | None = None
) -> Select[*tuple[Any, ...]]:
    """即时参保名单: ``(Member, union_name)`` of lapsed batches whom nobody covers in the year, unordered.

    Whoever has died or retired since, or moved to a union that isn't the actor's, isn't among them.
    """
    was_in = (
        select(Enrolment.member_id).distinct().join(EnrolmentBatch, EnrolmentBatch.id == Enrolment.batch_id)
    )
    was_in = was_in.where(
        Enrolment.year == year, Enrolment.status == EnrolmentStatus.VOID, *_lapsed(actor, year)
    )
    if batch_id is not None:
        was_in = was_in.where(EnrolmentBatch.id == batch_id)
    # In the order of pages before anything is looked up of them: PostgreSQL takes thousands for a few dozen, and would
    # look all of them up and sort them for the first fifteen.
    lapsed = was_in.order_by(Enrolment.member_id).offset(0).subquery("lapsed")
    query = (
        select(Member, Union.name.label("union_name"))
        .join(lapsed, lapsed.c.member_id == Member.id)
        .join(Union, Union.id == Member.union_id)
        .where(
            visible_to(actor, Member),
            Member.kind == MembershipKind.EMPLOYED,
            Member.employment_status.not_in(GONE),
            ~exists().where(COVER.c.year == year, COVER.c.person_key == Member.person_key),
        )
    )
    return query.where(begins_with(Member.name, plain_name(name))) if name else query


def uncovered_page(
    session: Session, actor: Actor, year: int, cursor: Cursor, *, name: str = "", batch_id: int | None = None
) -> Page:
    """A page of ``uncovered_query`` by member."""
    query = uncovered_query(actor, year, name=name, batch_id=batch_id)
    return page_of(session, query, [Member.id], cursor, descending=False)


def _lapsed(actor: Actor, year: int) -> tuple[Any, ...]:
    return (
        visible_to(actor, EnrolmentBatch),
        EnrolmentBatch.year == year,
        EnrolmentBatch.status == BatchStatus.LAPSED,
    )
