"""What the scheduler did."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from app.models import SchedulerRun
from app.queries.paging import Cursor, Page, page_of


def last_runs(session: Session, names: Sequence[str]) -> dict[str, SchedulerRun]:
    """The newest run of each entry of the timetable that ever ran."""
    newest = (
        select(SchedulerRun)
        .where(SchedulerRun.name.in_(names))
        .ext(distinct_on(SchedulerRun.name))
        .order_by(SchedulerRun.name, SchedulerRun.boundary.desc())
    )
    return {run.name: run for run in session.scalars(newest)}


def runs_page(session: Session, name: str, cursor: Cursor) -> Page:
    """Runs, newest first; all of them, or of one entry."""
    statement = select(SchedulerRun)
    if name:
        statement = statement.where(SchedulerRun.name == name)
    return page_of(session, statement, [SchedulerRun.started_at, SchedulerRun.id], cursor)
