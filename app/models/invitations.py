"""How people come to a role: invitations, the trail of who held it, and the mail about both."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.accounts import Account
from app.models.base import AccountRef, Entity, Id, Instant, Scoped, choice
from app.models.organisation import Union
from app.rules.accounts import MailPurpose


class Invitation(Scoped, Entity):
    """Somebody may register for a role of a union; whoever holds the link does, once and in time.

    The link itself is nowhere: its hash is here, and the mail makes it again from ``salt`` and the secret key.
    """

    __tablename__ = "invitation"

    id: Mapped[Id]
    email: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(64))
    salt: Mapped[bytes] = mapped_column(LargeBinary)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    replaces_id: Mapped[AccountRef]
    """The account whose work is taken over: it is disabled when the invited person registers."""
    invited_by: Mapped[AccountRef]
    invited_at: Mapped[Instant]
    mailed_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    accepted_at: Mapped[Instant | None]
    account_id: Mapped[AccountRef]
    withdrawn_at: Mapped[Instant | None]

    union: Mapped[Union] = relationship(Union, primaryjoin="Invitation.union_id == Union.id", viewonly=True)
    replaces: Mapped[Account | None] = relationship(Account, foreign_keys="Invitation.replaces_id")

    __table_args__ = (
        CheckConstraint(
            "(accepted_at IS NULL) = (account_id IS NULL)", name="an_accepted_invitation_has_its_account"
        ),
        CheckConstraint(
            "accepted_at IS NULL OR withdrawn_at IS NULL", name="an_invitation_is_accepted_or_withdrawn"
        ),
        Index(
            "one_open_invitation_an_address",
            func.lower(text("email")),
            unique=True,
            postgresql_where=text("accepted_at IS NULL AND withdrawn_at IS NULL"),
        ),
        Index("invitation_by_union", "union_id", "id"),
        Index("invitation_by_inviter", "invited_by", "mailed_at"),
    )


class RoleHolding(Scoped, Entity):
    """Who held which role of which union from when to when, and who came after."""

    __tablename__ = "role_holding"

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id"))
    role: Mapped[str] = mapped_column(String(64))
    held_from: Mapped[Instant]
    held_until: Mapped[Instant | None]
    successor_id: Mapped[AccountRef]

    account: Mapped[Account] = relationship(Account, foreign_keys=[account_id])
    successor: Mapped[Account | None] = relationship(Account, foreign_keys="RoleHolding.successor_id")

    __table_args__ = (
        CheckConstraint(
            "successor_id IS NULL OR held_until IS NOT NULL", name="only_who_left_has_a_successor"
        ),
        Index("role_holding_by_union", "union_id", "role", "id"),
        Index(
            "one_holding_of_a_role",
            "account_id",
            "role",
            unique=True,
            postgresql_where=text("held_until IS NULL"),
        ),
    )


class Mail(Entity):
    """A letter that was caused by something that happened; its words are made when it is sent."""

    __tablename__ = "mail"

    id: Mapped[Id]
    purpose: Mapped[MailPurpose] = mapped_column(choice(MailPurpose, "mail_purpose_known"))
    to_address: Mapped[str] = mapped_column(String(320))
    invitation_id: Mapped[int | None] = mapped_column(ForeignKey("invitation.id"))
    message_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("message.id", ondelete="CASCADE"))
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    """What its words name; never a password or a link."""
    created_at: Mapped[Instant]
    sent_at: Mapped[Instant | None]
    problem: Mapped[str] = mapped_column(Text, default="", server_default="")

    __table_args__ = (
        CheckConstraint(
            "(purpose = 'invitation') = (invitation_id IS NOT NULL)",
            name="an_invitation_mail_names_its_invitation",
        ),
        CheckConstraint(
            "(purpose = 'message') = (message_id IS NOT NULL)", name="a_message_mail_names_its_message"
        ),
        Index("mail_of_message", "message_id", postgresql_where=text("message_id IS NOT NULL")),
        Index(
            "mail_to_send",
            "created_at",
            "id",
            postgresql_where=text("message_id IS NOT NULL AND sent_at IS NULL"),
        ),
        {"implicit_returning": False},
    )
