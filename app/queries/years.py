"""Protection years and what is open in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ARRAY, BigInteger, ColumnElement, bindparam, func, inspect, or_, select
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.orm.util import identity_key

from app.models import Plan, ProtectionWindow, ProtectionYear, Union, WindowExtension, YearPlan
from app.queries.beyond import UNIONS_ABOVE, name_of_account
from app.queries.paging import Cursor, Page, page_of
from app.rules.violations import RuleViolation, not_found
from app.rules.years import (
    EARLIEST_YEAR,
    LATEST_YEAR,
    Extension,
    Window,
    WindowName,
    WindowState,
    require_open,
)
from app.security.actor import Actor
from app.security.visible import visible_to
from app.transaction import ask_again

YEAR_AND_WINDOWS = (
    select(ProtectionYear)
    .options(joinedload(ProtectionYear.windows))
    .where(ProtectionYear.year == bindparam("year"))
)

LATEST = select(func.max(ProtectionYear.year)).scalar_subquery()
COVER_START = select(ProtectionYear.cover_start).where(ProtectionYear.year == bindparam("year"))

YEAR_IN_WORK = (
    select(ProtectionYear).options(joinedload(ProtectionYear.windows)).where(ProtectionYear.year == LATEST)
)


PLANS_OF_YEAR = (
    select(Plan)
    .join(YearPlan, YearPlan.plan == Plan.code)
    .where(YearPlan.year == bindparam("in_year"))
    .order_by(Plan.position)
)

TO_UNIONS = WindowExtension.union_id == func.any(bindparam("to_unions", type_=ARRAY(BigInteger)))
"""Granted to one of ``own_and_above``."""

GRANTED = (
    select(WindowExtension)
    .where(WindowExtension.year == bindparam("in_year"), TO_UNIONS)
    .order_by(WindowExtension.closes_at)
)


def get_year(session: Session, year: int) -> ProtectionYear:
    """Raises ``not_found`` (404) for a year that nobody set."""
    held = session.identity_map.get(identity_key(ProtectionYear, year))
    if held is not None and "windows" not in inspect(held).unloaded:
        return held
    known = EARLIEST_YEAR <= year <= LATEST_YEAR
    found = session.scalars(YEAR_AND_WINDOWS, {"year": year}).unique().one_or_none() if known else None
    if found is None:
        raise not_found("year")
    return found


def cover_start_of(session: Session, year: int) -> date:
    """Where nothing else of the year is asked for. Raises ``not_found`` (404) like ``get_year``."""
    known = EARLIEST_YEAR <= year <= LATEST_YEAR
    found = session.scalar(COVER_START, {"year": year}) if known else None
    if found is None:
        raise not_found("year")
    return found


def year_in_work(session: Session) -> ProtectionYear | None:
    """The year that screens open with: the latest one that has been set."""
    return session.scalars(YEAR_IN_WORK).unique().one_or_none()


def years(session: Session) -> list[int]:
    return list(session.scalars(select(ProtectionYear.year).order_by(ProtectionYear.year.desc())))


def years_not_over(session: Session, day: date) -> list[int]:
    """The years whose cover ends on that day or later."""
    return list(
        session.scalars(
            select(ProtectionYear.year).where(ProtectionYear.cover_end >= day).order_by(ProtectionYear.year)
        )
    )


def plans_of(session: Session, year: int) -> list[Plan]:
    return list(session.scalars(PLANS_OF_YEAR, {"in_year": year}))


def plans(session: Session) -> list[Plan]:
    """All plans that a year may offer."""
    return list(session.scalars(select(Plan).order_by(Plan.position)))


@dataclass(frozen=True, slots=True)
class YearLine:
    """A year as the list of years shows it; ``open`` are the windows that are open now."""

    year: ProtectionYear
    plans: list[str]
    open: list[Window]


def year_lines(session: Session, now: datetime) -> list[YearLine]:
    """All years, the latest first."""
    offered: dict[int, list[str]] = {}
    rows = session.execute(
        select(YearPlan.year, YearPlan.plan).join(Plan, Plan.code == YearPlan.plan).order_by(Plan.position)
    )
    for year, plan in rows:
        offered.setdefault(year, []).append(plan)
    return [
        YearLine(
            year,
            offered.get(year.year, []),
            [w.as_rule() for w in year.windows if w.opens_at <= now < w.closes_at],
        )
        for year in session.scalars(select(ProtectionYear).order_by(ProtectionYear.year.desc()))
    ]


def require_plan(session: Session, year: int, plan: str) -> None:
    if session.get(YearPlan, (year, plan)) is None:
        raise RuleViolation("plan_not_offered", field="plan", plan=plan, year=year)


def extensions_for(session: Session, year: int, name: WindowName, union: Union) -> list[Extension]:
    """Extensions granted to the union itself or to a union above it."""
    above = [union.id, *(u for u in (union.second_id, union.district_id) if u is not None)]
    rows = session.scalars(
        select(WindowExtension).where(
            WindowExtension.year == year,
            WindowExtension.window == name,
            WindowExtension.union_id.in_(above),
        )
    )
    return [row.as_rule() for row in rows]


def extensions_of(session: Session, actor: Actor, year: int) -> list[WindowExtension]:
    """All that were granted to the actor's own union or to one above it."""
    return list(session.scalars(GRANTED, {"in_year": year, "to_unions": own_and_above(actor)}))


def extensions_page(session: Session, actor: Actor, year: int, cursor: Cursor) -> Page:
    """The year's extensions that concern the actor, newest first: extension, union, and who granted it."""
    statement = (
        select(
            WindowExtension,
            func.coalesce(Union.name, UNIONS_ABOVE.c.name).label("name"),
            name_of_account(WindowExtension.granted_by).label("first_name"),
        )
        .outerjoin(Union, Union.id == WindowExtension.union_id)
        .outerjoin(UNIONS_ABOVE, UNIONS_ABOVE.c.id == WindowExtension.union_id)
        .where(WindowExtension.year == year, _concerns(actor))
    )
    return page_of(session, statement, [WindowExtension.id], cursor)


def extensions_concerning(session: Session, actor: Actor, year: int) -> list[WindowExtension]:
    """The same without paging, for a drawing: for who sees many of them only those of the union and above it."""
    return list(
        session.scalars(
            select(WindowExtension)
            .where(WindowExtension.year == year, WindowExtension.union_id.in_(own_and_above(actor)))
            .order_by(WindowExtension.opens_at)
        )
    )


def _concerns(actor: Actor) -> ColumnElement[bool]:
    return or_(visible_to(actor, WindowExtension), WindowExtension.union_id.in_(own_and_above(actor)))


def own_and_above(actor: Actor) -> list[int]:
    """The actor's own union and those above it."""
    return [actor.union_id, *(u for u in (actor.second_id, actor.district_id) if u is not None)]


def require_window(session: Session, year: int, name: WindowName, union: Union, now: datetime) -> None:
    """Refuse unless the window is open for this union at ``now``, by itself or by an extension.

    In a transaction it is asked again at the commit.
    """
    stored = session.get(ProtectionWindow, (year, name))
    window = stored.as_rule() if stored else None

    def ask(lasted: timedelta) -> None:
        _require_window(session, year, window, name, union, now + lasted)

    ask(timedelta())
    ask_again(session, ask)


def _require_window(
    session: Session, year: int, window: Window | None, name: WindowName, union: Union, now: datetime
) -> None:
    if window is None or window.state(now) is not WindowState.OPEN:
        require_open(window, extensions_for(session, year, name, union), now)


def closed_for(
    session: Session, year: int, name: WindowName, rows: Sequence[Any], now: datetime
) -> dict[int, RuleViolation]:
    """Which of these scoped rows (by id) find the window closed: the set-based ``require_window``.

    In a transaction it is asked again at the commit: if the window has closed for one of the others, none passes.
    """
    closed = _closed_for(session, year, name, rows, now)
    passed = [row for row in rows if row.id not in closed]

    def ask(lasted: timedelta) -> None:
        for refusal in _closed_for(session, year, name, passed, now + lasted).values():
            raise refusal

    if passed:
        ask_again(session, ask)
    return closed


def _closed_for(
    session: Session, year: int, name: WindowName, rows: Sequence[Any], now: datetime
) -> dict[int, RuleViolation]:
    window = session.get(ProtectionWindow, (year, name))
    try:
        require_open(window.as_rule() if window else None, (), now)
    except RuleViolation as closed:
        extended = set(
            session.scalars(
                select(WindowExtension.union_id).where(
                    WindowExtension.year == year,
                    WindowExtension.window == name,
                    WindowExtension.opens_at <= now,
                    WindowExtension.closes_at > now,
                )
            )
        )
        return {
            row.id: closed for row in rows if not extended & {row.union_id, row.second_id, row.district_id}
        }
    return {}
