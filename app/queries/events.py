"""The whole log, for those who watch over it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Event, EventObject, Union
from app.queries.days import on_days
from app.queries.paging import Cursor, Page, page_of
from app.security.actor import Actor
from app.security.visible import visible_to


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
    statement = (
        select(Event, Union.name.label("union_name"))
        .outerjoin(Union, Union.id == Event.union_id)
        .where(visible_to(actor, Event))
    )
    if wanted.kind:
        statement = statement.where(Event.object_kind == wanted.kind)
    if wanted.object_id is not None:
        statement = statement.where(Event.object_id == wanted.object_id)
    if wanted.person:
        statement = statement.where(Event.actor_name.contains(wanted.person, autoescape=True))
    statement = statement.where(*on_days(Event.at, wanted.first_day, wanted.last_day))
    return page_of(session, statement, [Event.id], cursor)
