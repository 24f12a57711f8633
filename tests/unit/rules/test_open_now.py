"""How a window stands for one union, with its extensions."""

from __future__ import annotations

from datetime import datetime

import pytest

from app.rules.open_now import standing_of
from app.rules.years import SHANGHAI, Extension, Window, WindowName, WindowState

SUBMIT = WindowName.GRASSROOTS_SUBMIT


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


WINDOW = Window(SUBMIT, day("2024-11-01"), day("2024-12-26"))
LONGER = Extension(SUBMIT, day("2024-12-20"), day("2024-12-29"))
AGAIN = Extension(SUBMIT, day("2025-01-05"), day("2025-01-08"))
ANOTHERS = Extension(WindowName.REVIEW, day("2024-12-20"), day("2025-01-29"))


@pytest.mark.parametrize(
    ("extensions", "now", "state", "closes", "days", "extended"),
    [
        ([], "2024-12-25 23:59:59", WindowState.OPEN, "2024-12-26", 0, False),
        ([], "2024-12-26", WindowState.CLOSED, "2024-12-26", 0, False),
        ([ANOTHERS], "2024-12-26", WindowState.CLOSED, "2024-12-26", 0, False),
        ([LONGER], "2024-12-25 23:59:59", WindowState.OPEN, "2024-12-29", 3, True),
        ([LONGER], "2024-12-28 23:59:59", WindowState.OPEN, "2024-12-29", 0, True),
        ([LONGER], "2024-12-29", WindowState.CLOSED, "2024-12-29", 0, True),
        ([AGAIN], "2024-12-25 12:00", WindowState.OPEN, "2024-12-26", 0, False),
        ([AGAIN], "2024-12-26", WindowState.UPCOMING, "2025-01-08", 12, True),
        ([AGAIN, LONGER], "2025-01-07", WindowState.OPEN, "2025-01-08", 0, True),
    ],
)
def test_the_span_that_counts_is_the_open_one_or_else_the_next(
    extensions: list[Extension], now: str, state: WindowState, closes: str, days: int, extended: bool
) -> None:
    standing = standing_of(WINDOW, extensions, day(now))
    assert (standing.state, standing.closes_at, standing.days_left, standing.extended) == (
        state,
        day(closes),
        days,
        extended,
    )


def test_before_it_opens_the_beginning_counts() -> None:
    standing = standing_of(WINDOW, [LONGER], day("2024-10-31 23:59:59"))
    assert (standing.state, standing.opens_at) == (WindowState.UPCOMING, day("2024-11-01"))
