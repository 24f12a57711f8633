"""What the personal-data law asks for: what was corrected about a person."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import AccountRef, Entity, Id, Instant, Scoped, choice
from app.rules.corrections import CorrectionSource


class MemberCorrection(Scoped, Entity):
    """One field of one member, before and after, written by ``app.services.corrections``.

    Not part of the chained log, because it holds personal data: it goes when the member is erased. It belongs to
    the union that had the member then. Numbers of documents, cards and telephones stand here masked.
    """

    __tablename__ = "member_correction"

    id: Mapped[Id]
    member_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("member.id"))
    field: Mapped[str] = mapped_column(String(40))
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
