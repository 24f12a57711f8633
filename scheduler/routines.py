"""The work behind the timetable's lines: short, inside the transaction of the run."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.clock import SHANGHAI, now, real_now
from app.jobs import enqueue
from app.log import log
from app.queries.years import years_not_over
from app.security.sessions import end_what_is_over, session_limits
from app.services.audit import seal_audit_log
from app.services.figures import add_up_members, take_figures
from app.services.imports import give_up_abandoned

ATTEMPTS_AFTER_KILLS = 5
WORKER_LOCK = 0x776F726B
"""With the worker's number: the advisory lock that its process holds while it lives."""


def sweep_stalled_jobs(session: Session, boundary: datetime) -> str:
    """Give jobs of dead workers back to the queue; after five such ends they count as failed."""
    found = session.execute(text(STALLED_JOBS), {"lock": WORKER_LOCK, "silence": "60 seconds"}).all()
    # Whoever asked for a stop has it: the worker is gone, and the job isn't begun again.
    session.execute(text(STOP_JOBS), {"ids": [row.id for row in found if row.abort_requested]})
    left = [row for row in found if not row.abort_requested]
    ended = [row.id for row in left if row.attempts + 1 >= ATTEMPTS_AFTER_KILLS]
    again = [row.id for row in left if row.attempts + 1 < ATTEMPTS_AFTER_KILLS]
    session.execute(text(FAIL_JOBS), {"ids": ended})
    session.execute(text(RETRY_JOBS), {"ids": again})
    return f"{len(again)} again, {len(ended)} failed" if found else "none stalled"


def give_up_imports(session: Session, boundary: datetime) -> str:
    """Imports whose job failed for good don't stay at work for ever."""
    found = give_up_abandoned(session, now())
    return f"{found} given up" if found else "none abandoned"


def seal_audit(session: Session, boundary: datetime) -> str:
    """Chain what the audit log has gained; the end of the chain goes into the process's own log as well."""
    sealed = seal_audit_log(session)
    if not sealed.made:
        return "nothing new"
    log.info("audit_log_sealed", sequence=sealed.sequence, hash=sealed.hash)
    return f"{sealed.made} chained, the last is link {sealed.sequence}"


def end_sessions(session: Session, boundary: datetime) -> str:
    """Sessions that nobody ended are over in any case; here that is written down."""
    ended = end_what_is_over(session, session_limits(), real_now())
    return f"{ended} sessions over" if ended else "no session over"


def take_figures_of_the_day(session: Session, boundary: datetime) -> str:
    """Write how the day before the boundary ended, for every year that isn't over."""
    add_up_members(session)
    day = boundary.astimezone(SHANGHAI).date() - timedelta(days=1)
    years = years_not_over(session, day)
    written = [take_figures(session, year=year, day=day, now=now()) for year in years]
    return f"{day} counted, {sum(figures or 0 for figures in written)} figures new"


def enqueue_check(session: Session, boundary: datetime) -> str:
    job = enqueue(session, "housekeeping.check", only_one="housekeeping.check")
    return f"job {job}" if job else "already waiting"


def enqueue_forget(session: Session, boundary: datetime) -> str:
    job = enqueue(session, "housekeeping.forget", only_one="housekeeping.forget")
    return f"job {job}" if job else "already waiting"


STALLED_JOBS = """
    SELECT job.id, job.attempts, job.abort_requested
      FROM procrastinate_jobs AS job
      LEFT JOIN procrastinate_workers AS worker ON worker.id = job.worker_id
     WHERE job.status = 'doing'
       AND (worker.id IS NULL
            OR worker.last_heartbeat < now() - CAST(:silence AS interval)
            OR NOT EXISTS (SELECT
                             FROM pg_locks AS held
                            WHERE held.locktype = 'advisory' AND held.granted AND held.objsubid = 2
                              AND held.database = (SELECT oid FROM pg_database
                                                    WHERE datname = current_database())
                              AND held.classid = CAST(CAST(:lock AS bigint) AS oid)
                              AND held.objid = CAST(worker.id AS oid)))
       FOR UPDATE OF job SKIP LOCKED
"""

FAIL_JOBS = """
    UPDATE procrastinate_jobs
       SET status = 'failed', attempts = attempts + 1
     WHERE id = ANY(CAST(:ids AS bigint[]))
"""

STOP_JOBS = "UPDATE procrastinate_jobs SET status = 'aborted' WHERE id = ANY(CAST(:ids AS bigint[]))"

RETRY_JOBS = """
    UPDATE procrastinate_jobs
       SET status = 'todo', attempts = attempts + 1, worker_id = NULL, abort_requested = false
     WHERE id = ANY(CAST(:ids AS bigint[]))
"""
