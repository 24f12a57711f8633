"""One boundary, run once: the work and its record are one transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.clock import now
from app.log import log
from app.models.schedule import SchedulerRun
from app.transaction import transaction
from scheduler.timetable import Entry, due


def run_due(entry: Entry) -> int:
    """Run the entry's boundaries that are due and not yet run; returns how many ran."""
    with transaction() as session:
        last = session.scalar(select(func.max(SchedulerRun.boundary)).where(SchedulerRun.name == entry.name))
    return sum(run_boundary(entry, boundary) for boundary in due(entry, last, now()))


def run_boundary(entry: Entry, boundary: datetime) -> bool:
    """Run one boundary unless it ran already; a failure is recorded, not repeated.

    A process killed half-way leaves no trace, and the boundary runs at the next start.
    """
    started = now()
    try:
        with transaction() as session:
            if not _claim(session, entry, boundary, started):
                return False
            _finish(session, entry, boundary, ok=True, result=entry.work(session, boundary))
    except Exception as problem:
        log.error("scheduled_run_failed", name=entry.name, boundary=str(boundary), exc_info=problem)
        with transaction() as session:
            if _claim(session, entry, boundary, started):
                _finish(session, entry, boundary, ok=False, result=f"{type(problem).__name__}: {problem}")
    return True


def _claim(session: Session, entry: Entry, boundary: datetime, started: datetime) -> bool:
    row = insert(SchedulerRun).values(name=entry.name, boundary=boundary, started_at=started)
    once = row.on_conflict_do_nothing(index_elements=["name", "boundary"]).returning(SchedulerRun.id)
    return session.scalar(once) is not None


def _finish(session: Session, entry: Entry, boundary: datetime, *, ok: bool, result: str) -> None:
    claimed = select(SchedulerRun).where(SchedulerRun.name == entry.name, SchedulerRun.boundary == boundary)
    run = session.scalars(claimed).one()
    run.finished_at, run.ok, run.result = now(), ok, result[:2000]
