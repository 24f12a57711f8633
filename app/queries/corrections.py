"""Who else changed a member's record since it was looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import MemberCorrection
from app.queries.beyond import name_of_account


@dataclass(frozen=True, slots=True)
class ChangedSince:
    """``fields`` of ``Member``, and the last of those who changed them; ``who`` is empty for the system."""

    fields: Sequence[str]
    who: str
    at: datetime


def changed_since(session: Session, member_id: int, seen: datetime) -> ChangedSince | None:
    """What was corrected after ``seen``; ``None`` if nothing was."""
    rows = session.execute(
        select(
            MemberCorrection.field,
            MemberCorrection.corrected_at,
            name_of_account(MemberCorrection.corrected_by).label("who"),
        )
        .where(MemberCorrection.member_id == member_id, MemberCorrection.corrected_at > seen)
        .order_by(MemberCorrection.id.desc())
    ).all()
    if not rows:
        return None
    return ChangedSince(sorted({row.field for row in rows}), rows[0].who or "", rows[0].corrected_at)
