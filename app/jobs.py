"""Background jobs, enqueued on the connection of the transaction that causes them.

A job exists if and only if its cause was committed. The tasks themselves are in
`scheduler/tasks/`; they enter `known_tasks` when their module is imported.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import psycopg
from procrastinate import SyncPsycopgConnector, exceptions
from procrastinate.manager import JobManager
from procrastinate.tasks import configure_task
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.clock import in_real_time

known_tasks: dict[str, Callable[..., None]] = {}
"""Task name → the function that does the work, called with the job's own arguments."""

_jobs = JobManager(SyncPsycopgConnector())


def enqueue(
    session: Session,
    task_name: str,
    *,
    job_lock: str | None = None,
    only_one: str | None = None,
    not_before: datetime | None = None,
    **arguments: Any,
) -> int | None:
    """Add a job; it becomes visible to workers when the session commits.

    `job_lock`: jobs of the same lock run one after another. `only_one`: while a job of
    this name waits, another isn't added, and None is the answer. `arguments` must be
    JSON values; they are given to the task by name.
    """
    if only_one is None:
        return _defer(session, task_name, job_lock, None, not_before, arguments)
    try:
        with session.begin_nested():
            return _defer(session, task_name, job_lock, only_one, not_before, arguments)
    except exceptions.AlreadyEnqueued:
        return None


def _defer(
    session: Session,
    task_name: str,
    job_lock: str | None,
    only_one: str | None,
    not_before: datetime | None,
    arguments: dict[str, Any],
) -> int:
    # The connection is asked for here, inside the savepoint if there is one: that begins it.
    job = configure_task(
        name=task_name,
        job_manager=_jobs,
        lock=job_lock,
        queueing_lock=only_one,
        schedule_at=None if not_before is None else in_real_time(not_before),
        connection=_driver_connection(session),
    )
    return job.defer(**arguments)


def perform_pending(session: Session, limit: int = 100) -> int:
    """Run waiting jobs here and now, in the session's own connection; for tests and the demo.

    Returns how many ran. A task that raises marks its job failed and raises.
    """
    for performed in range(limit):
        row = session.execute(text(NEXT_JOB)).one_or_none()
        if row is None:
            return performed
        try:
            known_tasks[row.task_name](**row.args)
        except Exception:
            session.execute(text(END_JOB), {"id": row.id, "status": "failed"})
            raise
        session.execute(text(END_JOB), {"id": row.id, "status": "succeeded"})
    return limit


NEXT_JOB = """
    SELECT id, task_name, args
      FROM procrastinate_jobs
     WHERE status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= now())
     ORDER BY priority DESC, id
     LIMIT 1
       FOR UPDATE SKIP LOCKED
"""

END_JOB = "UPDATE procrastinate_jobs SET status = CAST(:status AS procrastinate_job_status) WHERE id = :id"


def _driver_connection(session: Session) -> psycopg.Connection[Any]:
    connection = session.connection().connection.driver_connection
    assert isinstance(connection, psycopg.Connection)
    return connection
