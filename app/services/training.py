"""演练时钟: setting the time of a training. Only where the installation is one."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.clock import in_training
from app.models import TrainingClock
from app.rules.training import check_step
from app.rules.violations import not_found
from app.security.actor import Actor
from app.security.roles import Permission, require


def advance_clock(session: Session, actor: Actor, *, to: datetime, now: datetime) -> datetime:
    """Set the product's time forward to ``to``; what waits for a time of its own comes as much earlier.

    Raises ``not_found`` (404) outside of training, ``training_backwards`` or ``training_far``.
    """
    clock = _held(session, actor)
    check_step(now, to)
    _set(session, actor, clock, clock.ahead + (to - now), to)
    session.execute(text(BRING_JOBS_FORWARD), {"by": to - now})
    return to


def step_clock(session: Session, actor: Actor, *, by: timedelta, now: datetime) -> datetime:
    """Set the product's time forward by so much, and answer what it is then."""
    return advance_clock(session, actor, to=now + by, now=now)


def reset_clock(session: Session, actor: Actor, *, now: datetime) -> datetime:
    """Back to the real time. What was done stays done, dated in what is then the future."""
    clock = _held(session, actor)
    real = now - clock.ahead
    _set(session, actor, clock, timedelta(), real)
    return real


def _held(session: Session, actor: Actor) -> TrainingClock:
    if not in_training():
        raise not_found("training_clock")
    require(actor, Permission.MANAGE_YEARS)
    return session.scalars(select(TrainingClock).with_for_update()).one()


def _set(session: Session, actor: Actor, clock: TrainingClock, ahead: timedelta, at: datetime) -> None:
    clock.ahead, clock.set_by, clock.set_at = ahead, actor.account_id or None, at
    session.flush()


BRING_JOBS_FORWARD = """
    UPDATE procrastinate_jobs
       SET scheduled_at = scheduled_at - :by
     WHERE status = 'todo' AND scheduled_at IS NOT NULL
"""
