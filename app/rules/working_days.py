"""工作日: which days are worked. Public holidays and weekends worked for them are data; others go by the weekday."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum

from app.rules.violations import RuleViolation

NAME_MAX = 20
LONGEST_SPAN = 31
_SATURDAY = 5


class DayKind(StrEnum):
    HOLIDAY = "holiday"
    """放假: a public holiday, on whatever weekday."""
    WORKED = "worked"
    """调休上班: a weekend that is worked."""


def is_working_day(day: date, known: Mapping[date, DayKind]) -> bool:
    """Whether the day is worked; one that nobody has entered is unless it is a Saturday or a Sunday."""
    kind = known.get(day)
    return day.weekday() < _SATURDAY if kind is None else kind is DayKind.WORKED


def working_days(first: date, last: date, known: Mapping[date, DayKind]) -> int:
    """How many days from ``first`` to ``last`` are worked, both included."""
    span = (last - first).days + 1
    return sum(is_working_day(first + timedelta(days=n), known) for n in range(span))


def check_days(first: date, last: date, kind: DayKind | None, name: str) -> None:
    """A span of days in its order, not longer than any holiday, with a name unless it goes by the weekday again."""
    if last < first:
        raise RuleViolation("days_order", field="last")
    if (last - first).days >= LONGEST_SPAN:
        raise RuleViolation("days_many", field="last", most=LONGEST_SPAN)
    if kind is not None and not name:
        raise RuleViolation("day_name_missing", field="name")
    if len(name) > NAME_MAX:
        raise RuleViolation("day_name_long", field="name", limit=NAME_MAX)
