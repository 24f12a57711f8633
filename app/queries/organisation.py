"""Unions and employers as their lists show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, aliased

from app.models import Employer, Union
from app.queries.beyond import UNIONS_ABOVE
from app.queries.paging import Cursor, Page, page_of
from app.rules.organisation import UnionCategory, UnionLevel, UnionType
from app.security.actor import Actor
from app.security.visible import visible_to


@dataclass(frozen=True, slots=True)
class UnionFilter:
    """``text``: part of the name, or the code. Without filters the unions below ``parent_id`` are meant."""

    text: str = ""
    level: UnionLevel | None = None
    type: UnionType | None = None
    category: UnionCategory | None = None
    parent_id: int | None = None

    @property
    def searches(self) -> bool:
        return bool(self.text or self.level or self.type or self.category)


def unions_page(session: Session, actor: Actor, wanted: UnionFilter, cursor: Cursor) -> Page:
    """Unions that the actor sees: those right below one, or those that fit the filters wherever they stand.

    Rows of union and its parent's name.
    """
    parent = aliased(Union)
    statement = (
        select(Union, func.coalesce(parent.name, UNIONS_ABOVE.c.name).label("parent_name"))
        .outerjoin(parent, parent.id == Union.parent_id)
        .outerjoin(UNIONS_ABOVE, UNIONS_ABOVE.c.id == Union.parent_id)
        .where(visible_to(actor, Union))
    )
    if wanted.text:
        statement = statement.where(
            or_(Union.name.contains(wanted.text, autoescape=True), Union.code == wanted.text.upper())
        )
    if wanted.level:
        statement = statement.where(Union.level == wanted.level)
    if wanted.type:
        statement = statement.where(Union.type == wanted.type)
    if wanted.category:
        central = wanted.category is UnionCategory.CENTRAL_ENTERPRISE
        statement = statement.where(Union.central_enterprise.is_(central))
    if wanted.parent_id is not None and not wanted.searches:
        statement = statement.where(Union.parent_id == wanted.parent_id)
    return page_of(session, statement, [Union.id], cursor, descending=False)


def count_children(session: Session, parent_ids: Sequence[int]) -> dict[int, int]:
    """How many unions stand right below each of these."""
    rows = session.execute(
        select(Union.parent_id, func.count().label("children"))
        .where(Union.parent_id.in_(parent_ids))
        .group_by(Union.parent_id)
    )
    return {row.parent_id: row.children for row in rows}


def path_to(session: Session, actor: Actor, union: Union) -> list[Union]:
    """The unions above, from the topmost that the actor sees down to the parent."""
    path: list[Union] = []
    above = union.parent_id
    while above is not None:
        found = session.scalar(select(Union).where(Union.id == above, visible_to(actor, Union)))
        if found is None:
            break
        path.insert(0, found)
        above = found.parent_id
    return path


def employers_to_choose(session: Session, actor: Actor, limit: int) -> Sequence[Employer]:
    """The employers that the actor sees, by name; none if there are more than a list to choose from takes."""
    found = session.scalars(
        select(Employer).where(visible_to(actor, Employer)).order_by(Employer.id).limit(limit + 1)
    ).all()
    return sorted(found, key=lambda employer: employer.name) if len(found) <= limit else []


def employers_page(session: Session, actor: Actor, text: str, union: str, cursor: Cursor) -> Page:
    """Employers of the unions that the actor sees: rows of employer, union name and union id."""
    statement = (
        select(Employer, Union.name.label("union_name"))
        .join(Union, Union.id == Employer.union_id)
        .where(visible_to(actor, Employer))
    )
    if text:
        statement = statement.where(
            or_(Employer.name.contains(text, autoescape=True), Employer.code == text.upper())
        )
    if union:
        statement = statement.where(
            or_(Union.name.contains(union, autoescape=True), Union.code == union.upper())
        )
    return page_of(session, statement, [Employer.id], cursor, descending=False)
