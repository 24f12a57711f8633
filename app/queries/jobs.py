"""The background jobs, as the queue has them now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.rules.jobs import JobState

LISTED = 200


@dataclass(frozen=True, slots=True)
class Job:
    """``since``: when it came into its state. ``percent``, ``import_id`` and ``file_name`` of imports alone."""

    id: int
    task: str
    state: JobState
    attempts: int
    since: datetime | None
    not_before: datetime | None
    stopping: bool
    import_id: int | None
    file_name: str
    percent: int | None


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """How many jobs are in each state, how many workers are at work, and whether jobs wait, and for long."""

    counts: dict[JobState, int]
    workers: int
    waits: bool
    waits_long: bool


def jobs(session: Session, states: Sequence[JobState]) -> list[Job]:
    """The newest jobs in these states."""
    rows = session.execute(text(JOBS), {"states": [state.value for state in states], "most": LISTED})
    return [
        Job(
            id=row.id,
            task=row.task_name,
            state=JobState(row.status),
            attempts=row.attempts,
            since=row.since,
            not_before=row.scheduled_at,
            stopping=row.abort_requested,
            import_id=row.import_id,
            file_name=row.file_name or "",
            percent=row.percent,
        )
        for row in rows
    ]


def queue_figures(session: Session) -> QueueFigures:
    counts = dict.fromkeys(JobState, 0)
    for state, number in session.execute(text(COUNTS)):
        counts[JobState(state)] = number
    now = session.execute(text(WORKERS)).one()
    return QueueFigures(counts, now.workers, now.waits, now.waits_long)


JOBS = """
    SELECT job.id, job.task_name, job.status::text AS status, job.attempts, job.scheduled_at, job.abort_requested,
           (SELECT max(event.at) FROM procrastinate_events AS event
             WHERE event.job_id = job.id AND event.type NOT IN ('scheduled', 'abort_requested')) AS since,
           run.id AS import_id, run.file_name,
           CASE WHEN job.status = 'doing' THEN told.percent END AS percent
      FROM procrastinate_jobs AS job
      LEFT JOIN import_run AS run ON job.task_name LIKE 'imports.%'
                                 AND run.id = CAST(job.args ->> 'import_id' AS bigint)
      LEFT JOIN import_progress AS told ON told.import_id = run.id
     WHERE job.status::text = ANY (:states)
     ORDER BY job.id DESC
     LIMIT :most
"""

COUNTS = """
    SELECT status::text, count(*) FROM procrastinate_jobs WHERE status::text <> 'aborting' GROUP BY 1
"""

# The queue keeps the server's own time, whatever clock the product is shown.
WORKERS = """
    SELECT (SELECT count(*)
              FROM procrastinate_workers WHERE last_heartbeat > now() - interval '60 seconds') AS workers,
           count(*) > 0 AS waits,
           coalesce(min(event.at) < now() - interval '2 minutes', false) AS waits_long
      FROM procrastinate_jobs AS job
      JOIN procrastinate_events AS event ON event.job_id = job.id AND event.type = 'deferred'
     WHERE job.status = 'todo' AND (job.scheduled_at IS NULL OR job.scheduled_at <= now())
"""
