"""Protection years and their windows (domain section 3): half-open spans of time in Asia/Shanghai."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from app.rules.violations import RuleViolation

SHANGHAI = ZoneInfo("Asia/Shanghai")


class WindowName(StrEnum):
    FEE_SETTING = "fee_setting"
    GRASSROOTS_SUBMIT = "grassroots_submit"
    REVIEW = "review"
    DISTRICT_SUBMIT = "district_submit"
    INSTANT = "instant"


class WindowState(StrEnum):
    UPCOMING = "upcoming"
    OPEN = "open"
    CLOSED = "closed"


class InstantStartRule(StrEnum):
    """The day after which an instant cover begins (2019: the third, 2025: the second)."""

    SUBMITTED_PLUS_1 = "submitted_plus_1"
    APPROVED_PLUS_1 = "approved_plus_1"
    CARD_NUMBER_PLUS_1 = "card_number_plus_1"


@dataclass(frozen=True, slots=True)
class Window:
    """``[opens_at, closes_at)``: the closing instant itself is too late."""

    name: WindowName
    opens_at: datetime
    closes_at: datetime

    def state(self, now: datetime) -> WindowState:
        if now < self.opens_at:
            return WindowState.UPCOMING
        return WindowState.OPEN if now < self.closes_at else WindowState.CLOSED

    def days_left(self, now: datetime) -> int:
        """Whole calendar days until the last open day, 0 on that day itself; Asia/Shanghai."""
        if now >= self.closes_at:
            return 0
        last_open = self.closes_at.timestamp() - 1e-3
        last_day = datetime.fromtimestamp(last_open, SHANGHAI).date()
        return max(0, (last_day - now.astimezone(SHANGHAI).date()).days)


@dataclass(frozen=True, slots=True)
class Extension:
    """A longer window for one union and everything below it; it expires by itself."""

    name: WindowName
    opens_at: datetime
    closes_at: datetime


@dataclass(frozen=True, slots=True)
class Move:
    """A window that opens or closes at another time; without a name the date that grassroots unions pay by."""

    name: WindowName | None
    before: tuple[datetime, ...]
    after: tuple[datetime, ...]

    @property
    def ends_at(self) -> datetime:
        return self.after[-1]

    def facts(self) -> dict[str, object]:
        """As the log keeps it."""
        what = {"window": self.name.value} if self.name else {"field": "grassroots_payment_due"}
        return {
            **what,
            "before": [instant.isoformat() for instant in self.before],
            "after": [instant.isoformat() for instant in self.after],
        }


def require_open(window: Window | None, extensions: Iterable[Extension], now: datetime) -> None:
    """Refuse with ``window_closed`` or ``window_not_open`` unless the window or an extension holds now."""
    if window is None:
        raise RuleViolation("window_unset")
    if window.opens_at <= now < window.closes_at:
        return
    if any(e.name is window.name and e.opens_at <= now < e.closes_at for e in extensions):
        return
    if now < window.opens_at:
        raise RuleViolation("window_not_open", window=window.name, opens_at=window.opens_at)
    raise RuleViolation("window_closed", window=window.name, closes_at=window.closes_at)


def check_windows(windows: Mapping[WindowName, tuple[datetime, datetime]]) -> None:
    """Every window opens before it closes, and the district files after the submits have begun."""
    for name, (opens_at, closes_at) in windows.items():
        if opens_at >= closes_at:
            raise RuleViolation("window_order", field=f"{name}_closes_at", window=name)
    missing = [name for name in WindowName if name not in windows]
    if missing:
        raise RuleViolation("window_missing", field=f"{missing[0]}_opens_at", window=missing[0])


EARLIEST_YEAR, LATEST_YEAR = 2000, 2999
LONGEST_COVER = timedelta(days=366)


def check_year(year: int) -> None:
    """A protection year is one that people live in."""
    if not EARLIEST_YEAR <= year <= LATEST_YEAR:
        raise RuleViolation("year_range", field="year", first=EARLIEST_YEAR, last=LATEST_YEAR)


def check_cover(year: int, cover_start: date, cover_end: date) -> None:
    """The cover begins in its year and lasts at most one; both days are covered."""
    check_year(year)
    if cover_start.year != year:
        raise RuleViolation("cover_year", field="cover_start", year=year)
    if cover_end <= cover_start:
        raise RuleViolation("cover_order", field="cover_end")
    if cover_end - cover_start >= LONGEST_COVER:
        raise RuleViolation("cover_long", field="cover_end")


REACH = timedelta(days=3 * 366)
"""How far from its cover the dates of a year may lie: beyond that a digit is wrong."""


def check_dates(cover_start: date, cover_end: date, dates: Mapping[str, datetime]) -> None:
    """Every date of a year lies near its cover. ``dates``: by the field to mend."""
    first, last = cover_start - REACH, cover_end + REACH
    begins = datetime.combine(first, time(), SHANGHAI)
    ends = datetime.combine(last + timedelta(days=1), time(), SHANGHAI)
    for field, instant in dates.items():
        if not begins <= instant <= ends:
            raise RuleViolation("date_far", field=field, first=first, last=last)


PLAN_CODE = re.compile(r"[A-Z0-9+]{1,10}")
PLAN_NAME_MAX = 50


def check_plan(code: str, name: str) -> None:
    """A plan has a short code, as in file names and addresses, and a name of its own."""
    if PLAN_CODE.fullmatch(code) is None:
        raise RuleViolation("plan_code_shape", field="code")
    if not 1 <= len(name) <= PLAN_NAME_MAX:
        raise RuleViolation("plan_name_missing", field="name", limit=PLAN_NAME_MAX)


def check_extension(window: Window, opens_at: datetime, closes_at: datetime, now: datetime) -> None:
    """An extension lies ahead and opens the window at a time when it is closed by itself."""
    if closes_at <= opens_at:
        raise RuleViolation("extension_order", field="closes_at")
    if closes_at <= now:
        raise RuleViolation("extension_past", field="closes_at")
    if window.opens_at <= opens_at and closes_at <= window.closes_at:
        raise RuleViolation("extension_no_longer", field="closes_at", closes_at=window.closes_at)
