"""Keeping the house: a nightly look for figures that lie, and forgetting what nobody needs."""

from __future__ import annotations

from datetime import timedelta

from flask import current_app
from sqlalchemy import text

from app.clock import now, real_now
from app.log import log
from app.rules.sign_in import FORGOTTEN_AFTER
from app.security.captcha import LASTS as CAPTCHA_LASTS
from app.services.audit import seal_audit_log
from app.services.exports import forget_exports
from app.services.retention import forget_imports
from app.transaction import transaction
from scheduler.tasks import task

KEYS_KEPT = timedelta(days=30)
DONE_JOBS_KEPT = timedelta(days=30)
ROUTINE_RUNS_KEPT = timedelta(days=7)
SESSIONS_KEPT = timedelta(days=400)
"""A year of who signed in from where; older ones nobody asks for."""


class FiguresLie(Exception):
    """The nightly check found figures that don't agree with their rows; the log names them."""


@task("housekeeping.check", attempts=1)
def check_figures() -> None:
    """Re-derive every figure, as `canbao check` does; a lie makes the job fail."""
    from app.queries.check import find_lies

    with transaction() as session:
        sealed = seal_audit_log(session)
    # Outside the database: whoever rewrites the whole chain there can't rewrite this line.
    log.info("audit_log_sealed", sequence=sealed.sequence, hash=sealed.hash)
    with transaction() as session:
        lies = list(find_lies(session))
    for lie in lies:
        log.error("figure_lies", lie=str(lie))
    if lies:
        raise FiguresLie(f"{len(lies)} figures don't agree with their rows")


@task("housekeeping.forget")
def forget_old_records() -> None:
    """Delete answers kept for repeated requests, finished jobs, the routine part of the run list, old workbooks.

    Workbooks go in steps of their own: a night that is cut short goes on in the next.
    """
    at, real = now(), real_now()
    with transaction() as session:
        session.execute(text(FORGET_KEYS), {"before": at - KEYS_KEPT})
        session.execute(text(FORGET_JOBS), {"before": real - DONE_JOBS_KEPT})
        session.execute(text(FORGET_RUNS), {"before": at - ROUTINE_RUNS_KEPT})
        session.execute(text(FORGET_SESSIONS), {"before": real - SESSIONS_KEPT})
        session.execute(text(FORGET_CAPTCHAS), {"before": real - 2 * CAPTCHA_LASTS})
        session.execute(text(FORGET_FAILURES), {"before": real - 2 * max(FORGOTTEN_AFTER.values())})
    kept = timedelta(days=current_app.config["SETTINGS"].import_days_kept)
    forgotten = 1
    while forgotten:
        with transaction() as session:
            forgotten = forget_imports(session, uploaded_before=at - kept, now=at)
    forgotten = 1
    while forgotten:
        with transaction() as session:
            forgotten = forget_exports(session, at)


FORGET_KEYS = "DELETE FROM idempotency_key WHERE created_at < :before"

FORGET_JOBS = """
    DELETE FROM procrastinate_jobs AS job
     WHERE job.status = 'succeeded'
       AND NOT EXISTS (SELECT 1
                         FROM procrastinate_events AS event
                        WHERE event.job_id = job.id AND event.at >= :before)
"""

FORGET_RUNS = """
    DELETE FROM scheduler_run
     WHERE name IN ('jobs.sweep_stalled', 'imports.give_up', 'audit.seal', 'sessions.end')
       AND ok AND boundary < :before
"""

FORGET_SESSIONS = "DELETE FROM account_session WHERE ended_at < :before"

FORGET_CAPTCHAS = "DELETE FROM used_captcha WHERE used_at < :before"

FORGET_FAILURES = "DELETE FROM sign_in_failure WHERE failed_at < :before"
