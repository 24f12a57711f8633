from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from app.clock import SHANGHAI
from scheduler.timetable import TIMETABLE, Entry, due

NIGHTLY = Entry("nightly", "0 2 * * *", lambda session, boundary: "")
EACH_NIGHT = Entry("each", "0 2 * * *", lambda session, boundary: "", catch_up=True)


def at(day: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2025, 6, day, hour, minute, second, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (at(10, 1, 59, 59), []),
        (at(10, 2), [at(10, 2)]),
        (at(10, 9), [at(10, 2)]),
    ],
)
def test_a_boundary_is_due_from_its_very_instant_on(now: datetime, expected: list[datetime]) -> None:
    assert due(NIGHTLY, at(9, 2), now) == expected


def test_a_boundary_that_ran_is_not_due_again() -> None:
    assert due(NIGHTLY, at(10, 2), at(10, 2)) == []
    assert due(NIGHTLY, at(10, 2), at(11, 1)) == []


def test_after_a_pause_only_the_newest_is_due_unless_each_counts() -> None:
    assert due(NIGHTLY, at(5, 2), at(9, 12)) == [at(9, 2)]
    assert due(EACH_NIGHT, at(5, 2), at(9, 12)) == [at(6, 2), at(7, 2), at(8, 2), at(9, 2)]


def test_what_never_ran_has_nothing_to_catch_up() -> None:
    assert due(EACH_NIGHT, None, at(9, 12)) == []
    assert due(EACH_NIGHT, None, at(9, 2, 0, 30)) == [at(9, 2)]


def test_every_entry_has_its_own_name_and_fires() -> None:
    assert len({entry.name for entry in TIMETABLE}) == len(TIMETABLE)
    for entry in TIMETABLE:
        assert due(entry, at(1, 0), at(1, 0) + timedelta(days=1))
