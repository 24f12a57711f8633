"""证件到期: whose document has expired, expires soon, or has no date at all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, not_, select, true
from sqlalchemy.orm import Session

from app.models import Member
from app.rules.dates import SOON, Expiry
from app.security.actor import Actor
from app.security.visible import visible_to

WORK: tuple[Expiry, ...] = (Expiry.EXPIRED, Expiry.SOON, Expiry.UNKNOWN)
"""The states that ask for something to be done."""


def in_state(state: Expiry, today: date) -> ColumnElement[bool]:
    """``app.rules.dates.expiry`` over rows; the bounds are dates, so that the index answers."""
    conditions = {
        Expiry.LONG_TERM: true(),
        Expiry.UNKNOWN: Member.id_expires_on.is_(None),
        Expiry.EXPIRED: Member.id_expires_on < today,
        Expiry.SOON: Member.id_expires_on.between(today, today + SOON),
        Expiry.VALID: Member.id_expires_on > today + SOON,
    }
    never = Member.id_never_expires if state is Expiry.LONG_TERM else not_(Member.id_never_expires)
    return and_(never, conditions[state])


def members_expiring(actor: Actor, state: Expiry, today: date) -> Select[*tuple[Any, ...]]:
    """The members in this state, unordered."""
    return select(Member).where(visible_to(actor, Member), in_state(state, today))


def expiring_ids(session: Session, actor: Actor, state: Expiry, today: date) -> list[int]:
    """Everybody in this state, by member id: what 全部 stands for."""
    listed = members_expiring(actor, state, today).with_only_columns(Member.id)
    return list(session.scalars(listed.order_by(Member.id)))


def expiry_counts(session: Session, actor: Actor, today: date) -> Mapping[Expiry, int]:
    """How many stand in each state of ``WORK``: one look into the index each."""
    people = [
        select(func.count()).where(visible_to(actor, Member), in_state(state, today)).scalar_subquery()
        for state in WORK
    ]
    return MappingProxyType(dict(zip(WORK, session.execute(select(*people)).one(), strict=True)))
