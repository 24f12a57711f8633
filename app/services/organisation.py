"""Single unions: made and named by the municipal administrator, by the rules of the tree's workbook."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session, aliased

from app.models import EventObject, Union
from app.rules.identity import check_union_code
from app.rules.import_tables import organisation_row, text_up_to
from app.rules.organisation import UnionLevel, UnionType
from app.rules.organisation_tree import StoredUnion, TreeRow, judge_tree
from app.rules.violations import RuleViolation
from app.rules.writing import Cell
from app.security.actor import Actor
from app.security.roles import Permission, require
from app.security.visible import get_visible
from app.services.events import record

FIELD_OF_COLUMN = {
    "工会编号": "code",
    "工会类型": "type",
    "工会层级": "level",
    "上级工会编号": "parent_code",
}
TEXT_LIMITS = {"name": 200, "address": 200, "contact_name": 100, "contact_phone": 50}


def create_union(
    session: Session,
    actor: Actor,
    *,
    code: str,
    name: str,
    type: UnionType,
    level: UnionLevel | None,
    parent_code: str | None,
    central_enterprise: bool = False,
    address: str = "",
    contact_name: str = "",
    contact_phone: str = "",
    now: datetime,
) -> Union:
    """Add one union to the tree; what is wrong is what the workbook's row would be told, by field.

    ``level`` is ignored for the types that can't work here. A union below a central-enterprise union is one
    too, whatever ``central_enterprise`` says. Raises ``union_exists`` (409) for a code that is taken.
    """
    require(actor, Permission.MANAGE_TREE)
    code = _by_field("code", check_union_code, code)
    texts = _texts(name=name, address=address, contact_name=contact_name, contact_phone=contact_phone)
    level = _check_row(type, level, parent_code, now.date())
    parent_code = (parent_code or "").strip() or None
    if session.scalar(select(Union.id).where(Union.code == code)) is not None:
        raise RuleViolation("union_exists", field="code", status=409, union=code)
    # The parent's place is copied into the new union: nobody moves it meanwhile.
    parent = session.scalar(select(Union).where(Union.code == parent_code).with_for_update(read=True))
    problems, central = judge_tree(
        [TreeRow(1, code, level, parent_code, central_enterprise)], _stored(session, parent_code)
    )
    for problem in problems:
        raise RuleViolation(problem.code, field=FIELD_OF_COLUMN[problem.column], **dict(problem.facts))
    union = Union(
        code=code,
        type=type,
        level=level,
        parent_id=parent.id if parent else None,
        second_id=parent.second_id if parent else None,
        district_id=parent.district_id if parent else None,
        central_enterprise=central[1],
        created_at=now,
        **texts,
    )
    session.add(union)
    session.flush()
    if level is UnionLevel.SECOND:
        union.second_id = union.id
    if level is UnionLevel.DISTRICT:
        union.district_id = union.id
    session.flush()
    facts = {"code": code, "name": union.name, "parent": parent_code, "central_enterprise": central[1]}
    record(session, actor, EventObject.UNION, union.id, "create", now=now, scope=union, facts=facts)
    return union


def edit_union(
    session: Session,
    actor: Actor,
    *,
    union_id: int,
    name: str,
    address: str = "",
    contact_name: str = "",
    contact_phone: str = "",
    now: datetime,
) -> Union:
    """Change a union's name and whom to ask there; its code and its place in the tree stay."""
    require(actor, Permission.MANAGE_TREE)
    union = get_visible(session, actor, Union, union_id, lock=True)
    texts = _texts(name=name, address=address, contact_name=contact_name, contact_phone=contact_phone)
    changed = {field: text for field, text in texts.items() if getattr(union, field) != text}
    for field, text in changed.items():
        setattr(union, field, text)
    if changed:
        session.flush()
        record(session, actor, EventObject.UNION, union.id, "change", now=now, scope=union, facts=changed)
    return union


def _check_row(
    type: UnionType, level: UnionLevel | None, parent_code: str | None, today: date
) -> UnionLevel | None:
    """Type, level and parent looked at together; answers the level that counts."""
    values: dict[str, Any] = {"type": type}
    if level is not None:
        values["level"] = level
    if parent_code and parent_code.strip():
        values["parent_code"] = parent_code.strip()
    for column, problem, facts in organisation_row(values, today):
        raise RuleViolation(problem, field=FIELD_OF_COLUMN[column], **dict(facts))
    return values.get("level")


def _stored(session: Session, parent_code: str | None) -> dict[str, StoredUnion]:
    """The parent and the municipal union, as the tree's rules want to see them."""
    child, above = aliased(Union), aliased(Union)
    rows = session.execute(
        select(Union, above.code, exists().where(child.parent_id == Union.id))
        .outerjoin(above, above.id == Union.parent_id)
        .where(or_(Union.code == parent_code, Union.level == UnionLevel.MUNICIPAL))
    )
    return {
        union.code: StoredUnion(union.code, union.level, parent, union.central_enterprise, has_children)
        for union, parent, has_children in rows
    }


def _texts(**given: str) -> dict[str, str]:
    texts = {field: _by_field(field, _text_of(field), text) for field, text in given.items()}
    if not texts["name"]:
        raise RuleViolation("union_name_missing", field="name")
    return texts


def _text_of(field: str) -> Callable[[Cell], str]:
    return lambda cell: text_up_to(TEXT_LIMITS[field])(cell, date.min)


def _by_field(field: str, check: Callable[[Cell], str], text: str) -> str:
    """What a cell's check refuses, said at the form's field."""
    try:
        return check(text)
    except RuleViolation as refusal:
        refusal.field = field
        raise
