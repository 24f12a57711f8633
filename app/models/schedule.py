"""What the scheduler did, boundary by boundary, and what it is told to leave alone."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import AccountRef, Entity, Id, Instant


class SchedulerRun(Entity):
    """One boundary of one line of the timetable; ``year`` is empty for lines that belong to no protection year.

    A boundary with much to do is worked off in many transactions: ``part`` and ``after`` say how far it has come,
    ``touched`` counts what was done by name, ``took_ms`` adds up how long that took. ``trace`` is for the
    administrator. ``asked_by``: who had it run now, or again.
    """

    __tablename__ = "scheduler_run"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(80))
    year: Mapped[int | None] = mapped_column(ForeignKey("protection_year.year"))
    boundary: Mapped[Instant]
    started_at: Mapped[Instant]
    finished_at: Mapped[Instant | None]
    ok: Mapped[bool | None]
    result: Mapped[str] = mapped_column(Text, default="", server_default="")
    part: Mapped[int] = mapped_column(default=0, server_default="0")
    after: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    touched: Mapped[dict[str, int]] = mapped_column(JSONB, default=dict, server_default="{}")
    took_ms: Mapped[int] = mapped_column(default=0, server_default="0")
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    trace: Mapped[str] = mapped_column(Text, default="", server_default="")
    asked_by: Mapped[AccountRef]

    __table_args__ = (
        UniqueConstraint(
            "name", "year", "boundary", name="a_boundary_runs_once", postgresql_nulls_not_distinct=True
        ),
        CheckConstraint("(finished_at IS NULL) = (ok IS NULL)", name="a_finished_run_says_how"),
        Index("scheduler_run_by_start", "started_at"),
        Index("scheduler_run_by_name", "name", "boundary"),
    )


class SchedulerPause(Entity):
    """A line of the timetable that rests until somebody resumes it."""

    __tablename__ = "scheduler_pause"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    paused_by: Mapped[AccountRef]
    paused_at: Mapped[Instant]
