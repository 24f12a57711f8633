"""The only source of time."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """This instant, aware, in Asia/Shanghai."""
    return datetime.now(SHANGHAI)


def today() -> date:
    """The date on the wall in Shanghai."""
    return now().date()


def midnight(day: date) -> datetime:
    """The first instant of a day in Shanghai."""
    return datetime.combine(day, time(), SHANGHAI)
