"""The only source of time: the database's clock, in training ahead of it.

All machines of one installation share the database, so its clock is theirs. Nobody asks it for the time: what a
transaction sends first brings it along, and what this machine's clock is off by is remembered. In training (演练) the
product's time runs ahead of the real one, by as much as the database says; this process looks at most once in
`LOOK_EVERY`, and with each transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from math import inf
from time import monotonic
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
LOOK_EVERY = timedelta(seconds=1)

HowFarAhead = Callable[[], timedelta | None]
"""Looks in the database; None where it can't be reached."""


@dataclass(slots=True)
class _Known:
    """What this process knows of other clocks."""

    off: timedelta = timedelta()
    heeds_database: bool = True
    look: HowFarAhead | None = None
    ahead: timedelta = timedelta()
    looked: float = -inf


_known = _Known()


def now() -> datetime:
    """This instant, aware, in Asia/Shanghai."""
    return real_now() + _ahead()


def real_now() -> datetime:
    """This instant outside of any training: for what phones, browsers and people measure with clocks of their own.

    So are sessions, captchas, codes of a second factor, lock-outs and the log of the process.
    """
    return machine_now() + _known.off


def today() -> date:
    """The date on the wall in Shanghai."""
    return now().date()


def midnight(day: date) -> datetime:
    """The first instant of a day in Shanghai."""
    return datetime.combine(day, time(), SHANGHAI)


def machine_now() -> datetime:
    """What this machine's clock says, right or wrong."""
    return datetime.now(SHANGHAI)


# The database's clock


def compare(asked: datetime, database: datetime, answered: datetime) -> None:
    """The database said this at some time between two looks at this machine's clock.

    What the machine was known to be off by stays as long as it is possible, and is corrected no further than it must:
    a slow answer tells little, and proves nothing.
    """
    if _known.heeds_database:
        _known.off = min(max(_known.off, database - answered), database - asked)


def heed_machine_alone() -> None:
    """From here on this machine's clock is right: for tests that set it themselves."""
    _known.heeds_database, _known.off = False, timedelta()


# Training


def train(look: HowFarAhead | None) -> None:
    """Run ahead by what ``look`` answers; with None, and before it is called, time is the real one."""
    _known.look, _known.ahead, _known.looked = look, timedelta(), -inf


def in_training() -> bool:
    return _known.look is not None


def note_ahead(ahead: timedelta | None) -> None:
    """What a transaction's first statement found, so that what it does is done at the newest time."""
    if in_training():
        _known.ahead, _known.looked = ahead or timedelta(), monotonic()


def look_again() -> None:
    """For whoever has just set the clock: the next to ask looks, however lately somebody did."""
    _known.looked = -inf


def in_real_time(instant: datetime) -> datetime:
    """When a time of the product will be, if nobody moves the clock any more: for what waits by a clock of its own."""
    return instant - _ahead()


def _ahead() -> timedelta:
    if _known.look is not None and monotonic() - _known.looked >= LOOK_EVERY.total_seconds():
        _known.looked = monotonic()
        found = _known.look()
        _known.ahead = _known.ahead if found is None else found
    return _known.ahead
