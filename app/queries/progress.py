"""参保进度: which grassroots unions stand still, at what, since when, and who was reminded of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, or_, select, true
from sqlalchemy.orm import Session, aliased
from sqlalchemy.sql.selectable import LateralFromClause

from app.models import EnrolmentBatch, ProgressReminder, ProtectionWindow, Union, WindowExtension
from app.queries.beyond import UNIONS_ABOVE
from app.queries.monitor import RANK, grassroots_below
from app.queries.paging import Cursor, Page, page_of
from app.rules.enrolment import EnrolmentKind
from app.rules.monitor import LEAST_ADVANCED_FIRST, STUCK, WINDOW_OF, Cause, Stage
from app.rules.organisation import UnionLevel
from app.rules.years import WindowName
from app.security.actor import Actor
from app.security.visible import visible_to

STAGES = list(LEAST_ADVANCED_FIRST.values())
CAUSES_OF = {
    window: [cause for cause, its_own in WINDOW_OF.items() if its_own is window]
    for window in dict.fromkeys(WINDOW_OF.values())
}


@dataclass(frozen=True, slots=True)
class ProgressFilter:
    """Unions below ``place``; without a ``stage`` all that stand still, with a ``name`` those that contain it."""

    year: int
    place: Union
    stage: Stage | None = None
    name: str = ""


def progress_page(
    session: Session, actor: Actor, wanted: ProgressFilter, cursor: Cursor, counted: int | None
) -> Page:
    """``progress_query`` in the order of the unions' numbers; ``counted`` is how many the monitor knows of."""
    query = progress_query(actor, wanted)
    return page_of(
        session, query, [Union.id], cursor, descending=False, known_total=None if wanted.name else counted
    )


def progress_query(actor: Actor, wanted: ProgressFilter) -> Select[*tuple[Any, ...]]:
    """``(Union, stage, since, people, parent_name, waits_for, reminded_name, reminded_at)``, unordered.

    ``since``: when the list came where it stands now, empty where nothing has begun. ``people``: of the lists that
    stand there. ``waits_for``: the union whose reviewers it waits for; empty where its own operators must go on. The
    reminder is the newest about this stage.
    """
    stands, stage = standing_of(wanted.year)
    parent = aliased(Union, name="parent")
    # Looked up by their own numbers: by one that is computed, PostgreSQL would read all unions for each row.
    second, district = aliased(Union, name="second"), aliased(Union, name="district")
    reviewer = reviewing_union(stage)
    reviewing = case((reviewer == second.id, second.name), (reviewer == district.id, district.name))
    above = UNIONS_ABOVE.alias("reviewing_above")
    reminder = (
        select(ProgressReminder.reminded_name, ProgressReminder.reminded_at)
        .where(
            ProgressReminder.union_id == Union.id,
            ProgressReminder.year == wanted.year,
            ProgressReminder.cause == stage,
        )
        .correlate(Union, stands)
        .order_by(ProgressReminder.day.desc())
        .limit(1)
        .lateral("reminder")
    )
    query = (
        select(
            Union,
            stage.label("stage"),
            stands.c.since,
            stands.c.people,
            func.coalesce(parent.name, UNIONS_ABOVE.c.name).label("parent_name"),
            func.coalesce(reviewing, above.c.name).label("waits_for"),
            reminder.c.reminded_name,
            reminder.c.reminded_at,
        )
        .select_from(Union)
        .outerjoin(stands, true())
        .outerjoin(reminder, true())
        .outerjoin(parent, parent.id == Union.parent_id)
        .outerjoin(UNIONS_ABOVE, UNIONS_ABOVE.c.id == Union.parent_id)
        .outerjoin(second, second.id == Union.second_id)
        .outerjoin(district, district.id == Union.district_id)
        .outerjoin(above, above.c.id == reviewer)
        .where(grassroots_below(wanted.place), visible_to(actor, Union), at_stage(wanted, stage))
    )
    return query.where(Union.name.contains(wanted.name, autoescape=True)) if wanted.name else query


def unions_to_remind(actor: Actor, wanted: ProgressFilter, now: datetime) -> Select[*tuple[Any, ...]]:
    """``(union_id, second_id, district_id, cause, can_go_on)`` of the filtered ones that wait for somebody."""
    stands, stage = standing_of(wanted.year)
    query = (
        select(
            Union.id.label("union_id"),
            Union.second_id,
            Union.district_id,
            stage.label("cause"),
            can_go_on(wanted.year, stage, now).label("can_go_on"),
        )
        .select_from(Union)
        .outerjoin(stands, true())
        .where(
            grassroots_below(wanted.place),
            visible_to(actor, Union),
            at_stage(wanted, stage),
            stage.in_([cause.value for cause in Cause]),
        )
    )
    return query.where(Union.name.contains(wanted.name, autoescape=True)) if wanted.name else query


def can_go_on(year: int, cause: ColumnElement[str], now: datetime) -> ColumnElement[bool]:
    """Whether the window is open in which the cause can be dealt with, by itself or by an extension: the set-based
    ``require_window`` of a union that ``unions_to_remind`` selects."""
    return or_(
        *(
            and_(cause.in_([each.value for each in causes]), _is_open(year, window, now))
            for window, causes in CAUSES_OF.items()
        )
    )


def _is_open(year: int, name: WindowName, now: datetime) -> ColumnElement[bool]:
    window = select(ProtectionWindow.name).where(
        ProtectionWindow.year == year,
        ProtectionWindow.name == name,
        ProtectionWindow.opens_at <= now,
        ProtectionWindow.closes_at > now,
    )
    extension = select(WindowExtension.id).where(
        WindowExtension.year == year,
        WindowExtension.window == name,
        WindowExtension.union_id.in_([Union.id, Union.second_id, Union.district_id]),
        WindowExtension.opens_at <= now,
        WindowExtension.closes_at > now,
    )
    return or_(window.exists(), extension.correlate(Union).exists())


def standing_of(year: int) -> tuple[LateralFromClause, ColumnElement[str]]:
    """Where one union stands, by the monitor's own rank: looked up union by union, so that a page reads its own."""
    mine = (
        EnrolmentBatch.union_id == Union.id,
        EnrolmentBatch.year == year,
        EnrolmentBatch.kind == EnrolmentKind.COLLECTIVE,
    )
    # The lists of the lowest rank, which are those that the union waits for.
    stands = (
        select(
            RANK.label("rank"),
            func.min(EnrolmentBatch.updated_at).label("since"),
            func.sum(EnrolmentBatch.headcount).label("people"),
        )
        .where(*mine)
        .group_by(RANK)
        .order_by(RANK)
        .limit(1)
        .correlate(Union)
        .lateral("stands")
    )
    stage = case(
        *((stands.c.rank == at, literal(stage.value)) for at, stage in enumerate(STAGES)),
        else_=literal(Stage.NOT_STARTED.value),
    )
    return stands, stage


def reviewing_union(stage: ColumnElement[str]) -> ColumnElement[int | None]:
    """Whose reviewers a list waits for: the second-level union where there is one, the district to file it."""
    return case(
        (stage == Stage.SUBMITTED.value, func.coalesce(Union.second_id, Union.district_id)),
        (stage == Stage.APPROVED.value, Union.district_id),
    )


def at_stage(wanted: ProgressFilter, stage: ColumnElement[str]) -> ColumnElement[bool]:
    """The stage asked for. A rare one is found from its lists, not by looking at every union: an array of numbers keeps
    the order of pages."""
    if wanted.stage is None:
        return stage.in_([each.value for each in STUCK])
    if wanted.stage is Stage.NOT_STARTED:
        return stage == wanted.stage.value
    statuses = list(LEAST_ADVANCED_FIRST)
    rank = STAGES.index(wanted.stage)
    before = aliased(EnrolmentBatch, name="before")
    # Most lists that were ever returned have been submitted again: their unions stand there.
    stands_before = select(before.id).where(
        before.union_id == EnrolmentBatch.union_id,
        before.year == wanted.year,
        before.kind == EnrolmentKind.COLLECTIVE,
        before.status.in_(statuses[:rank]),
    )
    has_one = (
        select(EnrolmentBatch.union_id)
        .where(
            EnrolmentBatch.year == wanted.year,
            EnrolmentBatch.kind == EnrolmentKind.COLLECTIVE,
            EnrolmentBatch.status == statuses[rank],
            ~stands_before.exists(),
        )
        .distinct()
    )
    return and_(stage == wanted.stage.value, Union.id == func.any(func.array(has_one.scalar_subquery())))


def places_below(session: Session, actor: Actor) -> list[Union]:
    """The districts or second-level unions below the actor's own place, which the filter offers."""
    return list(
        session.scalars(
            select(Union)
            .where(
                Union.parent_id == actor.union_id,
                Union.level.in_([UnionLevel.DISTRICT, UnionLevel.SECOND]),
                visible_to(actor, Union),
            )
            .order_by(Union.id)
        )
    )
