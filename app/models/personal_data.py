"""What the personal-data law asks for: what was corrected about a person, and what was erased."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import AccountRef, Entity, Id, Instant, Scoped, choice
from app.rules.corrections import CorrectionSource
from app.rules.erasure import ErasureAsker, ErasureGround, ErasureState


class MemberCorrection(Scoped, Entity):
    """One field of one member, before and after, written by ``app.services.corrections``.

    Not part of the chained log, because it holds personal data: it goes when the member is erased. It belongs to
    the union that had the member then. Numbers of documents, cards and telephones stand here masked.
    """

    __tablename__ = "member_correction"

    id: Mapped[Id]
    member_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("member.id"))
    field: Mapped[str] = mapped_column(String(40))
    year: Mapped[int | None]
    """Of a decision for a protection year."""
    before: Mapped[str] = mapped_column(Text)
    after: Mapped[str] = mapped_column(Text)
    source: Mapped[CorrectionSource] = mapped_column(choice(CorrectionSource, "correction_source_known"))
    import_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("import_run.id", ondelete="SET NULL")
    )
    corrected_by: Mapped[AccountRef]
    corrected_at: Mapped[Instant]

    __table_args__ = (
        CheckConstraint("source = 'import' OR import_id IS NULL", name="only_imports_correct_by_workbook"),
        Index("member_correction_by_member", "member_id", "id"),
    )


class ErasureRequest(Scoped, Entity):
    """A union asks to erase what is held about one of its members; a level above decides.

    It outlives the erasure as its proof, so its own words go too: ``note`` and ``answer`` are empty once the data
    is erased. ``erased`` counts what went, by kind.
    """

    __tablename__ = "erasure_request"

    id: Mapped[Id]
    member_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("member.id"))
    ground: Mapped[ErasureGround] = mapped_column(choice(ErasureGround, "erasure_ground_known"))
    asker: Mapped[ErasureAsker] = mapped_column(choice(ErasureAsker, "erasure_asker_known"))
    note: Mapped[str] = mapped_column(Text, default="", server_default="")
    state: Mapped[ErasureState] = mapped_column(choice(ErasureState, "erasure_state_known"))
    requested_by: Mapped[AccountRef]
    requested_at: Mapped[Instant]
    decided_by: Mapped[AccountRef]
    decided_at: Mapped[Instant | None]
    answer: Mapped[str] = mapped_column(Text, default="", server_default="")
    erased: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")

    __table_args__ = (
        Index(
            "one_open_erasure_request",
            "member_id",
            "union_id",
            unique=True,
            postgresql_where=text("state = 'requested'"),
        ),
        CheckConstraint("(state = 'requested') = (decided_at IS NULL)", name="a_decided_request_says_when"),
        CheckConstraint("state <> 'refused' OR answer <> ''", name="a_refused_request_says_why"),
        CheckConstraint(
            "state <> 'erased' OR (note = '' AND answer = '')", name="an_erased_request_is_silent"
        ),
        CheckConstraint(
            "state IN ('requested', 'withdrawn')"
            " OR (decided_by IS NOT NULL AND decided_by IS DISTINCT FROM requested_by)",
            name="nobody_decides_their_own_erasure",
        ),
        Index("erasure_request_by_union", "union_id", "id"),
        Index("erasure_request_by_second", "second_id", "id"),
        Index("erasure_request_by_district", "district_id", "id"),
        Index("erasure_request_by_member", "member_id", "id"),
    )
