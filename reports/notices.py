"""The two 告知书: what a grassroots union has enrolled (M3.1.9), what a district owes the centre (M4.5).

A notice is a value: everything printed is in it, and it is stored as facts, so that an old version prints
again to the byte. Money is yuan with two places, dates are days in Shanghai.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any, Self

from app.rules.fees import Amounts
from app.rules.year_texts import (
    DISTRICT_LATE_RULE,
    DISTRICT_PROGRAMME,
    DISTRICT_SIGNATURE,
    GRASSROOTS_LATE_RULE,
    GRASSROOTS_PROGRAMME,
    GRASSROOTS_SIGNATURE,
)
from reports.labels import long_date, money, plan_words
from reports.qr import qr_svg
from reports.typesetting import Template

STANDING_PLANS = ("A", "B", "A+", "B+")
"""A district notice names these even when nobody chose them (M4.5)."""

_GRASSROOTS_TEMPLATE = Template("grassroots_notice")
_DISTRICT_TEMPLATE = Template("district_notice")
_ENDS_AS_A_UNION = re.compile(r"工会(.*委员会|.*联合会|小组)?(（[^（）]*）|\([^()]*\))?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Notice:
    """What both notices share."""

    document_number: str
    version: int
    verification_url: str
    union_name: str
    year: int
    amounts: Amounts
    cover_start: date
    cover_end: date
    issued_on: date

    def to_facts(self) -> dict[str, Any]:
        """JSON-ready facts: dates as ``YYYY-MM-DD``, money as text."""
        return {field.name: _to_fact(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> Self:
        """The notice of ``facts``; a fact younger than the stored ones takes its default.

        Raises ``ValueError`` when a fact is missing that has none, or can't be read.
        """
        known = [field.name for field in fields(cls) if field.name in facts]
        try:
            return cls(**{name: _from_fact(name, facts[name]) for name in known})
        except (TypeError, AttributeError, ArithmeticError) as error:
            raise ValueError(f"not the facts of a {cls.__name__}: {error}") from error

    def _shared_values(self) -> dict[str, Any]:
        return {
            "number": self.document_number,
            "version": self.version,
            "url": self.verification_url,
            "qr": qr_svg(self.verification_url),
            "addressee": addressee(self.union_name),
            "issued_on": long_date(self.issued_on),
        }

    def _cover(self) -> str:
        return f"保障日期为 {long_date(self.cover_start)}起至 {long_date(self.cover_end)}止"

    def _late(self, rule: str) -> str:
        return rule.replace("{cover_end}", long_date(self.cover_end))


@dataclass(frozen=True, slots=True, kw_only=True)
class GrassrootsNotice(_Notice):
    """People and money are the union's whole year so far, over both channels."""

    plan: str
    member_card_people: int
    social_card_people: int
    pay_by: date
    programme: str = GRASSROOTS_PROGRAMME
    late_rule: str = GRASSROOTS_LATE_RULE
    signatory: str = GRASSROOTS_SIGNATURE

    @property
    def people(self) -> int:
        return self.member_card_people + self.social_card_people

    def body(self) -> str:
        """The sentence of M3.1.9."""
        return (
            f"你会集中参保 {self.year} 年度{self.programme}，"
            f"截至今日参加 {plan_words(self.plan)}会员共计 {self.people} 人"
            f"（会员卡参保 {self.member_card_people} 人，社保卡参保 {self.social_card_people} 人），"
            f"请于 {long_date(self.pay_by)}之前根据你会所在区、局（产业）工会的安排"
            f"将你会需要承担的参保资金划入所属区、局（产业）工会帐户，{self._cover()}。{self._late(self.late_rule)}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPeople:
    plan: str
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DistrictNotice(_Notice):
    """People by plan in the order to print, and the account that the money goes to."""

    by_plan: tuple[PlanPeople, ...]
    account_holder: str
    account_number: str
    bank: str
    programme: str = DISTRICT_PROGRAMME
    late_rule: str = DISTRICT_LATE_RULE
    signatory: str = DISTRICT_SIGNATURE

    @property
    def people(self) -> int:
        return sum(line.people for line in self.by_plan)

    @property
    def owed(self) -> Decimal:
        """What the district pays the centre: the municipal share is left out (M4.5)."""
        return self.amounts.owed_to_centre

    def lines(self) -> tuple[PlanPeople, ...]:
        """The standing plans, then the others of ``by_plan`` in its order."""
        people = {line.plan: line.people for line in self.by_plan}
        standing = tuple(PlanPeople(plan=plan, people=people.pop(plan, 0)) for plan in STANDING_PLANS)
        return standing + tuple(PlanPeople(plan=plan, people=count) for plan, count in people.items())

    def body(self) -> str:
        """The sentence of M4.5."""
        by_plan = "，".join(f"参加 {plan_words(line.plan)}会员共计 {line.people} 人" for line in self.lines())
        return (
            f"你会集中参保 {self.year} 年度{self.programme}，{by_plan}，"
            f"参保资金总额为 {money(self.owed)} 元。"
            f"{self._cover()}。{self._late(self.late_rule)}"
        )


def render_grassroots_notice(notice: GrassrootsNotice) -> bytes:
    """The PDF, one A4 page."""
    values = notice._shared_values() | {
        "body": notice.body(),
        "signatory": notice.signatory,
        "plan": plan_words(notice.plan),
        "people": f"{notice.people:,}",
        "fee": money(notice.amounts.fee),
        "municipal": money(notice.amounts.municipal),
        "district": money(notice.amounts.district),
        "grassroots": money(notice.amounts.grassroots),
    }
    return _GRASSROOTS_TEMPLATE.render(values, dated=notice.issued_on)


def render_district_notice(notice: DistrictNotice) -> bytes:
    """The PDF, one A4 page."""
    values = notice._shared_values() | {
        "body": notice.body(),
        "signatory": notice.signatory,
        "plans": [{"plan": plan_words(line.plan), "people": f"{line.people:,}"} for line in notice.lines()],
        "people": f"{notice.people:,}",
        "fee": money(notice.amounts.fee),
        "municipal": money(notice.amounts.municipal),
        "owed": money(notice.owed),
        "account_holder": notice.account_holder,
        "account_number": notice.account_number,
        "bank": notice.bank,
    }
    return _DISTRICT_TEMPLATE.render(values, dated=notice.issued_on)


def addressee(union_name: str) -> str:
    """The union as addressed: ``…有限公司`` gets 工会 behind it, a name that ends as a union doesn't."""
    name = union_name.strip()
    return name if _ENDS_AS_A_UNION.search(name) else f"{name}工会"


def _to_fact(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Amounts):
        return {share: str(amount) for share, amount in asdict(value).items()}
    if isinstance(value, tuple):
        return [asdict(line) for line in value]
    return value


def _from_fact(name: str, fact: Any) -> Any:
    if name in ("cover_start", "cover_end", "issued_on", "pay_by"):
        return date.fromisoformat(fact)
    if name == "amounts":
        return Amounts(**{share: Decimal(amount) for share, amount in fact.items()})
    if name == "by_plan":
        return tuple(PlanPeople(**line) for line in fact)
    return fact
