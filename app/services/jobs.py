"""What the console does to background jobs: begin one again that failed, or have one stopped."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.rules.auditing import AuditKind
from app.rules.jobs import JobState, check_cancel, check_retry
from app.rules.violations import RuleViolation, not_found
from app.security.access_log import note
from app.security.actor import Actor
from app.security.roles import Permission, require


def retry_job(session: Session, actor: Actor, *, job_id: int) -> None:
    """Put a job that failed or was cancelled back into the queue, with all its attempts before it.

    Raises ``job_moved_on`` and ``job_waits_already`` (409).
    """
    job = _lock(session, actor, job_id)
    check_retry(JobState(job.status))
    try:
        with session.begin_nested():
            session.execute(text(AGAIN), {"id": job_id})
    except IntegrityError as taken:
        raise RuleViolation("job_waits_already", status=409) from taken
    _note(session, actor, job_id, "retry_job")


def cancel_job(session: Session, actor: Actor, *, job_id: int) -> bool:
    """Cancel a waiting job, or ask a running one to stop; answers whether it has stopped already.

    A running job stops where it next looks, and nothing of it has happened: its transaction is undone. Raises
    ``job_stays`` and ``job_moved_on`` (409).
    """
    job = _lock(session, actor, job_id)
    state = JobState(job.status)
    check_cancel(job.task_name, state)
    session.execute(text(CANCEL if state is JobState.TODO else STOP), {"id": job_id})
    _note(session, actor, job_id, "cancel_job")
    return state is JobState.TODO


def _lock(session: Session, actor: Actor, job_id: int) -> Any:
    require(actor, Permission.MANAGE_SCHEDULE)
    job = session.execute(text(LOCK), {"id": job_id}).one_or_none()
    if job is None:
        raise not_found("job")
    return job


def _note(session: Session, actor: Actor, job_id: int, what: str) -> None:
    """The queue isn't business data, so no trigger writes this down."""
    note(session, AuditKind.CHANGE, what, actor=actor, table="procrastinate_jobs", ids=[job_id], rows=1)


LOCK = "SELECT id, task_name, status::text AS status FROM procrastinate_jobs WHERE id = :id FOR UPDATE"

AGAIN = """
    UPDATE procrastinate_jobs
       SET status = 'todo', attempts = 0, worker_id = NULL, scheduled_at = NULL, abort_requested = false
     WHERE id = :id
"""

CANCEL = "UPDATE procrastinate_jobs SET status = 'cancelled' WHERE id = :id"

STOP = "UPDATE procrastinate_jobs SET abort_requested = true WHERE id = :id"
