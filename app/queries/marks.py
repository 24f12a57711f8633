"""What has been decided about members for a year, and who decided last."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from app.models import EnrolmentExclusion, Event, EventObject, Member, RetirementKeep
from app.rules.marks import Marked

DECISIONS = ("set_retirement_class", "keep", "withdraw_keep", "exclude", "include", "edit")


def marked_members(session: Session, year: int, member_ids: Sequence[int]) -> dict[int, Marked]:
    """How the members stand decided now, by id."""
    rows = session.execute(
        select(
            Member.id,
            Member.retirement_class,
            RetirementKeep.member_id.is_not(None),
            EnrolmentExclusion.member_id.is_not(None),
        )
        .outerjoin(RetirementKeep, and_(RetirementKeep.year == year, RetirementKeep.member_id == Member.id))
        .outerjoin(
            EnrolmentExclusion,
            and_(EnrolmentExclusion.year == year, EnrolmentExclusion.member_id == Member.id),
        )
        .where(Member.id == func.any(list(member_ids)))
        .order_by(Member.id)
    )
    return {member_id: Marked(klass, kept, excluded) for member_id, klass, kept, excluded in rows}


def last_decision(session: Session, member_id: int) -> Event | None:
    """Who decided about a member last, and when; none if a workbook brought what stands now."""
    return session.scalar(
        select(Event)
        .where(
            Event.object_kind == EventObject.MEMBER,
            Event.object_id == member_id,
            Event.action.in_(DECISIONS),
        )
        .order_by(Event.sequence.desc())
        .limit(1)
    )
