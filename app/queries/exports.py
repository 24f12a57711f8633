"""One's own exports, and what makes one large."""

from __future__ import annotations

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.models import ExportProgress, ExportRun, Union
from app.queries.joining import members_counted
from app.queries.paging import Cursor, Page, page_of
from app.rules.exports import LARGE
from app.rules.organisation import UnionLevel
from app.security.actor import Actor
from app.security.visible import visible_to

MANY_MEMBERS = 200_000
"""Statistics look at each of them: more than that is no work to wait for."""


def exports_page(session: Session, actor: Actor, cursor: Cursor) -> Page:
    """What the account asked for, the newest first."""
    return page_of(
        session, select(ExportRun).where(ExportRun.asked_by == actor.account_id), [ExportRun.id], cursor
    )


def progress_of(session: Session, run: ExportRun) -> ExportProgress:
    """How far the work is; the run is the asker's own."""
    return session.get_one(ExportProgress, run.id, populate_existing=True)


def statistics_rows(session: Session, actor: Actor, level: UnionLevel, district: Union | None) -> int:
    """How many rows a workbook of the level has; at the second level districts count that have unions of their own."""
    wanted = Union.level == level
    if level is UnionLevel.SECOND:
        below = aliased(Union, name="straight")
        straight = (
            below.level == UnionLevel.GRASSROOTS,
            below.district_id == Union.id,
            below.second_id.is_(None),
        )
        has_straight = select(below.id).where(*straight, visible_to(actor, below)).exists()
        wanted = or_(wanted, and_(Union.level == UnionLevel.DISTRICT, has_straight))
    query = select(func.count()).select_from(Union).where(wanted, visible_to(actor, Union))
    # The municipal union's own unions, if there are such, are no district's.
    query = query.where(
        Union.district_id == district.id if district is not None else Union.district_id.is_not(None)
    )
    return session.scalar(query) or 0


def is_large_statistics(session: Session, actor: Actor, rows: int) -> bool:
    """Whether a workbook of so many rows is to be written in the background."""
    return rows > LARGE or session.scalars(members_counted(actor)).one() > MANY_MEMBERS
