from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules.dates import (
    LONG_TERM,
    Expiry,
    blocks_card,
    expiry,
    read_date,
    read_expiry,
    read_past_date,
    require_renewal,
)
from app.rules.violations import RuleViolation

TODAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    "written",
    ["2026-01-05", "2026-1-5", "2026/1/5", "2026/01/05", "20260105", 20260105, 20260105.0,
     "2026年1月5日", "2026年1月5号", "2026.1.5", 46027, 46027.375,
     "2026/1/5 0:00:00", "2026/1/5 9:30", " 2026-01-05 00:00:00", "2026-01-05T08:30:00", "２０２６年０１月０５日"],
)  # fmt: skip
def test_a_date_is_read_however_it_is_written(written):
    assert read_date(written) == date(2026, 1, 5)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "1990-13-01",
        "2026-02-29",
        "05/01/2026",
        "2026-1",
        "长期",
        "0001-01-01",
        "46027",
        3.5,
        3.1e17,
        "2026/1/5 x",
        "٢٠٢٦-٠١-٠٥",
    ],
)
def test_what_is_no_date_is_refused(written):
    with pytest.raises(RuleViolation) as caught:
        read_date(written)
    assert caught.value.code == "date_invalid"


@given(st.dates(date(1900, 1, 1)))
def test_every_form_gives_the_date_back(day):
    for form in (
        day.isoformat(),
        f"{day.year}/{day.month}/{day.day}",
        f"{day:%Y%m%d}",
        f"{day.year}年{day.month}月{day.day}日",
    ):
        assert read_date(form) == day


def test_a_birth_may_be_today_but_not_tomorrow():
    assert read_past_date(TODAY.isoformat(), TODAY) == TODAY
    with pytest.raises(RuleViolation) as caught:
        read_past_date((TODAY + timedelta(days=1)).isoformat(), TODAY)
    assert caught.value.code == "date_in_future"


def test_an_expiry_is_a_date_or_for_good():
    assert read_expiry("2030/1/1") == date(2030, 1, 1)
    assert read_expiry(" 长 期 ") == read_expiry("长期有效") == LONG_TERM
    with pytest.raises(RuleViolation) as caught:
        read_expiry("永久有效")
    assert caught.value.code == "expiry_invalid"


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2010.01.05-2030.01.05", date(2030, 1, 5)),
        ("20100105-20300105", date(2030, 1, 5)),
        ("2010.01.05 — 2030.01.05", date(2030, 1, 5)),
        ("2010.01.05至2030年1月5日", date(2030, 1, 5)),
        ("2010.01.05-长期", LONG_TERM),
    ],
)
def test_of_a_span_as_documents_print_it_the_end_counts(written, day):
    assert read_expiry(written) == day


@pytest.mark.parametrize(
    ("days", "state"), [(-1, Expiry.EXPIRED), (0, Expiry.SOON), (90, Expiry.SOON), (91, Expiry.VALID)]
)
def test_a_document_holds_on_its_last_day_and_is_flagged_90_days_before(days, state):
    assert expiry(TODAY + timedelta(days=days), False, TODAY) is state


def test_a_document_for_good_never_expires_and_an_unknown_one_says_so():
    assert expiry(None, True, TODAY) is Expiry.LONG_TERM
    assert expiry(None, False, TODAY) is Expiry.UNKNOWN


def test_only_an_expired_document_blocks_a_card():
    assert [state for state in Expiry if blocks_card(state)] == [Expiry.EXPIRED]


@pytest.mark.parametrize(
    ("before", "never", "renewed", "code"),
    [
        (TODAY, False, TODAY, "renewal_past"),
        (TODAY, False, TODAY + timedelta(days=1), None),
        (TODAY + timedelta(days=30), False, TODAY + timedelta(days=30), "renewal_earlier"),
        (None, False, TODAY + timedelta(days=1), None),
        (TODAY, False, LONG_TERM, None),
        (None, True, TODAY + timedelta(days=1), "renewal_earlier"),
        (None, True, LONG_TERM, "renewal_earlier"),
    ],
)
def test_a_renewed_document_holds_beyond_today_and_longer_than_before(before, never, renewed, code):
    try:
        require_renewal(before, never, renewed, TODAY)
    except RuleViolation as refused:
        assert refused.code == code
    else:
        assert code is None
