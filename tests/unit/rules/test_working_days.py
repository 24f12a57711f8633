"""Which days are worked: what was entered first, then the weekday."""

from __future__ import annotations

from datetime import date

import pytest

from app.rules.violations import RuleViolation
from app.rules.working_days import DayKind, check_days, is_working_day, working_days

KNOWN = {
    **{date(2025, 10, day): DayKind.HOLIDAY for day in range(1, 9)},
    date(2025, 9, 28): DayKind.WORKED,
    date(2025, 10, 11): DayKind.WORKED,
}


@pytest.mark.parametrize(
    ("story", "day", "works"),
    [
        ("a weekday that nobody entered is worked", date(2025, 9, 29), True),
        ("a Saturday that nobody entered is not", date(2025, 9, 27), False),
        ("a Sunday that is worked for a holiday", date(2025, 9, 28), True),
        ("a public holiday on a weekday", date(2025, 10, 1), False),
        ("a public holiday on a Saturday", date(2025, 10, 4), False),
        ("a year that nobody has entered goes by the weekday", date(2031, 10, 1), True),
    ],
)
def test_a_day_is_worked(story: str, day: date, works: bool) -> None:
    assert is_working_day(day, KNOWN) is works, story


@pytest.mark.parametrize(
    ("story", "first", "last", "count"),
    [
        ("both ends count", date(2025, 9, 29), date(2025, 9, 30), 2),
        ("the golden week is skipped", date(2025, 9, 30), date(2025, 10, 9), 2),
        ("one free day is none", date(2025, 10, 1), date(2025, 10, 1), 0),
        ("nothing lies between a day and the one before", date(2025, 9, 30), date(2025, 9, 29), 0),
    ],
)
def test_working_days_are_counted(story: str, first: date, last: date, count: int) -> None:
    assert working_days(first, last, KNOWN) == count, story


@pytest.mark.parametrize(
    ("last", "kind", "name", "code"),
    [
        (date(2026, 12, 31), DayKind.HOLIDAY, "元旦", "days_order"),
        (date(2027, 2, 1), DayKind.HOLIDAY, "元旦", "days_many"),
        (date(2027, 1, 3), DayKind.HOLIDAY, "", "day_name_missing"),
        (date(2027, 1, 3), DayKind.WORKED, "元" * 21, "day_name_long"),
    ],
)
def test_days_that_make_no_sense_are_refused(last: date, kind: DayKind, name: str, code: str) -> None:
    with pytest.raises(RuleViolation, match=code):
        check_days(date(2027, 1, 1), last, kind, name)
    check_days(date(2027, 1, 1), date(2027, 1, 31), None, "")
