"""Locks that grow, sessions that end, and codes of a phone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.rules.sign_in import (
    FORGOTTEN_AFTER,
    CountedBy,
    Failures,
    SessionEnd,
    SessionKind,
    SessionLimits,
    is_locked,
    locked_until,
    session_end,
)
from app.rules.totp import code_at, matching_step

FAILED_AT = datetime(2026, 12, 1, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize(
    ("failures", "minutes"),
    [(5, 1), (6, 2), (7, 4), (8, 8), (9, 16), (10, 30), (500, 30)],
)
def test_the_fifth_failure_locks_for_a_minute_and_each_further_one_for_twice_as_long(
    failures: int, minutes: int
) -> None:
    assert locked_until(failures, FAILED_AT) == FAILED_AT + timedelta(minutes=minutes)


@pytest.mark.parametrize(("failures", "last"), [(0, None), (4, FAILED_AT), (9, None)])
def test_fewer_than_five_failures_lock_nothing(failures: int, last: datetime | None) -> None:
    assert locked_until(failures, last) is None


def test_a_lock_holds_to_its_last_second_and_not_beyond() -> None:
    failures = Failures(5, FAILED_AT)
    assert is_locked(failures, FAILED_AT + timedelta(seconds=59))
    assert not is_locked(failures, FAILED_AT + timedelta(seconds=60))


@pytest.mark.parametrize("kind", list(CountedBy))
def test_a_while_without_a_failure_forgets_the_count(kind: CountedBy) -> None:
    forgotten = FAILED_AT + FORGOTTEN_AFTER[kind]
    assert Failures(9, FAILED_AT).at(forgotten - timedelta(seconds=1), kind).count == 9
    assert Failures(9, FAILED_AT).at(forgotten, kind).count == 0


LIMITS = SessionLimits(idle=timedelta(minutes=30), longest=timedelta(hours=12), token=timedelta(hours=2))


@pytest.mark.parametrize(
    ("kind", "age", "idle", "end"),
    [
        (SessionKind.BROWSER, timedelta(hours=11), timedelta(minutes=30) - timedelta(seconds=1), None),
        (SessionKind.BROWSER, timedelta(hours=11), timedelta(minutes=30), SessionEnd.IDLE),
        (SessionKind.BROWSER, timedelta(hours=12), timedelta(0), SessionEnd.TOO_LONG),
        (SessionKind.PROGRAM, timedelta(hours=2) - timedelta(seconds=1), timedelta(hours=1), None),
        (SessionKind.PROGRAM, timedelta(hours=2), timedelta(0), SessionEnd.TOO_LONG),
    ],
)
def test_a_session_ends_when_it_is_idle_or_too_long_and_a_token_when_its_time_is_over(
    kind: SessionKind, age: timedelta, idle: timedelta, end: SessionEnd | None
) -> None:
    assert session_end(kind, FAILED_AT - age, FAILED_AT - idle, LIMITS, FAILED_AT) is end


SECRET = b"12345678901234567890"


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_vectors_of_rfc_6238(seconds: int, code: str) -> None:
    assert code_at(SECRET, seconds // 30, digits=8) == code
    assert code_at(SECRET, seconds // 30) == code[-6:]


def test_a_code_holds_one_step_before_and_after_its_own() -> None:
    at = datetime.fromtimestamp(1111111111, UTC)
    step = 1111111111 // 30
    for drift, fits in ((-2, False), (-1, True), (0, True), (1, True), (2, False)):
        found = matching_step(SECRET, code_at(SECRET, step + drift), at)
        assert found == (step + drift if fits else None)
