"""Files that are written in the background for whoever asked, and their pieces."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Entity, Id, Instant, Scoped, choice
from app.rules.exports import ExportKind, ExportState


class ExportRun(Scoped, Entity):
    """One file: ``asked`` is the filter, without document numbers; the account that asked is the only one to get it.

    Its place is that of the account; what it holds is what the account saw when it was written.
    """

    __tablename__ = "export_run"

    id: Mapped[Id]
    kind: Mapped[ExportKind] = mapped_column(choice(ExportKind, "export_kind_known"))
    asked: Mapped[dict[str, Any]] = mapped_column(JSONB)
    language: Mapped[str] = mapped_column(String(20))
    state: Mapped[ExportState] = mapped_column(choice(ExportState, "export_state_known"))
    file_name: Mapped[str] = mapped_column(Text)
    rows: Mapped[int] = mapped_column(default=0, server_default="0")
    size: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    problem_code: Mapped[str | None] = mapped_column(String(60))
    asked_by: Mapped[int] = mapped_column(ForeignKey("ab_user.id"))
    asked_at: Mapped[Instant]
    finished_at: Mapped[Instant | None]
    expires_at: Mapped[Instant | None]

    __table_args__ = (
        CheckConstraint(
            "state <> 'ready' OR expires_at IS NOT NULL AND size > 0", name="a_ready_export_expires"
        ),
        Index("export_run_by_account", "asked_by", "id"),
        Index("export_run_by_expiry", "expires_at", postgresql_where=text("state = 'ready'")),
    )


class ExportPart(Entity):
    """A piece of the file, in order: no process holds the whole."""

    __tablename__ = "export_part"

    export_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("export_run.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class ExportProgress(Entity):
    """How far the work is, told while the transaction that reads the rows is open; and whether to stop it."""

    __tablename__ = "export_progress"

    export_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("export_run.id", ondelete="CASCADE"), primary_key=True
    )
    rows_written: Mapped[int] = mapped_column(default=0, server_default="0")
    rows_expected: Mapped[int] = mapped_column(default=0, server_default="0")
    stop_asked: Mapped[bool] = mapped_column(default=False, server_default="false")
