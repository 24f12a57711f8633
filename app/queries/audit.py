"""The audit log, for those who watch over it: who changed what, who came in, what left, who was turned away."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, or_, select, union_all
from sqlalchemy.orm import Session

from app.models import AuditEntry
from app.models.audit import FEW_ROWS
from app.queries.beyond import LOGGED_ACCOUNTS, LOGGED_THINGS, LOGGED_UNIONS
from app.queries.days import on_days
from app.queries.events import require_room
from app.queries.paging import Cursor, Page, page_of
from app.rules.auditing import NAMING_MEMBERS, AuditKind
from app.security.actor import Actor
from app.security.visible import LARGEST_ID, visible_to

IDS_SHOWN = 5
NAMED_BY: Mapping[str, Collection[str]] = {
    "enrolment_batch": {"enrolment_batch"},
    "district_batch": {"district_batch"},
    "notice": {"notice", "notice_version"},
    "member": NAMING_MEMBERS,
}
"""The tables whose entries may name such a thing."""


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """``person``: an account's name, or part of its owner's. ``thing``: a row's number, or the member number, batch,
    notice or union code by which people know it. Both days count."""

    kinds: Collection[AuditKind]
    table: str = ""
    thing: str = ""
    person: str = ""
    first_day: date | None = None
    last_day: date | None = None
    address: str = ""
    request_id: str = ""


def entries_page(session: Session, actor: Actor, wanted: AuditFilter, cursor: Cursor) -> Page:
    """Newest first; a row has the entry's columns, the first of its ``ids`` only, and ``union_name``."""
    return page_of(session, _entries(session, actor, wanted), [AuditEntry.id], cursor)


def entries_to_export(session: Session, actor: Actor, wanted: AuditFilter) -> Select[Any]:
    """All of them, oldest first; raises ``too_many_entries``."""
    statement = _entries(session, actor, wanted)
    require_room(session, statement.with_only_columns(AuditEntry.id))
    return statement.order_by(AuditEntry.id)


def names_of_unions(session: Session, ids: Iterable[int]) -> dict[int, str]:
    """What entries call by number. The log tells of unions anyway; of no other business."""
    unions = LOGGED_UNIONS.c
    found = session.execute(select(unions.id, unions.name).where(unions.id.in_(set(ids))))
    return {row.id: row.name for row in found}


def names_of_accounts(session: Session, ids: Iterable[int]) -> dict[int, str]:
    accounts = LOGGED_ACCOUNTS.c
    found = session.execute(select(accounts.id, accounts.first_name).where(accounts.id.in_(set(ids))))
    return {row.id: row.first_name for row in found}


def _entries(session: Session, actor: Actor, wanted: AuditFilter) -> Select[Any]:
    shown = [column for column in AuditEntry.__table__.columns if column.name != "ids"]
    return (
        select(*shown, AuditEntry.ids[1:IDS_SHOWN].label("ids"), LOGGED_UNIONS.c.name.label("union_name"))
        .outerjoin(LOGGED_UNIONS, LOGGED_UNIONS.c.id == AuditEntry.union_id)
        .where(visible_to(actor, AuditEntry), *_conditions(session, wanted))
    )


def _conditions(session: Session, wanted: AuditFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [AuditEntry.kind.in_(wanted.kinds)]
    if wanted.table:
        conditions.append(AuditEntry.table_name == wanted.table)
    if wanted.thing:
        conditions.append(_about(session, wanted.thing.strip(), wanted.table))
    if wanted.person:
        conditions.append(_acted(session, wanted.person.strip()))
    if wanted.address:
        conditions.append(AuditEntry.address == wanted.address.strip())
    if wanted.request_id:
        conditions.append(AuditEntry.request_id == wanted.request_id.strip())
    return [*conditions, *on_days(AuditEntry.at, wanted.first_day, wanted.last_day)]


def _acted(session: Session, person: str) -> ColumnElement[bool]:
    """Accounts aren't deleted, so whoever acted is found by the account."""
    accounts = LOGGED_ACCOUNTS.c
    found = session.scalars(
        select(accounts.id).where(
            or_(
                accounts.username == person,
                accounts.email == person,
                accounts.first_name.contains(person, autoescape=True),
            )
        )
    ).all()
    return AuditEntry.actor_id.in_(found)


def _about(session: Session, thing: str, table: str) -> ColumnElement[bool]:
    found = [_names_row(tables, key) for tables, key in _things(session, thing)]
    if thing.isascii() and thing.isdigit() and int(thing) <= LARGEST_ID:
        found.append(_names_row({table} if table else None, int(thing)))
    union_id = session.scalar(select(LOGGED_UNIONS.c.id).where(LOGGED_UNIONS.c.code == thing))
    if union_id is not None:
        found += [AuditEntry.union_id == union_id, _names_row({"trade_union"}, union_id)]
    return or_(false(), *found)


def _things(session: Session, thing: str) -> list[tuple[Collection[str], int]]:
    """What people know by this number: the tables whose entries may name it, and its id."""
    things = LOGGED_THINGS.c
    return [
        (NAMED_BY[row.kind], row.id)
        for row in session.execute(select(things.kind, things.id).where(things.number == thing))
    ]


def _names_row(tables: Collection[str] | None, key: int) -> ColumnElement[bool]:
    """Entries that name the row: through the index where they name few, one by one where many."""
    of_tables = AuditEntry.table_name.in_(tables) if tables else AuditEntry.table_name.is_not(None)
    named = and_(of_tables, AuditEntry.ids.contains([key]))
    return AuditEntry.id.in_(
        union_all(
            select(AuditEntry.id).where(AuditEntry.rows <= FEW_ROWS, named),
            select(AuditEntry.id).where(AuditEntry.rows > FEW_ROWS, named),
        )
    )
