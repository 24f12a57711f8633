"""On what terms a union submits, and the plan that it thereby fixes: one statement, which every submit sends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import (
    BigInteger,
    Integer,
    Table,
    and_,
    bindparam,
    exists,
    func,
    literal_column,
    select,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session, lazyload, load_only

from app.models import EnrolmentBatch, PlanChoice, ProtectionWindow, ProtectionYear, Union, YearPlan
from app.queries.batches import first_live_batch
from app.queries.fees import FEE_OF_UNION, amounts_in_force, asked_fee
from app.queries.years import require_window
from app.rules.enrolment import Term
from app.rules.fees import Amounts
from app.rules.violations import RuleViolation, not_found
from app.rules.years import EARLIEST_YEAR, LATEST_YEAR, WindowName


@dataclass(frozen=True, slots=True)
class Terms:
    """``unit``: what one person costs, in yuan. ``batch_id``: the id for the batch that fixes the plan.
    ``is_first``: the union has no other batch of the year."""

    year: ProtectionYear
    unit: Amounts
    batch_id: int
    is_first: bool


UNION = bindparam("of_union", type_=BigInteger)
YEAR = bindparam("in_year", type_=Integer)
FEE = FEE_OF_UNION.lateral("fee")
CHOICE = (
    upsert(cast(Table, PlanChoice.__table__))
    # Only a plan that the year offers can be fixed; of another one the answer tells.
    .from_select(
        ["union_id", "year", "plan"],
        select(UNION, YearPlan.year, YearPlan.plan).where(
            YearPlan.year == YEAR, YearPlan.plan == bindparam("of_plan")
        ),
    )
    # Setting what is there already: the statement then answers it.
    .on_conflict_do_update(index_elements=["union_id", "year"], set_={"plan": PlanChoice.plan})
    .returning(PlanChoice.__table__.c.plan)
    .cte("choice")
)
TERMS = (
    select(
        ProtectionYear,
        ProtectionWindow,
        *FEE.c,
        CHOICE.c.plan.label("fixed"),
        func.nextval(literal_column("'enrolment_batch_id_seq'")).label("batch_id"),
        (~exists().where(EnrolmentBatch.union_id == UNION, EnrolmentBatch.year == YEAR)).label("is_first"),
    )
    .outerjoin(
        ProtectionWindow,
        and_(ProtectionWindow.year == ProtectionYear.year, ProtectionWindow.name == bindparam("window")),
    )
    .outerjoin(FEE, true())
    .outerjoin(CHOICE, true())
    .options(
        lazyload(ProtectionYear.windows),
        load_only(
            ProtectionYear.cover_start,
            ProtectionYear.cover_end,
            ProtectionYear.grassroots_payment_due,
            ProtectionYear.grassroots_programme,
            ProtectionYear.grassroots_late_rule,
            ProtectionYear.grassroots_signature,
        ),
    )
    .where(ProtectionYear.year == YEAR)
)


def agree_terms(
    session: Session, union: Union, year: int, window: WindowName, plan: str, term: Term, now: datetime
) -> Terms:
    """The terms while the window is open for this union, which the caller holds locked; the plan is fixed from here.

    Raises ``not_found`` (404) for a year that nobody set, what ``require_window`` and ``unit_amounts`` raise, and
    ``plan_locked`` where another plan is fixed. Whoever is refused fixes nothing: the transaction is rolled back.
    """
    known = EARLIEST_YEAR <= year <= LATEST_YEAR
    asked = {"window": window, **asked_fee(union, year, plan, term)}
    found = session.execute(TERMS, asked).first() if known else None
    if found is None:
        raise not_found("year")
    # The window is among what was found: it isn't read again.
    require_window(session, year, window, union, now)
    unit = amounts_in_force(found, union, year, plan, now)
    if found.fixed != plan:
        raise _plan_locked(session, union, year, plan, found.fixed)
    return Terms(found.ProtectionYear, unit, found.batch_id, found.is_first)


def free_plan(session: Session, union_ids: Sequence[int], year: int) -> None:
    """Forget the plan of unions without a live batch: it may be chosen anew (Q35)."""
    session.execute(
        text(
            """
            DELETE FROM plan_choice p
             WHERE p.year = :year AND p.union_id = ANY(:unions)
               AND NOT EXISTS (SELECT FROM enrolment_batch b
                                WHERE b.union_id = p.union_id AND b.year = p.year AND b.live_plan IS NOT NULL)
            """
        ),
        {"year": year, "unions": list(union_ids)},
    )


def _plan_locked(session: Session, union: Union, year: int, plan: str, fixed: str) -> RuleViolation:
    """Names what fixed the other plan."""
    first = first_live_batch(session, union.id, year)
    return RuleViolation(
        "plan_locked",
        field="plan",
        plan=fixed,
        asked=plan,
        number=first.number if first else "",
        at=first.submitted_at if first else None,
    )
