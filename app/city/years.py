"""The city's protection years, by the services: settled ones with the windows of the calendar, and the one of now."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.city.fees import SPLIT, SPLIT_PLAN, unit_amounts
from app.city.plan import CityPlan, Layout
from app.clock import SHANGHAI, midnight
from app.models import Account, FeeSplit, ProtectionYear
from app.rules.enrolment import Term
from app.rules.organisation import UnionCategory
from app.rules.years import WindowName
from app.security.actor import actor_of
from app.services.demo_year import PLANS, city_fees, make_demo_year
from app.services.fees import put_fees
from app.services.holdings import take_up_all
from app.services.years import YearDraft, put_year


def make_years(session: Session, layout: Layout) -> None:
    """All years with fees and splits, in the name of the administrator; nothing where they are there."""
    plan = layout.plan
    if session.scalar(select(ProtectionYear.year).where(ProtectionYear.year == plan.current_year)):
        return
    take_up_all(session, plan.ago(1_200))
    admin = actor_of(session.scalars(select(Account).where(Account.username == "admin")).unique().one())
    texts: dict[str, str] = {}
    current = make_demo_year(session, admin, plan.noon)
    for name in ("grassroots_programme", "grassroots_signature", "district_signature", "account_holder",
                 "account_number", "account_bank"):  # fmt: skip
        texts[name] = getattr(current, name)
    for year in plan.years:
        if year != plan.current_year:
            begun = datetime(year - 1, 9, 1, tzinfo=SHANGHAI)
            put_year(session, admin, year=year, draft=_calendar(year, texts), now=begun)
            valid_from, valid_to = (datetime(at, 1, 1, tzinfo=SHANGHAI) for at in (year - 2, year + 2))
            put_fees(session, admin, year=year, fees=city_fees(valid_from, valid_to), now=begun)
        session.add_all(_splits(layout, year))
    session.flush()


def _calendar(year: int, texts: dict[str, str]) -> YearDraft:
    """The windows of domain section 3."""
    before = year - 1
    windows = {
        WindowName.FEE_SETTING: (date(before, 10, 25), date(before, 11, 1)),
        WindowName.GRASSROOTS_SUBMIT: (date(before, 11, 1), date(before, 12, 26)),
        WindowName.REVIEW: (date(before, 11, 1), date(year, 1, 1)),
        WindowName.DISTRICT_SUBMIT: (date(before, 12, 26), date(year, 1, 1)),
        WindowName.INSTANT: (date(year, 1, 1), date(year + 1, 1, 1)),
    }
    return YearDraft(
        cover_start=date(year, 1, 1),
        cover_end=date(year, 12, 31),
        windows={name: (midnight(opens), midnight(closes)) for name, (opens, closes) in windows.items()},
        grassroots_payment_due=midnight(date(before, 12, 26)),
        plans=PLANS,
        texts=texts,
    )


def _splits(layout: Layout, year: int) -> list[FeeSplit]:
    plan: CityPlan = layout.plan
    unit = unit_amounts(SPLIT_PLAN, central=False, split=True)
    set_at = (
        plan.ago(59) if year == plan.current_year else midnight(date(year - 1, 10, 26)) + timedelta(hours=10)
    )
    return [
        FeeSplit(
            year=year,
            plan=SPLIT_PLAN,
            union_category=UnionCategory.ORDINARY,
            term=Term.FULL,
            district_id=layout.district_id(place),
            union_id=None,
            fee=unit.fee,
            municipal_share=unit.municipal,
            district_share=SPLIT[0],
            grassroots_share=SPLIT[1],
            set_by=layout.district_account(place),
            set_at=set_at,
        )
        for place in range(layout.districts)
        if layout.splits_fees(place)
    ]
