"""Members, as far as the actor sees them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select

from app.models import Member
from app.rules.members import CardStatus, EmploymentStatus
from app.security.actor import Actor
from app.security.persons import keys_of_number
from app.security.visible import visible_to


@dataclass(frozen=True, slots=True)
class MemberFilter:
    """``name`` is a beginning, ``id_number`` and ``member_no`` are exact: each finds its index."""

    union_id: int | None = None
    name: str = ""
    id_number: str = ""
    member_no: str = ""
    phone: str = ""
    card_status: CardStatus | None = None
    employment_status: EmploymentStatus | None = None


def members_matching(actor: Actor, wanted: MemberFilter) -> Select[*tuple[Any, ...]]:
    """The members that a filter lets through, unordered."""
    query = select(Member).where(visible_to(actor, Member))
    if wanted.union_id is not None:
        query = query.where(Member.union_id == wanted.union_id)
    if wanted.name:
        query = query.where(Member.name.startswith(wanted.name.strip(), autoescape=True))
    if wanted.id_number:
        query = query.where(Member.person_key.in_(keys_of_number(wanted.id_number)))
    if wanted.member_no:
        query = query.where(Member.member_no == wanted.member_no.strip())
    if wanted.phone:
        query = query.where(Member.phone == wanted.phone.strip())
    if wanted.card_status is not None:
        query = query.where(Member.card_status == wanted.card_status)
    if wanted.employment_status is not None:
        query = query.where(Member.employment_status == wanted.employment_status)
    return query
