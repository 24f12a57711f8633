"""This machine's clock is corrected by the database's, no further than what the database said proves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from app import clock

MS = timedelta(milliseconds=1)
NOON = datetime(2026, 3, 1, 12, tzinfo=clock.SHANGHAI)


@pytest.fixture(autouse=True)
def heeding() -> Iterator[None]:
    clock._known.heeds_database = True
    yield
    clock.heed_machine_alone()


@pytest.mark.parametrize(
    ("story", "known", "asked", "database", "answered", "off"),
    [
        ("the same clock is not off, however long the answer took", 0, 0, 3, 900, 0),
        ("a machine that is slow is set forward by the least that explains it", 0, 0, 5000, 10, 4990),
        ("a machine that is fast is set back by the least that explains it", 0, 0, -5000, 10, -5000),
        ("what is known stays while it is possible", 4995, 0, 5000, 10, 4995),
        ("a machine that was set right meanwhile is believed again", 4995, 0, 5, 10, 5),
    ],
)
def test_what_the_machine_is_off_by(
    story: str, known: int, asked: int, database: int, answered: int, off: int
) -> None:
    clock._known.off = known * MS
    clock.compare(NOON + asked * MS, NOON + database * MS, NOON + answered * MS)
    assert clock._known.off == off * MS, story
    assert abs(clock.real_now() - clock.machine_now() - off * MS) < timedelta(seconds=5)


def test_out_of_training_the_products_time_is_the_real_one() -> None:
    assert not clock.in_training()
    clock.note_ahead(timedelta(days=30))
    assert abs(clock.now() - clock.real_now()) < timedelta(seconds=5)


def test_a_training_looks_at_most_once_a_second_and_keeps_what_it_knew() -> None:
    looks: list[timedelta | None] = [timedelta(days=1), timedelta(days=2), None]
    seen: list[int] = []

    def look() -> timedelta | None:
        seen.append(1)
        return looks[len(seen) - 1]

    clock.train(look)
    try:
        days = [(clock.now() - clock.real_now() + timedelta(hours=1)).days for _ in range(3)]
        clock.look_again()
        days.append((clock.now() - clock.real_now() + timedelta(hours=1)).days)
        clock.look_again()
        days.append((clock.now() - clock.real_now() + timedelta(hours=1)).days)
    finally:
        clock.train(None)
    assert days == [1, 1, 1, 2, 2]
