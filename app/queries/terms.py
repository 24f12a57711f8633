"""On what terms a union submits: the year, its window and what one person costs, asked at once by every submit."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, bindparam, select, true
from sqlalchemy.orm import Session, lazyload

from app.models import ProtectionWindow, ProtectionYear, Union
from app.queries.fees import FEE_OF_UNION, amounts_in_force, asked_fee
from app.queries.years import require_window
from app.rules.enrolment import Term
from app.rules.fees import Amounts
from app.rules.violations import not_found
from app.rules.years import EARLIEST_YEAR, LATEST_YEAR, WindowName

FEE = FEE_OF_UNION.lateral("fee")
TERMS = (
    select(ProtectionYear, ProtectionWindow, *FEE.c)
    .outerjoin(
        ProtectionWindow,
        and_(ProtectionWindow.year == ProtectionYear.year, ProtectionWindow.name == bindparam("window")),
    )
    .outerjoin(FEE, true())
    .options(lazyload(ProtectionYear.windows))
    .where(ProtectionYear.year == bindparam("in_year"))
)


def open_terms(
    session: Session, union: Union, year: int, window: WindowName, plan: str, term: Term, now: datetime
) -> tuple[ProtectionYear, Amounts]:
    """The year, and what one person costs in yuan, while the window is open for this union.

    Raises ``not_found`` (404) for a year that nobody set, and what ``require_window`` and ``unit_amounts`` raise.
    """
    known = EARLIEST_YEAR <= year <= LATEST_YEAR
    asked = {"window": window, **asked_fee(union, year, plan, term)}
    found = session.execute(TERMS, asked).first() if known else None
    if found is None:
        raise not_found("year")
    # The window is among what was found: it isn't read again.
    require_window(session, year, window, union, now)
    return found.ProtectionYear, amounts_in_force(found, union, year, plan, now)
