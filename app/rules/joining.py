"""Which days the joining chart shows (M3.3: 今日, 本周, 本月, 开始日期–结束日期): Shanghai's, both ends included."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from app.rules.dates import read_date
from app.rules.violations import RuleViolation

LONGEST = 366
"""Days of one chart; a leap year fits."""


class Span(StrEnum):
    """What ends today; other days are chosen."""

    TODAY = "today"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Days:
    first: date
    last: date

    def __iter__(self) -> Iterator[date]:
        return (self.first + timedelta(days=each) for each in range((self.last - self.first).days + 1))


def days_of(span: Span, today: date) -> Days:
    """The days of a span that ends today: a week begins on Monday."""
    firsts = {Span.WEEK: today - timedelta(days=today.weekday()), Span.MONTH: today.replace(day=1)}
    return Days(firsts.get(span, today), today)


def chosen_days(first: str, last: str, today: date) -> Days:
    """The days from ``first`` to ``last`` as somebody typed them; without a last day until today.

    Raises RuleViolation by the field to mend: ``range_without_start``, ``range_no_day``, ``range_ahead``,
    ``range_order``, ``range_long``.
    """
    if not first.strip():
        raise RuleViolation("range_without_start", field="from")
    begins = _day(first, "from")
    ends = _day(last, "to") if last.strip() else today
    for field, day in (("from", begins), ("to", ends)):
        if day > today:
            raise RuleViolation("range_ahead", field=field, today=today)
    if begins > ends:
        raise RuleViolation("range_order", field="to")
    if (ends - begins).days >= LONGEST:
        raise RuleViolation("range_long", field="from", limit=LONGEST)
    return Days(begins, ends)


def _day(text: str, field: str) -> date:
    try:
        return read_date(text)
    except RuleViolation:
        raise RuleViolation("range_no_day", field=field) from None
