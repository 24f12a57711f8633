"""Fees per person and year: the municipal setting and the districts' splits of what it leaves."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import AccountRef, Entity, Id, Instant, Money, choice
from app.rules.enrolment import Term
from app.rules.fees import Amounts
from app.rules.organisation import UnionCategory


class FeeSetting(Entity):
    """保障金额设置 of the municipal union (M4.2, Q48–Q50). Valid in ``[valid_from, valid_to)``."""

    __tablename__ = "fee_setting"

    id: Mapped[Id]
    year: Mapped[int] = mapped_column(ForeignKey("protection_year.year"))
    plan: Mapped[str] = mapped_column(ForeignKey("plan.code"))
    union_category: Mapped[UnionCategory] = mapped_column(choice(UnionCategory, "fee_category_known"))
    term: Mapped[Term] = mapped_column(choice(Term, "fee_term_known"))
    fee: Mapped[Money]
    municipal_share: Mapped[Money]
    district_share: Mapped[Money]
    grassroots_share: Mapped[Money]
    valid_from: Mapped[Instant]
    valid_to: Mapped[Instant]
    updated_by: Mapped[AccountRef]
    updated_at: Mapped[Instant]

    __table_args__ = (
        UniqueConstraint("year", "plan", "union_category", "term", name="one_fee_per_plan_category_term"),
        UniqueConstraint(
            "year", "plan", "union_category", "term", "fee", "municipal_share", name="fee_for_splits"
        ),
        CheckConstraint(
            "fee = municipal_share + district_share + grassroots_share", name="fee_shares_add_up"
        ),
        CheckConstraint(
            "fee > 0 AND municipal_share >= 0 AND district_share >= 0 AND grassroots_share >= 0",
            name="fee_shares_not_negative",
        ),
        CheckConstraint("valid_from < valid_to", name="fee_valid_from_before_to"),
    )


class FeeSplit(Entity):
    """A district's split (基层缴费设置), for all its unions of a category (``union_id`` empty) or for one.

    ``fee`` and ``municipal_share`` repeat the setting that the split was made for, so that the schema
    itself holds the sum; a changed setting takes the splits that no longer fit with it.
    """

    __tablename__ = "fee_split"

    id: Mapped[Id]
    year: Mapped[int]
    plan: Mapped[str]
    union_category: Mapped[UnionCategory] = mapped_column(choice(UnionCategory, "split_category_known"))
    term: Mapped[Term] = mapped_column(choice(Term, "split_term_known"))
    district_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("trade_union.id"))
    union_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("trade_union.id"))
    fee: Mapped[Money]
    municipal_share: Mapped[Money]
    district_share: Mapped[Money]
    grassroots_share: Mapped[Money]
    set_by: Mapped[AccountRef]
    set_at: Mapped[Instant]

    __table_args__ = (
        ForeignKeyConstraint(
            ["year", "plan", "union_category", "term", "fee", "municipal_share"],
            [
                "fee_setting.year",
                "fee_setting.plan",
                "fee_setting.union_category",
                "fee_setting.term",
                "fee_setting.fee",
                "fee_setting.municipal_share",
            ],
            name="split_of_the_fee_in_force",
        ),
        Index(
            "one_split_per_union",
            "year",
            "plan",
            "union_category",
            "term",
            "district_id",
            "union_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint(
            "fee = municipal_share + district_share + grassroots_share", name="split_shares_add_up"
        ),
        CheckConstraint("district_share >= 0 AND grassroots_share >= 0", name="split_shares_not_negative"),
    )

    def amounts(self) -> Amounts:
        return Amounts(self.fee, self.municipal_share, self.district_share, self.grassroots_share)
