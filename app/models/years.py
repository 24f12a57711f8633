"""Protection years, their windows, and extensions of them."""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import AccountRef, Entity, Id, Instant, Scoped, choice
from app.rules.years import Extension, InstantStartRule, Window, WindowName


class Plan(Entity):
    """保障类型: A, B, A+, B+; municipal administrators may add more."""

    __tablename__ = "plan"

    code: Mapped[str] = mapped_column(String(10), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    position: Mapped[int]

    def __str__(self) -> str:
        return self.name


class YearPlan(Entity):
    __tablename__ = "year_plan"

    year: Mapped[int] = mapped_column(ForeignKey("protection_year.year"), primary_key=True)
    plan: Mapped[str] = mapped_column(ForeignKey("plan.code"), primary_key=True)


class ProtectionWindow(Entity):
    """``[opens_at, closes_at)``."""

    __tablename__ = "protection_window"

    year: Mapped[int] = mapped_column(ForeignKey("protection_year.year"), primary_key=True)
    name: Mapped[WindowName] = mapped_column(choice(WindowName, "window_known"), primary_key=True)
    opens_at: Mapped[Instant]
    closes_at: Mapped[Instant]

    __table_args__ = (CheckConstraint("opens_at < closes_at", name="a_window_opens_before_it_closes"),)

    def as_rule(self) -> Window:
        return Window(self.name, self.opens_at, self.closes_at)


class ProtectionYear(Entity):
    """One year of the plan: cover, dates, and the texts and account printed on its notices.

    ``grassroots_payment_due`` is exclusive, like a window's end: "to 12-25" is 12-26 00:00.
    """

    __tablename__ = "protection_year"

    year: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    cover_start: Mapped[date]
    cover_end: Mapped[date]
    grassroots_payment_due: Mapped[Instant]
    voucher_due_days: Mapped[int] = mapped_column(default=15, server_default="15")
    half_year_from: Mapped[date | None]
    instant_start_rule: Mapped[InstantStartRule] = mapped_column(
        choice(InstantStartRule, "instant_start_rule_known"),
        default=InstantStartRule.APPROVED_PLUS_1,
        server_default="approved_plus_1",
    )
    grassroots_programme: Mapped[str] = mapped_column(Text)
    grassroots_signature: Mapped[str] = mapped_column(Text)
    grassroots_late_rule: Mapped[str] = mapped_column(Text)
    district_programme: Mapped[str] = mapped_column(Text)
    district_signature: Mapped[str] = mapped_column(Text)
    district_late_rule: Mapped[str] = mapped_column(Text)
    retirement_warning: Mapped[str] = mapped_column(Text)
    account_holder: Mapped[str] = mapped_column(Text)
    account_number: Mapped[str] = mapped_column(Text)
    account_bank: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[Instant]

    windows: Mapped[list[ProtectionWindow]] = relationship(ProtectionWindow, viewonly=True, lazy="selectin")

    __table_args__ = (
        CheckConstraint("cover_start < cover_end", name="cover_starts_before_it_ends"),
        CheckConstraint("voucher_due_days BETWEEN 1 AND 366", name="voucher_due_days_sensible"),
        CheckConstraint("year BETWEEN 2000 AND 2999", name="year_sensible"),
    )


class WindowExtension(Scoped, Entity):
    """A longer window for a union and all below it: granted with a reason, expires by itself.

    ``granted_until`` and ``ended_by`` are set where somebody ended it early; ``closes_at`` is then when.
    """

    __tablename__ = "window_extension"

    id: Mapped[Id]
    year: Mapped[int] = mapped_column(ForeignKey("protection_year.year"))
    window: Mapped[WindowName] = mapped_column(choice(WindowName, "extended_window_known"))
    opens_at: Mapped[Instant]
    closes_at: Mapped[Instant]
    reason: Mapped[str] = mapped_column(Text)
    granted_by: Mapped[AccountRef]
    granted_at: Mapped[Instant]
    granted_until: Mapped[Instant | None]
    ended_by: Mapped[AccountRef]

    __table_args__ = (
        CheckConstraint("opens_at < closes_at", name="an_extension_opens_before_it_closes"),
        CheckConstraint("reason <> ''", name="an_extension_has_a_reason"),
        CheckConstraint("closes_at <= granted_until", name="an_extension_ends_no_later_than_granted"),
        Index("window_extension_by_union", "year", "window", "union_id"),
    )

    def as_rule(self) -> Extension:
        return Extension(self.window, self.opens_at, self.closes_at)
