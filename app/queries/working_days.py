"""The days that don't go by their weekday."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import WorkingDay
from app.rules.working_days import DayKind


def days_entered(session: Session, first: date, last: date) -> dict[date, WorkingDay]:
    """Those from ``first`` to ``last``, both included."""
    found = session.scalars(select(WorkingDay).where(WorkingDay.day.between(first, last)))
    return {entered.day: entered for entered in found}


def day_kinds(session: Session, first: date, last: date) -> dict[date, DayKind]:
    """The same, as ``app.rules.working_days`` asks for them."""
    rows = session.execute(select(WorkingDay.day, WorkingDay.kind).where(WorkingDay.day.between(first, last)))
    return {row.day: row.kind for row in rows}


def years_entered(session: Session) -> list[int]:
    """Years of which some day has been entered, the latest first."""
    return sorted({day.year for day in session.scalars(select(WorkingDay.day))}, reverse=True)
