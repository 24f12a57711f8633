"""Signing in: how long failures lock, and how long a session lasts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

FAILURES_BEFORE_LOCK = 5
FIRST_LOCK = timedelta(minutes=1)
LONGEST_LOCK = timedelta(minutes=30)
PENDING_LASTS = timedelta(minutes=5)
"""How long the second factor may take after the password."""


class CountedBy(StrEnum):
    """What failures are counted by."""

    ACCOUNT = "account"
    ADDRESS = "address"


FORGOTTEN_AFTER = {CountedBy.ACCOUNT: timedelta(days=1), CountedBy.ADDRESS: timedelta(hours=1)}
"""A count that nobody added to for so long begins anew. An office of many people has somebody's slip every day."""


class SessionKind(StrEnum):
    BROWSER = "browser"
    PROGRAM = "program"
    """A bearer token of the API."""


class SessionEnd(StrEnum):
    """Why a session ended."""

    SIGNED_OUT = "signed_out"
    IDLE = "idle"
    TOO_LONG = "too_long"
    FORCED = "forced"
    PASSWORD = "password"  # noqa: S105
    RESET = "reset"
    DISABLED = "disabled"
    ROLE = "role"
    SECOND_FACTOR = "second_factor"


@dataclass(frozen=True, slots=True)
class Failures:
    """Failures in a row, and when the last one was."""

    count: int
    last_at: datetime

    def at(self, now: datetime, kind: CountedBy) -> Failures:
        """The same, or none if the last one is forgotten."""
        return Failures(0, now) if now - self.last_at >= FORGOTTEN_AFTER[kind] else self


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """``idle``: without a request; ``longest``: from the sign-in; ``token``: an API token, busy or not."""

    idle: timedelta
    longest: timedelta
    token: timedelta


def locked_until(failures: int, last_failed_at: datetime | None) -> datetime | None:
    """Until when every attempt is refused; ``None`` when it isn't.

    The fifth failure in a row locks for a minute, each further one for twice as long, up to half an hour.
    """
    if failures < FAILURES_BEFORE_LOCK or last_failed_at is None:
        return None
    doublings = min(failures - FAILURES_BEFORE_LOCK, 10)
    lock: timedelta = min(FIRST_LOCK * (1 << doublings), LONGEST_LOCK)
    return last_failed_at + lock


def is_locked(failures: Failures, now: datetime) -> bool:
    until = locked_until(failures.count, failures.last_at)
    return until is not None and now < until


def session_end(
    kind: SessionKind, created_at: datetime, last_seen_at: datetime, limits: SessionLimits, now: datetime
) -> SessionEnd | None:
    """Why a session that nobody ended is over all the same; ``None`` while it lasts."""
    if kind is SessionKind.PROGRAM:
        return SessionEnd.TOO_LONG if now - created_at >= limits.token else None
    if now - created_at >= limits.longest:
        return SessionEnd.TOO_LONG
    return SessionEnd.IDLE if now - last_seen_at >= limits.idle else None
