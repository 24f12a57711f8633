"""The whole log, for those who watch over it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.models import Event, EventObject
from app.queries.beyond import LOGGED_UNIONS
from app.queries.days import on_days
from app.queries.paging import Cursor, Page, page_of
from app.rules.violations import RuleViolation
from app.security.actor import Actor
from app.security.visible import visible_to

MOST_EXPORTED = 200_000
"""Entries of one workbook: beyond, the reader narrows the days."""


@dataclass(frozen=True, slots=True)
class EventFilter:
    """``person``: part of the name of who acted; both days count."""

    kind: EventObject | None = None
    object_id: int | None = None
    person: str = ""
    first_day: date | None = None
    last_day: date | None = None


def events_page(session: Session, actor: Actor, wanted: EventFilter, cursor: Cursor) -> Page:
    """Events that the actor may see, newest first: the event, and the name of the union it belongs to."""
    return page_of(session, _events(actor, wanted), [Event.id], cursor)


def events_to_export(session: Session, actor: Actor, wanted: EventFilter) -> Select[Any]:
    """All of them, oldest first; raises ``too_many_entries``."""
    statement = _events(actor, wanted)
    require_room(session, statement.with_only_columns(Event.id))
    return statement.order_by(Event.id)


def require_room(session: Session, ids: Select[Any]) -> None:
    """Refuse a workbook of more entries than it can hold: ``too_many_entries``."""
    counted = ids.limit(MOST_EXPORTED + 1).subquery()
    if (session.scalar(select(func.count()).select_from(counted)) or 0) > MOST_EXPORTED:
        raise RuleViolation("too_many_entries", limit=MOST_EXPORTED)


def _events(actor: Actor, wanted: EventFilter) -> Select[Any]:
    statement: Any = (
        select(Event, LOGGED_UNIONS.c.name.label("union_name"))
        .outerjoin(LOGGED_UNIONS, LOGGED_UNIONS.c.id == Event.union_id)
        .where(visible_to(actor, Event))
    )
    if wanted.kind:
        statement = statement.where(Event.object_kind == wanted.kind)
    if wanted.object_id is not None:
        statement = statement.where(Event.object_id == wanted.object_id)
    if wanted.person:
        statement = statement.where(Event.actor_name.contains(wanted.person, autoescape=True))
    narrowed: Select[Any] = statement.where(*on_days(Event.at, wanted.first_day, wanted.last_day))
    return narrowed
