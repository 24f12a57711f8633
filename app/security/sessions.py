"""Sessions: begun by a sign-in, looked up at every request, ended by whoever may.

The cookie of a browser and the token of a program hold a random id; the table holds its hash. What ends a session
here ends it at the very next request, wherever that arrives.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import ColumnElement, and_, bindparam, or_, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session, contains_eager

from app.models.accounts import Account
from app.models.sign_in import AccountSession
from app.rules.sign_in import SessionEnd, SessionKind, SessionLimits, session_end
from app.security.actor import Actor
from app.security.tokens import new_token, token_hash

SEEN_EVERY = timedelta(minutes=1)
"""How often a session's last request is written down: never more than once in this time."""


def session_limits() -> SessionLimits:
    """The application's settings."""
    settings = current_app.config["SETTINGS"]
    return SessionLimits(
        idle=timedelta(minutes=settings.idle_minutes),
        longest=timedelta(hours=settings.session_hours),
        token=timedelta(minutes=settings.token_minutes),
    )


def begin_session(
    session: Session, account_id: int, kind: SessionKind, *, address: str, user_agent: str, now: datetime
) -> str:
    """A new session of the account; its id, which nobody can read again."""
    token = new_token()
    session.add(
        AccountSession(
            account_id=account_id,
            kind=kind,
            token_hash=token_hash(token),
            address=address[:64],
            user_agent=user_agent[:200],
            created_at=now,
            last_seen_at=now,
        )
    )
    session.flush()
    return token


# Put together once: every request asks it.
LIVE_SESSION = (
    select(AccountSession)
    .join(AccountSession.account)
    .where(
        AccountSession.token_hash == bindparam("hash"),
        AccountSession.kind == bindparam("kind"),
        AccountSession.ended_at.is_(None),
        Account.active.is_(True),
    )
    .options(contains_eager(AccountSession.account).joinedload(Account.roles))
)


def live_session(session: Session, token: str, kind: SessionKind, now: datetime) -> AccountSession | None:
    """The session with this id and its account, while it lasts and the account is in use. One statement."""
    asked = {"hash": token_hash(token), "kind": kind}
    found = session.scalars(LIVE_SESSION, asked).unique().one_or_none()
    if found is None or session_end(kind, found.created_at, found.last_seen_at, session_limits(), now):
        return None
    return found


def is_due(found: AccountSession, now: datetime) -> bool:
    """Whether the session's last request is to be written down again."""
    return now - found.last_seen_at >= SEEN_EVERY


def note_seen(session: Session, session_id: int, now: datetime) -> None:
    """Write down that the session was used, unless another request just did."""
    session.execute(
        update(AccountSession)
        .where(AccountSession.id == session_id, AccountSession.last_seen_at <= now - SEEN_EVERY)
        .values(last_seen_at=now)
        .execution_options(synchronize_session=False)
    )


def end_session(session: Session, token: str, why: SessionEnd, now: datetime) -> None:
    """End the session with this id, if it lasts."""
    _end(session, AccountSession.token_hash == token_hash(token), why, None, now)


def end_one(
    session: Session, account_id: int, session_id: int, why: SessionEnd, *, by: Actor, now: datetime
) -> int:
    """End one session of the account; how many that were: none if it was over."""
    one = and_(AccountSession.account_id == account_id, AccountSession.id == session_id)
    return _end(session, one, why, by, now)


def end_sessions(
    session: Session,
    account_id: int,
    why: SessionEnd,
    *,
    now: datetime,
    by: Actor | None = None,
    but: str = "",
) -> int:
    """End every session of the account, tokens of programs included; all but the one with the id ``but``."""
    theirs = AccountSession.account_id == account_id
    if but:
        theirs = and_(theirs, AccountSession.token_hash != token_hash(but))
    return _end(session, theirs, why, by, now)


def end_what_is_over(session: Session, limits: SessionLimits, now: datetime) -> int:
    """Write down the end of sessions that nobody ended: idle, too long, or a token that ran out."""
    by_browser = AccountSession.kind == SessionKind.BROWSER
    too_long = or_(
        and_(by_browser, AccountSession.created_at <= now - limits.longest),
        and_(~by_browser, AccountSession.created_at <= now - limits.token),
    )
    idle = and_(by_browser, AccountSession.last_seen_at <= now - limits.idle)
    return _end(session, too_long, SessionEnd.TOO_LONG, None, now) + _end(
        session, idle, SessionEnd.IDLE, None, now
    )


def _end(
    session: Session, which: ColumnElement[bool], why: SessionEnd, by: Actor | None, now: datetime
) -> int:
    ended = session.execute(
        update(AccountSession)
        .where(which, AccountSession.ended_at.is_(None))
        .values(ended_at=now, ended_why=why, ended_by=(by.account_id or None) if by else None)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(ended, CursorResult)
    return ended.rowcount
