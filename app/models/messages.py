"""消息提醒: what an account is told, and what of it it wants to have quiet."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Entity, Id, Instant, choice
from app.rules.messages import About, MessageKind, Way


class Message(Entity):
    """One thing told to one account; its words are made from ``facts`` when it is read.

    ``occasion`` is the instant of what happened, or the day of a reminder: the same thing is told once, however
    often somebody says it. ``facts`` name no person, so that a message never has to be erased.
    """

    __tablename__ = "message"

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"))
    kind: Mapped[MessageKind] = mapped_column(choice(MessageKind, "message_kind_known"))
    about: Mapped[About] = mapped_column(choice(About, "message_about_known"))
    about_id: Mapped[int] = mapped_column(BigInteger)
    occasion: Mapped[Instant]
    at: Mapped[Instant]
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    read_at: Mapped[Instant | None]
    """Set from the start where the account has this kind quiet: it is there, and doesn't call."""
    done_at: Mapped[Instant | None]

    __table_args__ = (
        UniqueConstraint("account_id", "kind", "about_id", "occasion", name="a_message_is_told_once"),
        Index(
            "one_reminder_a_day",
            "account_id",
            "occasion",
            unique=True,
            postgresql_where=text("kind IN ('reminder', 'lists_wait')"),
        ),
        Index("message_by_account", "account_id", "id"),
        Index("message_unread", "account_id", "id", postgresql_where=text("read_at IS NULL")),
    )


class MutedKind(Entity):
    """A kind of message that an account wants to have quiet, in the inbox or by mail."""

    __tablename__ = "muted_kind"

    account_id: Mapped[int] = mapped_column(
        ForeignKey("ab_user.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    kind: Mapped[MessageKind] = mapped_column(choice(MessageKind, "muted_kind_known"), primary_key=True)
    way: Mapped[Way] = mapped_column(choice(Way, "muted_way_known"), primary_key=True)

    __table_args__ = (
        CheckConstraint(
            "way = 'mail' OR kind NOT IN ('reminder', 'batch_lapsed', 'lists_lapsed')",
            name="deadlines_and_lapses_are_told",
        ),
    )
