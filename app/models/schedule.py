"""What the scheduler did, boundary by boundary."""

from __future__ import annotations

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Entity, Id, Instant


class SchedulerRun(Entity):
    __tablename__ = "scheduler_run"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(80))
    boundary: Mapped[Instant]
    started_at: Mapped[Instant]
    finished_at: Mapped[Instant | None]
    ok: Mapped[bool | None]
    result: Mapped[str] = mapped_column(Text, default="", server_default="")

    __table_args__ = (
        UniqueConstraint("name", "boundary", name="a_boundary_runs_once"),
        Index("scheduler_run_by_start", "started_at"),
    )
