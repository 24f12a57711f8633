"""What signing in leaves behind: sessions, failures that count, second factors, passwords once used."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.accounts import Account
from app.models.base import AccountRef, Entity, Id, Instant, choice
from app.models.sealed import Sealed
from app.rules.sign_in import CountedBy, SessionEnd, SessionKind
from app.sealing import Purpose


class AccountSession(Entity):
    """One sign-in, from there to its end. The browser or program holds the id, the table only its hash."""

    __tablename__ = "account_session"

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"))
    kind: Mapped[SessionKind] = mapped_column(choice(SessionKind, "session_kind_known"))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    address: Mapped[str] = mapped_column(String(64), default="", server_default="")
    user_agent: Mapped[str] = mapped_column(String(200), default="", server_default="")
    created_at: Mapped[Instant]
    last_seen_at: Mapped[Instant]
    ended_at: Mapped[Instant | None]
    ended_why: Mapped[SessionEnd | None] = mapped_column(choice(SessionEnd, "session_end_known"))
    ended_by: Mapped[AccountRef]

    account: Mapped[Account] = relationship(Account, foreign_keys=[account_id])

    __table_args__ = (
        CheckConstraint("(ended_at IS NULL) = (ended_why IS NULL)", name="an_ended_session_says_why"),
        Index("account_session_by_account", "account_id", "id"),
        Index("account_session_open", "account_id", postgresql_where=text("ended_at IS NULL")),
        Index("account_session_by_address", "account_id", "address"),
    )


class SignInFailure(Entity):
    """Failures in a row of an account (or of a name that is none) or from an address.

    ``key`` is a keyed hash: people type passwords into the name's field. Attempts that wait for their answer
    stand here as failures already, so that no process can try faster than another counts.
    """

    __tablename__ = "sign_in_failure"

    kind: Mapped[CountedBy] = mapped_column(choice(CountedBy, "failure_kind_known"), primary_key=True)
    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    failures: Mapped[int]
    failed_at: Mapped[Instant]

    __table_args__ = (CheckConstraint("failures >= 0", name="failures_count_up"),)


class UsedCaptcha(Entity):
    """A picture's riddle that was answered, rightly or not: none is taken twice."""

    __tablename__ = "used_captcha"

    hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    used_at: Mapped[Instant]


class SecondFactorKey(Entity):
    """The secret that an account's phone shares. It counts from ``confirmed_at``; ``last_step`` refuses a code
    that was used already."""

    __tablename__ = "second_factor_key"

    account_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), primary_key=True)
    secret: Mapped[str] = mapped_column(Sealed(Purpose.SECOND_FACTOR))
    created_at: Mapped[Instant]
    confirmed_at: Mapped[Instant | None]
    last_step: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")


class RecoveryCode(Entity):
    """One of ten codes for the day the phone is lost; each opens once."""

    __tablename__ = "recovery_code"

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), index=True)
    code_hash: Mapped[str] = mapped_column(String(256))
    used_at: Mapped[Instant | None]


class UsedPassword(Entity):
    """The hashes of an account's last passwords, so that none of them comes back."""

    __tablename__ = "used_password"

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), index=True)
    hash: Mapped[str] = mapped_column(String(256))
    set_at: Mapped[Instant]
