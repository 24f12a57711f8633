"""One boundary, run once, whoever runs it and however often they are killed: the work and its record commit together.

A boundary of a protection year may have thousands of rows to change. It is worked off in steps, each a transaction of
its own that also writes down how far it has come; whoever comes next goes on from there.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from datetime import datetime
from time import perf_counter

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.clock import now
from app.log import log
from app.models import SchedulerPause, SchedulerRun
from app.queries.boundaries import boundaries_to_run
from app.rules.boundaries import Boundary
from app.rules.pace import FEWEST, next_step
from app.transaction import transaction
from scheduler.timetable import YEAR, Entry, YearLine, due
from scheduler.year_work import Step

ATTEMPTS = 5
"""So often the database may get in the way (a deadlock, a lost connection) before a boundary counts as failed."""

POSITIONS = {line.name: position for position, line in enumerate(YEAR)}


def run_due(entry: Entry) -> int:
    """Run the entry's boundaries that are due and not yet run, unless it is paused; returns how many ran."""
    at = now()
    with transaction() as session:
        if session.get(SchedulerPause, entry.name) is not None:
            return 0
        ran = (SchedulerRun.name == entry.name, SchedulerRun.asked_by.is_(None), SchedulerRun.boundary <= at)
        last = session.scalar(select(func.max(SchedulerRun.boundary)).where(*ran))
        # What never ran is due since the first scheduler began to look.
        since = last or session.scalar(select(func.min(SchedulerRun.started_at)))
    return sum(run_boundary(entry, boundary) for boundary in due(entry, since, at))


def run_boundary(entry: Entry, boundary: datetime, *, asked_by: int | None = None) -> bool:
    """Run one boundary of the clock unless it ran already; a failure is recorded, not repeated.

    Where the database got in the way it is tried again at once: its next time may be a day away. A process killed
    half-way leaves no trace, and the boundary runs at the next start.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return _run_whole(entry, boundary, asked_by)
        except Exception as problem:
            if isinstance(problem, OperationalError) and attempt < ATTEMPTS:
                log.warning(
                    "scheduled_run_again", name=entry.name, boundary=str(boundary), error=str(problem)
                )
                continue
            _note_problem(entry.name, None, boundary, problem, asked_by=asked_by)
            break
    return True


def _run_whole(entry: Entry, boundary: datetime, asked_by: int | None) -> bool:
    """The boundary's work and its record in one transaction; whether there was anything to run."""
    with transaction() as session:
        run = _hold(session, entry.name, None, boundary, asked_by)
        if run is None:
            return False
        _take_step(run, session, lambda session: Step(result=entry.work(session, boundary)))
        _finish(run, ok=True)
    return True


def run_year() -> int:
    """Run every boundary of every protection year that has passed and isn't finished, in order; how many it ended."""
    with transaction() as session:
        paused = set(session.scalars(select(SchedulerPause.name)))
        found = boundaries_to_run(session, now())
    waiting = [boundary for boundary in found if boundary.name not in paused]
    ended = 0
    for boundary in sorted(waiting, key=lambda each: (each.at, POSITIONS[each.name], each.year)):
        if not run_year_boundary(YEAR[POSITIONS[boundary.name]], boundary):
            break
        ended += 1
    return ended


def run_year_boundary(line: YearLine, boundary: Boundary) -> bool:
    """Work one boundary off, going on where it was left; whether it has ended, well or not.

    Where the database got in the way it hasn't: later ones wait, and it is tried again at the next look.
    """
    people: int | None = FEWEST
    try:
        while people is not None:
            people = _go_on(line, boundary, people)
    except Exception as problem:
        return _note_problem(line.name, boundary.year, boundary.at, problem)
    return True


def _go_on(line: YearLine, boundary: Boundary, people: int) -> int | None:
    """One step in one transaction; how many people the next may take, ``None`` when nothing is left."""
    began = perf_counter()
    with transaction() as session:
        run = _hold(session, line.name, boundary.year, boundary.at, None)
        if run is None:
            return None
        step = Step()
        if run.part < len(line.parts):
            part, after = line.parts[run.part], run.after
            step = _take_step(run, session, lambda session: part(session, boundary, after, people))
            run.part, run.after = (run.part + 1, 0) if step.after is None else (run.part, step.after)
        over = run.part == len(line.parts)
        if over:
            _finish(run, ok=True)
    return None if over else next_step(people, step.people, perf_counter() - began)


def _hold(
    session: Session, name: str, year: int | None, boundary: datetime, asked_by: int | None
) -> SchedulerRun | None:
    """The boundary's record, held until the transaction ends; none if it has been finished."""
    record = (
        select(SchedulerRun)
        .where(
            SchedulerRun.name == name,
            SchedulerRun.year.is_not_distinct_from(year),
            SchedulerRun.boundary == boundary,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    run = session.scalars(record).one_or_none()
    if run is None:
        row = insert(SchedulerRun).values(
            name=name, year=year, boundary=boundary, started_at=now(), asked_by=asked_by
        )
        session.execute(row.on_conflict_do_nothing(constraint="a_boundary_runs_once"))
        run = session.scalars(record).one()
    return run if run.finished_at is None else None


def _take_step(run: SchedulerRun, session: Session, work: Callable[[Session], Step]) -> Step:
    began = perf_counter()
    step = work(session)
    run.took_ms += round((perf_counter() - began) * 1_000)
    run.touched = {
        name: run.touched.get(name, 0) + step.touched.get(name, 0)
        for name in (*run.touched, *(name for name in step.touched if name not in run.touched))
    }
    run.result = step.result[:2000]
    return step


def _finish(run: SchedulerRun, *, ok: bool) -> None:
    run.finished_at, run.ok = now(), ok


def _note_problem(
    name: str, year: int | None, boundary: datetime, problem: Exception, *, asked_by: int | None = None
) -> bool:
    """Write the failure down; whether that was the end of it."""
    log.error("scheduled_run_failed", name=name, year=year, boundary=str(boundary), exc_info=problem)
    with transaction() as session:
        run = _hold(session, name, year, boundary, asked_by)
        if run is None:
            return True
        run.attempts += 1
        run.trace = "".join(traceback.format_exception(problem))[-20_000:]
        if year is not None and isinstance(problem, OperationalError) and run.attempts < ATTEMPTS:
            return False
        run.result = f"{type(problem).__name__}: {problem}"[:2000]
        _finish(run, ok=False)
        return True
