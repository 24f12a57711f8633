"""公告与下载中心: notices and files of the municipal union, and who has seen them."""

from __future__ import annotations

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import AccountRef, Entity, Id, Instant, choice
from app.models.documents import StoredFile
from app.rules.announcements import AnnouncementKind


class Announcement(Entity):
    """``[shown_from, shown_until)``; ``levels``: of the unions that it is for. ``everybody``: it is also on the
    page for signing in."""

    __tablename__ = "announcement"

    id: Mapped[Id]
    kind: Mapped[AnnouncementKind] = mapped_column(choice(AnnouncementKind, "announcement_kind_known"))
    title: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text, default="", server_default="")
    levels: Mapped[list[str]] = mapped_column(ARRAY(String(40)))
    everybody: Mapped[bool] = mapped_column(default=False, server_default="false")
    pinned: Mapped[bool] = mapped_column(default=False, server_default="false")
    shown_from: Mapped[Instant]
    shown_until: Mapped[Instant | None]
    published_by: Mapped[AccountRef]
    published_at: Mapped[Instant]
    updated_at: Mapped[Instant]
    taken_down_at: Mapped[Instant | None]

    files: Mapped[list[AnnouncementFile]] = relationship(
        "AnnouncementFile", order_by="AnnouncementFile.file_id", lazy="selectin", viewonly=True
    )

    __table_args__ = (
        CheckConstraint("title <> ''", name="an_announcement_has_a_title"),
        CheckConstraint("kind <> 'notice' OR text <> ''", name="a_notice_says_something"),
        CheckConstraint("cardinality(levels) > 0", name="an_announcement_is_for_somebody"),
        CheckConstraint(
            "levels <@ ARRAY['municipal', 'district', 'second', 'grassroots']::varchar(40)[]",
            name="announcement_levels_known",
        ),
        CheckConstraint("shown_until > shown_from", name="an_announcement_ends_after_it_begins"),
        Index("announcement_shown", "shown_from", "id", postgresql_where=sql("taken_down_at IS NULL")),
    )


class AnnouncementFile(Entity):
    __tablename__ = "announcement_file"

    file_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("stored_file.id"), primary_key=True, autoincrement=False
    )
    announcement_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("announcement.id"), index=True)
    taken_off_at: Mapped[Instant | None]

    file: Mapped[StoredFile] = relationship(StoredFile, lazy="joined")


class AnnouncementRead(Entity):
    """An account has opened an announcement."""

    __tablename__ = "announcement_read"

    announcement_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("announcement.id"), primary_key=True, autoincrement=False
    )
    account_id: Mapped[int] = mapped_column(
        ForeignKey("ab_user.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    read_at: Mapped[Instant]
