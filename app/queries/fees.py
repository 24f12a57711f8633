"""What one person costs whom."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select
from sqlalchemy.orm import Session

from app.models import FeeSetting, FeeSplit, Union, YearPlan
from app.queries.paging import Cursor, Page, page_of
from app.rules.enrolment import Term
from app.rules.fees import Amounts
from app.rules.organisation import UnionCategory, UnionLevel
from app.rules.violations import RuleViolation
from app.security.actor import Actor
from app.security.visible import visible_to


def fee_setting(
    session: Session, year: int, plan: str, category: UnionCategory, term: Term, *, lock: bool = False
) -> FeeSetting | None:
    """The municipal setting, locked for a change if asked."""
    query = select(FeeSetting).where(
        FeeSetting.year == year,
        FeeSetting.plan == plan,
        FeeSetting.union_category == category,
        FeeSetting.term == term,
    )
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.scalar(query)


def unit_amounts(
    session: Session, union: Union, *, year: int, plan: str, term: Term, now: datetime
) -> Amounts:
    """Per person, in yuan: the split for this union, else its district's, else the municipal default.

    Raises ``plan_not_offered``, and ``fee_unset`` where the municipal union has set no fee that is valid now.
    """
    found = session.execute(FEE_OF_UNION, asked_fee(union, year, plan, term)).first()
    return amounts_in_force(found, union, year, plan, now)


def asked_fee(union: Union, year: int, plan: str, term: Term) -> dict[str, Any]:
    """What ``FEE_OF_UNION`` asks for."""
    return {
        "in_year": year,
        "of_plan": plan,
        "of_category": union.category,
        "of_term": term,
        "in_district": union.district_id,
        "of_union": union.id,
    }


def amounts_in_force(found: Any, union: Union, year: int, plan: str, now: datetime) -> Amounts:
    """What a row of ``FEE_OF_UNION`` says; see ``unit_amounts``."""
    if found is None or found.offered is None:
        raise RuleViolation("plan_not_offered", field="plan", plan=plan, year=year)
    if found.valid_from is None or not found.valid_from <= now < found.valid_to:
        raise RuleViolation("fee_unset", field="plan", plan=plan, year=year, category=union.category)
    return Amounts(found.fee, found.municipal, found.district, found.grassroots)


def _in_force(share: str) -> ColumnElement[Any]:
    return func.coalesce(getattr(FeeSplit, share), getattr(FeeSetting, share))


# Put together once: every submit asks it.
FEE_OF_UNION = (
    select(
        YearPlan.plan.label("offered"),
        FeeSetting.valid_from,
        FeeSetting.valid_to,
        _in_force("fee").label("fee"),
        _in_force("municipal_share").label("municipal"),
        _in_force("district_share").label("district"),
        _in_force("grassroots_share").label("grassroots"),
    )
    .select_from(YearPlan)
    .outerjoin(
        FeeSetting,
        and_(
            FeeSetting.year == YearPlan.year,
            FeeSetting.plan == YearPlan.plan,
            FeeSetting.union_category == bindparam("of_category"),
            FeeSetting.term == bindparam("of_term"),
        ),
    )
    .outerjoin(
        FeeSplit,
        and_(
            FeeSplit.year == FeeSetting.year,
            FeeSplit.plan == FeeSetting.plan,
            FeeSplit.union_category == FeeSetting.union_category,
            FeeSplit.term == FeeSetting.term,
            FeeSplit.district_id == bindparam("in_district"),
            or_(FeeSplit.union_id == bindparam("of_union"), FeeSplit.union_id.is_(None)),
        ),
    )
    .where(YearPlan.year == bindparam("in_year"), YearPlan.plan == bindparam("of_plan"))
    # The union's own split before the one for all its district's unions.
    .order_by(FeeSplit.union_id)
    .limit(1)
)


def fee_settings(session: Session, year: int) -> list[FeeSetting]:
    return list(
        session.scalars(
            select(FeeSetting)
            .where(FeeSetting.year == year)
            .order_by(FeeSetting.plan, FeeSetting.union_category.desc(), FeeSetting.term)
        )
    )


def fee_splits(session: Session, year: int, district_id: int) -> list[FeeSplit]:
    """A district's own splits, the one for all its unions first."""
    return list(
        session.scalars(
            select(FeeSplit)
            .where(FeeSplit.year == year, FeeSplit.district_id == district_id)
            .order_by(FeeSplit.plan, FeeSplit.term, FeeSplit.union_id.nulls_first())
        )
    )


def splits_page(session: Session, year: int, district_id: int, cursor: Cursor) -> Page:
    """A district's own splits, newest first: the split, and the union's name where it is for one."""
    statement = (
        select(FeeSplit, Union.name)
        .outerjoin(Union, Union.id == FeeSplit.union_id)
        .where(FeeSplit.year == year, FeeSplit.district_id == district_id)
    )
    return page_of(session, statement, [FeeSplit.id], cursor)


def split_for(
    session: Session, setting: FeeSetting, district_id: int, union_id: int | None
) -> FeeSplit | None:
    """The district's split of this fee for one union, or (``None``) for all."""
    return session.scalar(
        select(FeeSplit).where(
            FeeSplit.year == setting.year,
            FeeSplit.plan == setting.plan,
            FeeSplit.union_category == setting.union_category,
            FeeSplit.term == setting.term,
            FeeSplit.district_id == district_id,
            FeeSplit.union_id.is_(None) if union_id is None else FeeSplit.union_id == union_id,
        )
    )


def count_splits(session: Session, setting: FeeSetting) -> int:
    """How many splits of the districts were made for this fee."""
    return (
        session.scalar(
            select(func.count()).where(
                FeeSplit.year == setting.year,
                FeeSplit.plan == setting.plan,
                FeeSplit.union_category == setting.union_category,
                FeeSplit.term == setting.term,
            )
        )
        or 0
    )


def unions_to_split(session: Session, actor: Actor, text: str, cursor: Cursor) -> Page:
    """The grassroots unions of the actor's district whose name has ``text`` in it, or whose code it is."""
    statement = select(Union).where(visible_to(actor, Union), Union.level == UnionLevel.GRASSROOTS)
    if text:
        statement = statement.where(or_(Union.name.contains(text, autoescape=True), Union.code == text))
    return page_of(session, statement, [Union.id], cursor, descending=False)
