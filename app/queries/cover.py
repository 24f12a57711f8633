"""参保信息查询: a person's cover over the years, as far as the asker may see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from app.models import Enrolment, EnrolmentBatch, Member, Plan, Union
from app.queries.beginnings import begins_with
from app.queries.members import MemberFilter
from app.rules.identity import plain_name, plain_phone
from app.rules.writing import compact
from app.security.actor import Actor
from app.security.persons import keys_of_number
from app.security.visible import visible_to


def cover_query(actor: Actor, wanted: MemberFilter, year: int | None = None) -> Select[*tuple[Any, ...]]:
    """``(Enrolment, Member, EnrolmentBatch, union_name, plan_name)`` of the covers that the actor sees.

    ``wanted`` finds the member by beginning of the name, exact document, member number or phone: each finds
    the member by an index, and the covers by the member. Nobody finds the erased.
    """
    query = (
        select(
            Enrolment,
            Member,
            EnrolmentBatch,
            Union.name.label("union_name"),
            Plan.name.label("plan_name"),
        )
        .join(Member, Member.id == Enrolment.member_id)
        .join(EnrolmentBatch, EnrolmentBatch.id == Enrolment.batch_id)
        .join(Union, Union.id == Enrolment.union_id)
        .join(Plan, Plan.code == EnrolmentBatch.plan)
        .where(visible_to(actor, Enrolment), visible_to(actor, EnrolmentBatch))
    )
    if year is not None:
        query = query.where(Enrolment.year == year)
    if wanted != MemberFilter():
        query = query.where(Member.erased_at.is_(None))
    if wanted.name:
        query = query.where(begins_with(Member.name, plain_name(wanted.name)))
    if wanted.id_number:
        query = query.where(Member.person_key.in_(keys_of_number(wanted.id_number)))
    if wanted.member_no:
        query = query.where(Member.member_no == compact(wanted.member_no))
    if wanted.phone:
        query = query.where(Member.phone == plain_phone(wanted.phone))
    return query


def covers_of(session: Session, actor: Actor, person_keys: Sequence[bytes]) -> list[Row[*tuple[Any, ...]]]:
    """All covers of one person that the actor may see, newest first."""
    query = cover_query(actor, MemberFilter()).where(Member.person_key.in_(person_keys))
    return list(session.execute(query.order_by(Enrolment.year.desc(), Enrolment.batch_id.desc())))
