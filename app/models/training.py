"""演练时钟: how far the product's time is ahead of the real one."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import CheckConstraint, DateTime, Interval, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import AccountRef, Entity


class TrainingClock(Entity):
    """One row. A trigger lets ``ahead`` grow, or be nothing again; outside of training nobody looks at it.

    ``set_at`` is the time that the clock was set to.
    """

    __tablename__ = "training_clock"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, server_default=text("1"))
    ahead: Mapped[timedelta] = mapped_column(Interval, server_default=text("'0'"))
    set_by: Mapped[AccountRef]
    set_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        CheckConstraint("id = 1", name="there_is_one_training_clock"),
        CheckConstraint("ahead >= '0'", name="the_training_clock_is_never_behind"),
    )
