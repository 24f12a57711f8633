"""Passwords: changed by their owner, reset from above, and never one of the last five."""

from __future__ import annotations

import secrets
import string
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.clock import SHANGHAI
from app.models import Account, UsedPassword
from app.rules.accounts import PASSWORDS_REMEMBERED, check_new_password
from app.rules.sign_in import SessionEnd
from app.rules.violations import RuleViolation
from app.security.actor import Actor
from app.security.attempts import forget_failures
from app.security.passwords import hash_password, password_fits
from app.security.sessions import end_sessions

ONE_TIME_SIGNS = string.ascii_letters.translate(str.maketrans("", "", "lIO")) + "23456789"


def change_password(session: Session, actor: Actor, *, old: str, new: str, now: datetime) -> None:
    """Change the actor's own password and end every session of the account.

    Raises ``old_password_wrong`` or one of the password rules.
    """
    account = session.get_one(Account, actor.account_id, with_for_update={"of": Account})
    if not password_fits(account.password, old):
        raise RuleViolation("old_password_wrong", field="old")
    if old == new:
        raise RuleViolation("password_unchanged", field="password")
    check_new_password(new, account.username)
    set_password(session, account, new, now)
    end_sessions(session, account.id, SessionEnd.PASSWORD, now=now)


def set_password(session: Session, account: Account, new: str, now: datetime) -> None:
    """Store a password that its owner chose; raises ``password_used`` for one of the last five."""
    remember(session, account, now)
    used = session.scalars(
        select(UsedPassword.hash)
        .where(UsedPassword.account_id == account.id)
        .order_by(UsedPassword.id.desc())
        .limit(PASSWORDS_REMEMBERED)
    )
    if any(password_fits(stored, new) for stored in used):
        raise RuleViolation("password_used", field="password", count=PASSWORDS_REMEMBERED)
    account.password = hash_password(new)
    account.must_change_password = False
    account.password_changed_at = now
    account.changed_on = now.astimezone(SHANGHAI).replace(tzinfo=None)
    remember(session, account, now)


def remember(session: Session, account: Account, now: datetime) -> None:
    """The present password stands among the last five; a one-time password was nobody's choice."""
    if not account.password or account.must_change_password:
        return
    known = select(UsedPassword.id).where(
        UsedPassword.account_id == account.id, UsedPassword.hash == account.password
    )
    if session.scalar(known) is not None:
        return
    session.add(UsedPassword(account_id=account.id, hash=account.password, set_at=now))
    session.flush()
    kept = (
        select(UsedPassword.id)
        .where(UsedPassword.account_id == account.id)
        .order_by(UsedPassword.id.desc())
        .limit(PASSWORDS_REMEMBERED)
    )
    session.execute(
        delete(UsedPassword).where(UsedPassword.account_id == account.id, UsedPassword.id.not_in(kept))
    )


def give_one_time_password(session: Session, actor: Actor, account: Account, now: datetime) -> str:
    """A password to be shown once and changed at the next sign-in; it ends every session and lock."""
    remember(session, account, now)
    chosen = one_time_password()
    account.password = hash_password(chosen)
    account.must_change_password = True
    account.changed_on = now.astimezone(SHANGHAI).replace(tzinfo=None)
    forget_failures(session, account.id)
    end_sessions(session, account.id, SessionEnd.RESET, by=actor, now=now)
    return chosen


def one_time_password() -> str:
    """Twelve signs that nobody mistakes for one another, of three kinds."""
    while True:
        made = "".join(secrets.choice(ONE_TIME_SIGNS) for _ in range(12))
        if any(map(str.islower, made)) and any(map(str.isupper, made)) and any(map(str.isdigit, made)):
            return made
