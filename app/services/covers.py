"""A cover that is over: its people's enrolments end, a few thousand at a time."""

from __future__ import annotations

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.models import Enrolment
from app.rules.enrolment import EnrolmentStatus

PEOPLE_AT_ONCE = 3_000


def end_covers(session: Session, year: int, *, after: int) -> tuple[int, int | None]:
    """End the next few covers of the year, by member behind ``after``; how many, and the member it came to.

    ``None`` at the end.
    """
    ended = session.scalars(text(END), {"year": year, "after": after, "most": PEOPLE_AT_ONCE}).all()
    return len(ended), max(ended) if ended else None


def people_covered(session: Session, year: int) -> int:
    """How many people the year covers now."""
    covered = select(func.count()).where(Enrolment.year == year, Enrolment.status == EnrolmentStatus.ACTIVE)
    return session.scalar(covered) or 0


# A member may have several rows of a year, of which one is live.
END = """
    UPDATE enrolment
       SET status = 'ended'
     WHERE year = :year AND status = 'active'
       AND member_id IN (SELECT e.member_id
                           FROM enrolment AS e
                          WHERE e.year = :year AND e.status = 'active' AND e.member_id > :after
                          ORDER BY e.member_id
                          LIMIT :most)
    RETURNING member_id
"""
