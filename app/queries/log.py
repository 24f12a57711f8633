"""The log of one object, as its page shows it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Event, EventObject, ReasonCode, ReasonKind
from app.security.actor import Actor
from app.security.visible import visible_to


def log_of(session: Session, actor: Actor, kind: EventObject, object_id: int) -> Sequence[Event]:
    """Newest first; only what is the actor's to see."""
    return session.scalars(
        select(Event)
        .where(Event.object_kind == kind, Event.object_id == object_id, visible_to(actor, Event))
        .order_by(Event.sequence.desc())
    ).all()


def reasons_in_use(session: Session, kind: ReasonKind) -> Sequence[ReasonCode]:
    """What people may choose from, in the dictionary's order."""
    return session.scalars(
        select(ReasonCode)
        .where(ReasonCode.kind == kind, ReasonCode.active.is_(True))
        .order_by(ReasonCode.position, ReasonCode.id)
    ).all()


def all_reasons(session: Session) -> Sequence[ReasonCode]:
    """Also those no longer in use: old decisions still name them."""
    return session.scalars(select(ReasonCode)).all()
