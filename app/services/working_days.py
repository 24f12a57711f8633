"""工作日历: entering public holidays and the weekends worked for them."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from app.models import WorkingDay
from app.rules.working_days import DayKind, check_days
from app.rules.years import check_year
from app.security.actor import Actor
from app.security.roles import Permission, require


def set_days(
    session: Session, actor: Actor, *, first: date, last: date, kind: DayKind | None, name: str, now: datetime
) -> int:
    """Say what the days from ``first`` to ``last`` are, both included; without a kind they go by the weekday again.

    Answers how many days that is. Raises ``days_order``, ``days_many``, ``day_name_missing``, ``day_name_long`` or
    ``year_range``.
    """
    require(actor, Permission.MANAGE_YEARS)
    name = " ".join(name.split())
    check_year(first.year)
    check_days(first, last, kind, name)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    if kind is None:
        session.execute(delete(WorkingDay).where(WorkingDay.day.in_(days)))
        return len(days)
    by = actor.account_id or None
    statement = upsert(WorkingDay).values(
        [{"day": day, "kind": kind, "name": name, "set_by": by, "set_at": now} for day in days]
    )
    excluded = statement.excluded
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["day"],
            set_={each: excluded[each] for each in ("kind", "name", "set_by", "set_at")},
        )
    )
    return len(days)
