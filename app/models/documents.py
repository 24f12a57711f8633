"""Stored files, and the numbered, versioned notices (告知书)."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, deferred, mapped_column

from app.models.base import AccountRef, Entity, Id, Instant, Scoped, choice


class StoredFile(Entity):
    """A file as it is kept. In the database, so that it commits with the row that names it.

    ``size`` and ``sha256`` are those of the file; ``content`` may be sealed (``app/services/files.py``).
    """

    __tablename__ = "stored_file"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(Text)
    media_type: Mapped[str] = mapped_column(Text)
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    sealed: Mapped[bool] = mapped_column(default=False, server_default="false")
    content: Mapped[bytes] = deferred(mapped_column(LargeBinary))
    stored_at: Mapped[Instant]
    emptied_at: Mapped[Instant | None]
    """Its content went: its time was over, or it named somebody who was erased."""

    __table_args__ = (
        CheckConstraint("emptied_at IS NULL OR octet_length(content) = 0", name="an_emptied_file_is_empty"),
    )


class NoticeKind(StrEnum):
    GRASSROOTS = "grassroots"
    DISTRICT = "district"


class Notice(Scoped, Entity):
    """A numbered document; ``check_code`` is the unguessable part of its verification address."""

    __tablename__ = "notice"

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(String(40), unique=True)
    kind: Mapped[NoticeKind] = mapped_column(choice(NoticeKind, "notice_kind_known"))
    year: Mapped[int] = mapped_column(ForeignKey("protection_year.year"))
    district_batch_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("district_batch.id"))
    check_code: Mapped[str] = mapped_column(String(32))

    __table_args__ = (
        UniqueConstraint(
            "union_id",
            "year",
            "kind",
            "district_batch_id",
            name="one_notice_per_subject",
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint(
            "(kind = 'district') = (district_batch_id IS NOT NULL)", name="district_notices_name_their_batch"
        ),
    )


class NoticeVersion(Entity):
    """What one version says; the PDF is set from these facts and is the same each time."""

    __tablename__ = "notice_version"

    notice_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("notice.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    batch_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("enrolment_batch.id"))
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    issued_by: Mapped[AccountRef]
    issued_at: Mapped[Instant]

    __table_args__ = (
        CheckConstraint("version >= 1", name="versions_count_from_one"),
        Index("notice_version_by_batch", "batch_id"),
    )
