"""工作日历: the days that don't go by their weekday."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, DateTime, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import AccountRef, Entity, choice
from app.rules.working_days import DayKind


class WorkingDay(Entity):
    """``name`` is the holiday's, also for a weekend that is worked for it. ``set_at`` is empty for what the product
    came with."""

    __tablename__ = "working_day"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    kind: Mapped[DayKind] = mapped_column(choice(DayKind, "working_day_kind_known"))
    name: Mapped[str] = mapped_column(Text)
    set_by: Mapped[AccountRef]
    set_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (CheckConstraint("name <> ''", name="a_working_day_has_a_name"),)
