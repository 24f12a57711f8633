"""Sessions: who is online, and where an account has signed in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session, contains_eager

from app.models import Account, AccountSession, Mail, Union
from app.queries.paging import Cursor, Page, page_of
from app.rules.sign_in import SessionKind, SessionLimits
from app.security.actor import Actor
from app.security.visible import visible_to


def online_page(
    session: Session, actor: Actor, text: str, limits: SessionLimits, now: datetime, cursor: Cursor
) -> Page:
    """Sessions that last, of the accounts that the actor sees, the newest first; ``text``: part of the account
    name, the name or the union's name."""
    statement = (
        select(AccountSession)
        .join(AccountSession.account)
        .outerjoin(Union, Union.id == Account.union_id)
        .where(lasting(limits, now), Account.active.is_(True), visible_to(actor, Account))
        .options(contains_eager(AccountSession.account).selectinload(Account.roles))
    )
    if text:
        statement = statement.where(
            or_(
                Account.username.icontains(text, autoescape=True),
                Account.first_name.icontains(text, autoescape=True),
                Union.name.contains(text, autoescape=True),
            )
        )
    return page_of(session, statement, [AccountSession.id], cursor)


def lasting_sessions(
    session: Session, account_id: int, limits: SessionLimits, now: datetime
) -> Sequence[AccountSession]:
    """The sessions of one account that last."""
    return session.scalars(
        select(AccountSession)
        .where(AccountSession.account_id == account_id, lasting(limits, now))
        .order_by(AccountSession.id.desc())
    ).all()


def sign_ins_page(session: Session, account_id: int, cursor: Cursor) -> Page:
    """Every sign-in of one account that is still known, the newest first."""
    statement = select(AccountSession).where(AccountSession.account_id == account_id)
    return page_of(session, statement, [AccountSession.id], cursor)


def lasting(limits: SessionLimits, now: datetime) -> ColumnElement[bool]:
    """What ``rules.sign_in.session_end`` says of one session, for all of them."""
    by_browser = AccountSession.kind == SessionKind.BROWSER
    return and_(
        AccountSession.ended_at.is_(None),
        or_(
            and_(
                by_browser,
                AccountSession.created_at > now - limits.longest,
                AccountSession.last_seen_at > now - limits.idle,
            ),
            and_(~by_browser, AccountSession.created_at > now - limits.token),
        ),
    )


def mail_page(session: Session, cursor: Cursor) -> Page:
    """Letters, the newest first."""
    return page_of(session, select(Mail), [Mail.id], cursor)
