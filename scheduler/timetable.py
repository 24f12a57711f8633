"""What runs when, Asia/Shanghai, readable as a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from apscheduler.triggers.cron import CronTrigger
from sqlalchemy.orm import Session

from app.clock import SHANGHAI
from scheduler.routines import (
    end_sessions,
    enqueue_check,
    enqueue_forget,
    give_up_imports,
    seal_audit,
    sweep_stalled_jobs,
    take_figures_of_the_day,
)

Work = Callable[[Session, datetime], str]
"""Called with the session and the boundary inside one transaction; answers what it did."""

LONGEST_LOOK_BACK = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timetable.

    `crontab`: minute hour day month weekday. `catch_up`: after a pause run each missed boundary in
    order; otherwise only the newest one of the last day.
    """

    name: str
    crontab: str
    work: Work
    catch_up: bool = False

    @property
    def trigger(self) -> CronTrigger:
        return CronTrigger.from_crontab(self.crontab, timezone=SHANGHAI)


TIMETABLE: tuple[Entry, ...] = (
    Entry("jobs.sweep_stalled", "* * * * *", sweep_stalled_jobs),
    Entry("imports.give_up", "* * * * *", give_up_imports),
    Entry("audit.seal", "* * * * *", seal_audit),
    Entry("sessions.end", "* * * * *", end_sessions),
    Entry("figures.snapshot", "5 0 * * *", take_figures_of_the_day),
    Entry("check.nightly", "0 2 * * *", enqueue_check),
    Entry("records.forget_old", "30 2 * * *", enqueue_forget),
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
