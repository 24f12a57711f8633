"""How many members there are, and who joined when: counted over those who are members now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from sqlalchemy import Date, Select, bindparam, cast, func, select, union_all
from sqlalchemy.orm import Session
from sqlalchemy.types import BigInteger

from app.models import Member, MemberCount, MemberCountChange
from app.rules.joining import Days
from app.security.actor import Actor
from app.security.standpoint import Asker, Standpoint, place_of, standpoint_of
from app.security.visible import visible_to


@dataclass(frozen=True, slots=True)
class Joining:
    """One day: who joined on it, and how many had joined before."""

    day: date
    joined: int
    before: int

    @property
    def eve(self) -> date:
        """The last day on which one of ``before`` can have joined."""
        return self.day - timedelta(days=1)


def members_counted(actor: Asker, union_id: int | None = None) -> Select[int]:
    """The number of members that the actor sees: what was added up, and what has changed since, in one look.

    With ``union_id`` those of that union.
    """
    counted = select(MemberCount.members.label("members")).where(visible_to(actor, MemberCount))
    changed = select(MemberCountChange.change).where(visible_to(actor, MemberCountChange))
    if union_id is not None:
        counted = counted.where(MemberCount.union_id == union_id)
        changed = changed.where(MemberCountChange.union_id == union_id)
    parts = union_all(counted, changed).subquery("parts")
    return select(cast(func.coalesce(func.sum(parts.c.members), 0), BigInteger))


def joined_by_day(session: Session, actor: Actor, days: Days, members: int) -> list[Joining]:
    """Every day of ``days``, the first first. ``members`` is how many there are now.

    The day is 入会日期, or the day of entry where none was given: ``Member.joined_day``.
    """
    asked = {"first_day": days.first, **place_of(actor)}
    found: dict[date, int] = {
        row[0]: row[1] for row in session.execute(_joined_since(standpoint_of(actor)), asked)
    }
    before, line = members - sum(found.values()), []
    for day in days:
        joined = found.get(day, 0)
        line.append(Joining(day, joined, before))
        before += joined
    return line


@lru_cache(maxsize=64)
def _joined_since(asker: Standpoint) -> Select[date, int]:
    """Since ``first_day``, and beyond the last one as well: whoever joined since then wasn't there before."""
    return (
        select(Member.joined_day, func.count())
        .where(visible_to(asker, Member), Member.joined_day >= bindparam("first_day", type_=Date))
        .group_by(Member.joined_day)
    )
