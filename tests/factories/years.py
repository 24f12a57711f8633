"""The 2025 protection year as the manual has it (M), and its fees."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from app.clock import SHANGHAI
from app.models import FeeSetting, ProtectionWindow, ProtectionYear, YearPlan
from app.rules.enrolment import Term
from app.rules.organisation import UnionCategory
from app.rules.year_texts import default_texts
from app.rules.years import WindowName

ORDINARY, CENTRAL = UnionCategory.ORDINARY, UnionCategory.CENTRAL_ENTERPRISE

WINDOWS = {
    WindowName.FEE_SETTING: ("10-25", "11-01"),
    WindowName.GRASSROOTS_SUBMIT: ("11-01", "12-26"),
    WindowName.REVIEW: ("11-01", "1-01"),
    WindowName.DISTRICT_SUBMIT: ("12-26", "1-01"),
}
"""First day, and the day after the last; ``1-01`` is the first day of the protection year itself."""

FEES = {
    ("A", ORDINARY): ("26.00", "13.00", "13.00", "0.00"),
    ("A", CENTRAL): ("26.00", "6.50", "19.50", "0.00"),
    ("B", ORDINARY): ("70.00", "30.00", "40.00", "0.00"),
    ("B", CENTRAL): ("70.00", "18.00", "52.00", "0.00"),
}
"""Yuan per person: fee, municipal, district, grassroots. B and the central share are values for tests."""


def at(text: str) -> datetime:
    """An instant on the wall in Shanghai: ``2024-12-25 23:59:59`` or a day's midnight."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def make_year(session: Session, year: int = 2025, plans: tuple[str, ...] = ("A", "B")) -> ProtectionYear:
    """A whole-year cover with the windows of the manual, the dates moved to ``year``."""
    made = ProtectionYear(
        year=year,
        cover_start=date(year, 1, 1),
        cover_end=date(year, 12, 31),
        grassroots_payment_due=at(f"{year - 1}-12-26"),
        **default_texts(year, date(year, 1, 1)),
        updated_at=at(f"{year - 1}-10-01"),
    )
    session.add(made)
    session.flush()
    session.add_all(YearPlan(year=year, plan=plan) for plan in plans)
    for name, (first, after) in WINDOWS.items():
        session.add(
            ProtectionWindow(year=year, name=name, opens_at=_day(year, first), closes_at=_day(year, after))
        )
    session.add(
        ProtectionWindow(
            year=year,
            name=WindowName.INSTANT,
            opens_at=at(f"{year}-01-01"),
            closes_at=at(f"{year + 1}-01-01"),
        )
    )
    session.flush()
    session.expire(made, ["windows"])
    return made


def make_fees(session: Session, year: int = 2025) -> list[FeeSetting]:
    """Fees of plans A and B, ordinary and central-enterprise, full year, valid 2020 to 2030 (M4.2)."""
    made = []
    for (plan, category), shares in FEES.items():
        fee, municipal, district, grassroots = (Decimal(share) for share in shares)
        made.append(
            FeeSetting(
                year=year,
                plan=plan,
                union_category=category,
                term=Term.FULL,
                fee=fee,
                municipal_share=municipal,
                district_share=district,
                grassroots_share=grassroots,
                valid_from=at("2020-01-01"),
                valid_to=at("2031-01-01"),
                updated_at=at("2024-10-01"),
            )
        )
    session.add_all(made)
    session.flush()
    return made


def _day(year: int, month_day: str) -> datetime:
    month, day = month_day.split("-")
    return datetime(year if month == "1" else year - 1, int(month), int(day), tzinfo=SHANGHAI)
