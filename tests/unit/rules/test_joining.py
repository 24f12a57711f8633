"""Which days the joining chart shows."""

from __future__ import annotations

from datetime import date

import pytest

from app.rules.joining import LONGEST, Days, Span, chosen_days, days_of
from app.rules.violations import RuleViolation

WEDNESDAY = date(2026, 11, 25)


@pytest.mark.parametrize(
    ("span", "today", "first"),
    [
        (Span.TODAY, WEDNESDAY, WEDNESDAY),
        (Span.WEEK, WEDNESDAY, date(2026, 11, 23)),
        (Span.WEEK, date(2026, 11, 23), date(2026, 11, 23)),
        (Span.WEEK, date(2026, 11, 29), date(2026, 11, 23)),
        (Span.WEEK, date(2026, 1, 1), date(2025, 12, 29)),
        (Span.MONTH, WEDNESDAY, date(2026, 11, 1)),
        (Span.MONTH, date(2026, 12, 1), date(2026, 12, 1)),
    ],
)
def test_a_span_ends_today_and_a_week_begins_on_monday(span: Span, today: date, first: date) -> None:
    assert days_of(span, today) == Days(first, today)


def test_days_hold_both_ends() -> None:
    assert list(Days(date(2024, 2, 28), date(2024, 3, 1))) == [
        date(2024, 2, 28),
        date(2024, 2, 29),
        date(2024, 3, 1),
    ]


def test_without_a_last_day_the_span_goes_on_until_today() -> None:
    assert chosen_days("2026/11/1", "", WEDNESDAY) == Days(date(2026, 11, 1), WEDNESDAY)


@pytest.mark.parametrize(
    ("first", "last", "code", "field"),
    [
        ("", "2026-11-01", "range_without_start", "from"),
        ("yesterday", "2026-11-01", "range_no_day", "from"),
        ("2026-11-01", "2026-02-30", "range_no_day", "to"),
        ("2026-11-26", "", "range_ahead", "from"),
        ("2026-11-01", "2026-11-26", "range_ahead", "to"),
        ("2026-11-02", "2026-11-01", "range_order", "to"),
        ("2025-11-24", "2026-11-25", "range_long", "from"),
    ],
)
def test_days_that_cannot_be_are_refused_by_their_field(first: str, last: str, code: str, field: str) -> None:
    with pytest.raises(RuleViolation) as refused:
        chosen_days(first, last, WEDNESDAY)
    assert (refused.value.code, refused.value.field) == (code, field)


def test_a_leap_year_fits() -> None:
    assert len(list(chosen_days("2024-01-01", "2024-12-31", WEDNESDAY))) == LONGEST
