"""Full numbers: shown or written out for a reason, and never without a line in the log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.models import EventObject, Member, Union
from app.rules.violations import RuleViolation
from app.rules.writing import compact
from app.security.access_log import note_reveal
from app.security.actor import Actor
from app.security.roles import Permission, require
from app.security.visible import get_visible
from app.services.events import record
from app.services.personal_data import refuse_telling

REASON_MAX = 200
MOST_EXPORTED = 1_000_000
"""More full numbers than that leave the system for no single reason."""


def reveal_number(session: Session, actor: Actor, *, member_id: int, reason: str, now: datetime) -> Member:
    """The member whose full document number the actor may now be shown, once.

    Raises ``reason_missing``, ``text_too_long`` or ``reason_holds_number``: the log must not hold it.
    """
    require(actor, Permission.REVEAL_NUMBERS)
    member = get_visible(session, actor, Member, member_id)
    said = _require_reason(reason)
    if member.id_number in compact(said).upper():
        raise RuleViolation("reason_holds_number", field="reason")
    refuse_telling(said, member)
    record(session, actor, EventObject.MEMBER, member.id, "reveal", now=now, scope=member, text=said)
    note_reveal(session, member)
    return member


def begin_full_export(
    session: Session,
    actor: Actor,
    matching: Select[Any],
    *,
    reason: str,
    filters: Sequence[tuple[str, str]],
    now: datetime,
) -> tuple[str, int]:
    """Write down that the full numbers of these people leave the system; answers the reason and how many they are.

    ``matching``: members the actor sees. ``filters``: the filter in the reader's words. Raises
    ``reason_missing``, ``text_too_long``, ``nobody_to_export`` or ``too_many_to_export``.
    """
    require(actor, Permission.REVEAL_NUMBERS)
    said = _require_reason(reason)
    people = session.scalar(select(func.count()).select_from(matching.subquery())) or 0
    if not people:
        raise RuleViolation("nobody_to_export")
    if people > MOST_EXPORTED:
        raise RuleViolation("too_many_to_export", limit=MOST_EXPORTED)
    record(
        session,
        actor,
        EventObject.UNION,
        actor.union_id,
        "export_numbers",
        now=now,
        scope=session.get_one(Union, actor.union_id),
        text=said,
        # By what was filtered, not for what: a filter may be somebody's name, and the log can't be erased.
        facts={"people": people, "filters": [name for name, _value in filters]},
    )
    return said, people


def _require_reason(reason: str) -> str:
    said = " ".join(reason.split())
    if not said:
        raise RuleViolation("reason_missing", field="reason")
    if len(said) > REASON_MAX:
        raise RuleViolation("text_too_long", field="reason", limit=REASON_MAX)
    return said
