"""The demo city's protection year: the next one, every window open, prices partly invented."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.clock import SHANGHAI, midnight
from app.models import Plan, ProtectionYear, Union
from app.rules.enrolment import Term
from app.rules.organisation import UnionCategory
from app.rules.years import WindowName
from app.security.actor import Actor
from app.services.fees import FeeDraft, put_fees, set_split
from app.services.years import YearDraft, put_year

DAYS_OPEN_SINCE, DAYS_STILL_OPEN, DAYS_TO_PAY = 60, 60, 50
PLANS = ("A", "B")
DEMO_PRICE = "（演示金额）"

ORDINARY, CENTRAL = UnionCategory.ORDINARY, UnionCategory.CENTRAL_ENTERPRISE
FEES = (
    ("A", ORDINARY, "26.00", "13.00", "13.00"),
    ("A", CENTRAL, "26.00", "6.50", "19.50"),
    ("B", ORDINARY, "70.00", "30.00", "40.00"),
    ("B", CENTRAL, "70.00", "18.00", "52.00"),
)
"""Yuan: fee, municipal, district. Only the first is a price of today (M4.2); the others are demo values."""


def make_demo_year(session: Session, admin: Actor, now: datetime) -> ProtectionYear:
    """The year after this one: all windows from 60 days ago to 60 days ahead, whatever the day."""
    year = now.astimezone(SHANGHAI).year + 1
    today = midnight(now.astimezone(SHANGHAI).date())
    span = (today - timedelta(days=DAYS_OPEN_SINCE), today + timedelta(days=DAYS_STILL_OPEN + 1))
    begun = span[0] - timedelta(days=5)
    draft = YearDraft(
        cover_start=date(year, 1, 1),
        cover_end=date(year, 12, 31),
        windows=dict.fromkeys(WindowName, span),
        grassroots_payment_due=today + timedelta(days=DAYS_TO_PAY + 1),
        plans=PLANS,
        texts={
            "grassroots_programme": "海城市工会会员专享基本保障计划",
            "grassroots_signature": "海城市总工会职工服务中心",
            "district_signature": "海城市职工保障互助中心",
            "account_holder": "海城市职工保障互助中心会员专享保障专户（演示）",
            "account_number": "100100-00000000001",
            "account_bank": "海城银行望海大道支行",
            "retirement_warning": (
                f"各单位请注意：{year}年1月1日前（不含当日）的退休人员均不属于本次集中参保的保障范围。"
                "系统已按法定退休年龄比对并排除，请经办人员逐一核实提前退休及需核实人员。"
            ),
        },
    )
    protection_year = put_year(session, admin, year=year, draft=draft, now=begun)
    session.execute(update(Plan).where(Plan.code == "B").values(name=Plan.name + DEMO_PRICE))
    valid_from, valid_to = (datetime(at, 1, 1, tzinfo=SHANGHAI) for at in (year - 3, year + 5))
    put_fees(session, admin, year=year, fees=city_fees(valid_from, valid_to), now=begun)
    return protection_year


def city_fees(valid_from: datetime, valid_to: datetime) -> list[FeeDraft]:
    """The municipal fees of a year: nothing falls to the grassroots unions unless their district says so."""
    return [
        FeeDraft(
            plan=plan,
            union_category=category,
            term=Term.FULL,
            fee=Decimal(fee),
            municipal_share=Decimal(municipal),
            district_share=Decimal(district),
            grassroots_share=Decimal("0.00"),
            valid_from=valid_from,
            valid_to=valid_to,
        )
        for plan, category, fee, municipal, district in FEES
    ]


def split_fees(session: Session, district: Actor, spared: Union, year: int, now: datetime) -> None:
    """A district lets its unions pay a part themselves, except one that it pays for in full."""
    begun = now - timedelta(days=DAYS_OPEN_SINCE - 1)
    for union_id, shares in ((None, ("8.00", "5.00")), (spared.id, ("13.00", "0.00"))):
        district_share, grassroots_share = (Decimal(share) for share in shares)
        set_split(
            session,
            district,
            year=year,
            plan="A",
            term=Term.FULL,
            union_id=union_id,
            district_share=district_share,
            grassroots_share=grassroots_share,
            now=begun,
        )
