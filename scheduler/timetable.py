"""What runs when, Asia/Shanghai, readable as two tables: by the clock, and by the protection year."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from apscheduler.triggers.cron import CronTrigger
from sqlalchemy.orm import Session

from app.clock import SHANGHAI
from app.rules.boundaries import (
    COVER_ENDS,
    COVER_STARTS,
    PAYMENT_DUE,
    REFILING_DUE,
    VOUCHER_DUE,
    closes,
    extension_ends,
    opens,
)
from app.rules.years import WindowName
from app.services.reminders import remind
from scheduler.routines import (
    end_sessions,
    enqueue_check,
    enqueue_forget,
    give_up_imports,
    seal_audit,
    sweep_stalled_jobs,
    take_figures_of_the_day,
)
from scheduler.year_work import (
    Part,
    count_covered,
    count_overdue,
    end_the_covers,
    lapse_the_unfiled,
    lapse_the_unpaid,
    tell_it_closed,
    tell_it_opened,
    wait_for_the_unfiled,
    wait_for_the_unpaid,
)

Work = Callable[[Session, datetime], str]
"""Called with the session and the boundary inside one transaction; answers what it did."""

LONGEST_LOOK_BACK = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timetable.

    `crontab`: minute hour day month weekday. `catch_up`: after a pause run each missed boundary in
    order; otherwise only the newest one of the last day. `guards`: nobody can pause it, because it is
    there to watch over everybody's work.
    """

    name: str
    crontab: str
    work: Work
    catch_up: bool = False
    guards: bool = False

    @property
    def trigger(self) -> CronTrigger:
        return CronTrigger.from_crontab(self.crontab, timezone=SHANGHAI)


TIMETABLE: tuple[Entry, ...] = (
    Entry("jobs.sweep_stalled", "* * * * *", sweep_stalled_jobs, guards=True),
    Entry("imports.give_up", "* * * * *", give_up_imports),
    Entry("audit.seal", "* * * * *", seal_audit, guards=True),
    Entry("sessions.end", "* * * * *", end_sessions, guards=True),
    Entry("figures.snapshot", "5 0 * * *", take_figures_of_the_day),
    Entry("check.nightly", "0 2 * * *", enqueue_check, guards=True),
    Entry("records.forget_old", "30 2 * * *", enqueue_forget),
    Entry("reminders.daily", "30 8 * * *", remind),
)


@dataclass(frozen=True, slots=True)
class YearLine:
    """What happens at one kind of boundary of every protection year, part after part, each in steps of its own.

    A part may run again from where it stopped, and so may a step that was cut off: it does what is left.
    """

    name: str
    parts: tuple[Part, ...]


UNPAID = (lapse_the_unpaid, wait_for_the_unpaid)
UNFILED = (lapse_the_unfiled, wait_for_the_unfiled)
W = WindowName

YEAR: tuple[YearLine, ...] = (
    # What falls due at the same instant is done in this order: what is over first, then what begins.
    YearLine(PAYMENT_DUE, UNPAID),
    YearLine(closes(W.FEE_SETTING), (tell_it_closed,)),
    YearLine(closes(W.GRASSROOTS_SUBMIT), (tell_it_closed, *UNPAID)),
    YearLine(closes(W.REVIEW), (tell_it_closed,)),
    YearLine(closes(W.DISTRICT_SUBMIT), (tell_it_closed, *UNFILED)),
    YearLine(closes(W.INSTANT), (tell_it_closed,)),
    YearLine(extension_ends(W.FEE_SETTING), ()),
    YearLine(extension_ends(W.GRASSROOTS_SUBMIT), UNPAID + UNFILED),
    YearLine(extension_ends(W.REVIEW), UNFILED),
    YearLine(extension_ends(W.DISTRICT_SUBMIT), UNFILED),
    YearLine(extension_ends(W.INSTANT), ()),
    YearLine(REFILING_DUE, UNFILED),
    YearLine(VOUCHER_DUE, (count_overdue,)),
    YearLine(COVER_ENDS, (end_the_covers,)),
    YearLine(COVER_STARTS, (count_covered,)),
    YearLine(opens(W.FEE_SETTING), (tell_it_opened,)),
    YearLine(opens(W.GRASSROOTS_SUBMIT), (tell_it_opened,)),
    YearLine(opens(W.REVIEW), (tell_it_opened,)),
    YearLine(opens(W.DISTRICT_SUBMIT), (tell_it_opened,)),
    YearLine(opens(W.INSTANT), (tell_it_opened,)),
)


def due(entry: Entry, last: datetime | None, at: datetime) -> list[datetime]:
    """The boundaries after `last` and not after `at` that are still to run, oldest first.

    Without a `last` (it never ran) only a boundary of this very minute is due.
    """
    begin = last if last is not None else at.replace(second=0, microsecond=0) - timedelta(microseconds=1)
    if not entry.catch_up:
        begin = max(begin, at - LONGEST_LOOK_BACK)
    trigger, found = entry.trigger, []
    boundary = trigger.get_next_fire_time(None, begin + timedelta(microseconds=1))
    while boundary is not None and boundary <= at:
        found.append(boundary)
        boundary = trigger.get_next_fire_time(boundary, boundary + timedelta(microseconds=1))
    return found if entry.catch_up else found[-1:]
