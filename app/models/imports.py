"""Workbooks that came in: the run, its rows as read, and what was wrong with them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import AccountRef, Entity, Id, Instant, Scoped, choice
from app.models.sealed import Sealed, SealedJson
from app.rules.imports import AT_WORK, ImportKind, ImportState
from app.rules.members import MembershipKind
from app.sealing import Purpose


class ImportRun(Scoped, Entity):
    __tablename__ = "import_run"

    id: Mapped[Id]
    kind: Mapped[ImportKind] = mapped_column(choice(ImportKind, "import_kind_known"))
    member_kind: Mapped[MembershipKind | None] = mapped_column(
        choice(MembershipKind, "import_member_kind_known")
    )
    employer_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("employer.id"))
    file_name: Mapped[str] = mapped_column(Text)
    file_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("stored_file.id"))
    state: Mapped[ImportState] = mapped_column(choice(ImportState, "import_state_known"))
    rows: Mapped[int] = mapped_column(default=0, server_default="0")
    valid: Mapped[int] = mapped_column(default=0, server_default="0")
    invalid: Mapped[int] = mapped_column(default=0, server_default="0")
    created: Mapped[int] = mapped_column(default=0, server_default="0")
    updated: Mapped[int] = mapped_column(default=0, server_default="0")
    unchanged: Mapped[int] = mapped_column(default=0, server_default="0")
    headers: Mapped[list[Any]] = mapped_column(JSONB, default=list, server_default="[]")
    remarks: Mapped[list[Any]] = mapped_column(JSONB, default=list, server_default="[]")
    problem_code: Mapped[str | None] = mapped_column(String(60))
    problem_facts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    uploaded_by: Mapped[AccountRef]
    uploaded_at: Mapped[Instant]
    finished_at: Mapped[Instant | None]
    forgotten_at: Mapped[Instant | None]
    """Its rows and its file went, their time being over; the figures stay."""
    told: Mapped[ImportProgress] = relationship(cascade="save-update")

    __table_args__ = (
        CheckConstraint("rows = valid + invalid", name="import_rows_add_up"),
        Index("import_run_by_union", "union_id", "id"),
        Index("import_run_by_district", "district_id", "id"),
        Index("import_run_by_file", "file_id"),
    )

    @property
    def progress(self) -> int:
        """Percent of the work under way; 100 where none is."""
        return self.told.percent if self.state in AT_WORK else 100


class ImportProgress(Entity):
    """How far the work on a run is, told while the work's own transaction is still open.

    That transaction holds the run's row and must never write this one: it would wait for itself.
    """

    __tablename__ = "import_progress"

    import_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("import_run.id", ondelete="CASCADE"), primary_key=True
    )
    percent: Mapped[int] = mapped_column(default=0, server_default="0")
    rows_read: Mapped[int] = mapped_column(default=0, server_default="0")

    __table_args__ = (CheckConstraint("percent BETWEEN 0 AND 100", name="import_progress_is_a_percentage"),)


class ImportRow(Entity):
    """``raw``: the cells as uploaded, in the order of the run's ``headers``; ``cells``: what was understood.

    ``changes``: of a row that updates, the stored columns that it changes, each as ``[old, new]``.
    A document number never stands in ``cells``: it is sealed beside them, with its hash once it is known to be one.
    """

    __tablename__ = "import_row"

    import_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("import_run.id", ondelete="CASCADE"), primary_key=True
    )
    row: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    raw: Mapped[list[Any]] = mapped_column(SealedJson(Purpose.IMPORT_ROW))
    cells: Mapped[dict[str, Any]] = mapped_column(JSONB)
    id_number: Mapped[str | None] = mapped_column(Sealed(Purpose.ID_NUMBER))
    id_number_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    valid: Mapped[bool]
    outcome: Mapped[str | None] = mapped_column(String(20))
    changes: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))

    __table_args__ = (
        CheckConstraint("get_byte(raw, 0) = 1", name="raw_cells_are_sealed"),
        CheckConstraint("NOT cells ? 'id_number'", name="cells_hold_no_id_number"),
        # Whom a row is about: a member's row names one person, an answer all whom its number may mean.
        Index(
            "import_row_by_person",
            text("(cells ->> 'person_key')"),
            postgresql_where=text("(cells ->> 'person_key') IS NOT NULL"),
        ),
        Index(
            "import_row_by_people",
            text("(cells -> 'person_keys')"),
            postgresql_using="gin",
            postgresql_where=text("(cells -> 'person_keys') IS NOT NULL"),
        ),
    )


class ImportError(Entity):
    """One wrong cell. What it holds is read from the sealed row: see ``app/queries/imports.py``."""

    __tablename__ = "import_error"

    id: Mapped[Id]
    import_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("import_run.id", ondelete="CASCADE"))
    row: Mapped[int]
    column_name: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(String(60))
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")

    __table_args__ = (Index("import_error_by_import", "import_id", "row"),)
