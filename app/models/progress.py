"""催办: who reminded whom of an enrolment that stands still."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import AccountRef, Entity, Id, Instant, Scoped, choice
from app.rules.monitor import Cause


class ProgressReminder(Scoped, Entity):
    """One reminder about a union and what it waits for; ``day`` is Shanghai's. A second one on the same day isn't sent,
    and the first one says who sent it."""

    __tablename__ = "progress_reminder"

    id: Mapped[Id]
    year: Mapped[int] = mapped_column(ForeignKey("protection_year.year"))
    cause: Mapped[Cause] = mapped_column(choice(Cause, "reminder_cause_known"))
    day: Mapped[date]
    reminded_by: Mapped[AccountRef]
    reminded_name: Mapped[str] = mapped_column(Text)
    reminded_at: Mapped[Instant]

    __table_args__ = (
        UniqueConstraint("union_id", "year", "cause", "day", name="reminded_once_a_day_for_a_cause"),
    )
