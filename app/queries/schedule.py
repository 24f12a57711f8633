"""What the scheduler did, and what it leaves alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from app.models import SchedulerPause, SchedulerRun
from app.queries.beyond import name_of_account
from app.queries.paging import Cursor, Page, page_of


@dataclass(frozen=True, slots=True)
class Pause:
    """Since when a line rests, and who let it."""

    since: datetime
    who: str


def last_runs(session: Session, names: Sequence[str]) -> dict[str, SchedulerRun]:
    """The newest run of each line of the timetable that ever ran."""
    newest = (
        select(SchedulerRun)
        .where(SchedulerRun.name.in_(names))
        .ext(distinct_on(SchedulerRun.name))
        .order_by(SchedulerRun.name, SchedulerRun.boundary.desc())
    )
    return {run.name: run for run in session.scalars(newest)}


def last_look(session: Session) -> datetime | None:
    """When anything of the timetable ran last."""
    return session.scalar(select(func.max(SchedulerRun.started_at)))


def runs_page(session: Session, name: str, only_failed: bool, cursor: Cursor) -> Page:
    """Runs, newest first; all of them, or of one line, or those that failed."""
    statement = select(SchedulerRun)
    if name:
        statement = statement.where(SchedulerRun.name == name)
    if only_failed:
        statement = statement.where(SchedulerRun.ok.is_(False))
    return page_of(session, statement, [SchedulerRun.started_at, SchedulerRun.id], cursor)


def pauses(session: Session) -> dict[str, Pause]:
    """The lines that rest."""
    rows = session.execute(
        select(
            SchedulerPause.name,
            SchedulerPause.paused_at,
            name_of_account(SchedulerPause.paused_by).label("who"),
        )
    )
    return {row.name: Pause(row.paused_at, row.who or "") for row in rows}
