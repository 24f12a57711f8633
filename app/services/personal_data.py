"""Handing out what is held about a person (PIPL art. 45): with a reason, and told in the log."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.models import EventObject, Member
from app.queries.personal_data import PersonalData, personal_data
from app.rules.violations import RuleViolation
from app.security.actor import Actor
from app.security.roles import Permission, require
from app.security.visible import get_visible
from app.services.events import record

REASON_MAX = 200


def export_personal_data(
    session: Session, actor: Actor, *, member_id: int, reason: str, now: datetime
) -> PersonalData:
    """Everything about the person that the actor may see, for a file; the log keeps who, when and why."""
    require(actor, Permission.EXPORT_PERSONAL_DATA)
    member = get_visible(session, actor, Member, member_id)
    said = require_lasting_reason(reason, member)
    data = personal_data(session, actor, member)
    record(
        session,
        actor,
        EventObject.MEMBER,
        member.id,
        "export_personal_data",
        now=now,
        scope=member,
        text=said,
    )
    return data


def require_lasting_reason(reason: str, member: Member) -> str:
    """A reason fit for the log, trimmed."""
    said = reason.strip()
    if not said:
        raise RuleViolation("reason_missing", field="reason")
    if len(said) > REASON_MAX:
        raise RuleViolation("text_too_long", field="reason", limit=REASON_MAX)
    refuse_telling(said, member)
    return said


def refuse_telling(said: str, member: Member) -> None:
    """What goes into the log must not say who the person is: nobody can erase it. Raises ``reason_names_person``."""
    telling = (member.name, member.id_number, member.phone, member.member_no, member.card_no)
    if any(each and each in said for each in telling):
        raise RuleViolation("reason_names_person", field="reason")
