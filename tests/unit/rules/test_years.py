"""The dates of a year lie near its cover: a mistyped year is told at its field."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from app.rules.violations import RuleViolation
from app.rules.years import SHANGHAI, check_dates

COVER = date(2027, 1, 1), date(2027, 12, 31)
FIRST, END = datetime(2023, 12, 30, tzinfo=SHANGHAI), datetime(2031, 1, 3, tzinfo=SHANGHAI)
"""1,098 days before the cover begins; the midnight after the 1,098th day behind its end."""
MOMENT = timedelta(microseconds=1)


@pytest.mark.parametrize("instant", [FIRST, END, datetime(2027, 6, 1, tzinfo=UTC)])
def test_a_date_near_the_cover_may_be(instant: datetime) -> None:
    check_dates(*COVER, {"closes_at": instant})


@pytest.mark.parametrize("instant", [FIRST - MOMENT, END + MOMENT, datetime.max.replace(tzinfo=UTC)])
def test_a_date_far_from_it_is_refused_at_its_field(instant: datetime) -> None:
    with pytest.raises(RuleViolation) as refused:
        check_dates(*COVER, {"opens_at": datetime(2026, 11, 1, tzinfo=SHANGHAI), "closes_at": instant})
    assert (refused.value.code, refused.value.field) == ("date_far", "closes_at")
    assert refused.value.facts == {"first": date(2023, 12, 30), "last": date(2031, 1, 2)}
