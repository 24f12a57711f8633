"""What an administrator does to the timetable: pause a line, resume it, have it run now or again."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from app.jobs import enqueue
from app.models import SchedulerPause, SchedulerRun
from app.rules.violations import RuleViolation, not_found
from app.security.actor import Actor
from app.security.roles import Permission, require

RUN_NOW, RUN_AGAIN = "schedule.run_now", "schedule.run_again"


def pause_line(
    session: Session,
    actor: Actor,
    *,
    name: str,
    pausable: Collection[str],
    guards: Collection[str],
    now: datetime,
) -> None:
    """Let a line rest; what it misses meanwhile it does when it is resumed. Raises ``line_guards`` (409)."""
    require(actor, Permission.MANAGE_SCHEDULE)
    if name in guards:
        raise RuleViolation("line_guards", status=409)
    if name not in pausable:
        raise not_found("line")
    row = upsert(SchedulerPause).values(name=name, paused_by=actor.account_id or None, paused_at=now)
    session.execute(row.on_conflict_do_nothing())


def resume_line(session: Session, actor: Actor, *, name: str) -> None:
    """Let a line run again, from what it missed on."""
    require(actor, Permission.MANAGE_SCHEDULE)
    session.execute(delete(SchedulerPause).where(SchedulerPause.name == name))


def ask_to_run(session: Session, actor: Actor, *, name: str, known: Collection[str], now: datetime) -> int:
    """Have a line of the clock run once besides its times, paused or not; answers the job, 0 if one waits already."""
    require(actor, Permission.MANAGE_SCHEDULE)
    if name not in known:
        raise not_found("line")
    job = enqueue(
        session,
        RUN_NOW,
        only_one=f"{RUN_NOW}:{name}",
        name=name,
        boundary=now.isoformat(),
        asked_by=actor.account_id,
    )
    return job or 0


def ask_to_run_again(session: Session, actor: Actor, *, run_id: int) -> int:
    """Have a boundary of a year that failed go on where it stopped; answers the job, 0 if one waits already.

    Raises ``run_not_failed`` (409).
    """
    require(actor, Permission.MANAGE_SCHEDULE)
    run = session.get(SchedulerRun, run_id)
    if run is None:
        raise not_found("run")
    if run.year is None or run.ok is not False:
        raise RuleViolation("run_not_failed", status=409)
    job = enqueue(
        session, RUN_AGAIN, only_one=f"{RUN_AGAIN}:{run_id}", run_id=run_id, asked_by=actor.account_id
    )
    return job or 0
