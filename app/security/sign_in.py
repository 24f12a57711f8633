"""Signing in, by page or by program: the password, the second factor, and the session that begins then.

The only door there is. Whatever refuses, the answer is one of two: it isn't right (401), or wait (429); neither
tells whether the account exists. Until the password has been compared, the same statements run and one hash is
computed, whatever the name. ``note_attempt`` is passed by every attempt, let in or not.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from flask import request
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.clock import SHANGHAI, real_now
from app.log import log
from app.models.accounts import Account
from app.rules.sign_in import PENDING_LASTS, SessionKind
from app.rules.violations import RuleViolation
from app.sealing import Purpose, open_from_address, seal_for_address
from app.security.access_log import note_failed_sign_in, note_sign_in
from app.security.attempts import count_attempt, forget_failures_here, take_back
from app.security.passwords import password_fits
from app.security.second_factor import use_code
from app.security.sessions import begin_session
from app.transaction import transaction


class Outcome(StrEnum):
    """How an attempt ended."""

    LET_IN = "let_in"
    CODE_ASKED = "code_asked"
    WRONG = "wrong"
    WRONG_CODE = "wrong_code"
    LOCKED = "locked"


REFUSALS = {
    Outcome.WRONG: "login_failed",
    Outcome.WRONG_CODE: "code_wrong",
    Outcome.LOCKED: "login_locked",
}


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where an attempt comes from."""

    address: str
    user_agent: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The id of the new session, and when the account had signed in before."""

    token: str
    before: datetime | None


@dataclass(frozen=True, slots=True)
class Passed:
    """Whose password was right. ``mark`` changes with the password, so that an old proof doesn't hold."""

    account_id: int
    mark: str
    second_factor: bool


@dataclass(frozen=True, slots=True)
class _Found:
    """An account as far as the check needs it; of nobody it is empty, so that nothing tells the two apart."""

    account_id: int = 0
    stored: str | None = None
    second_factor: bool = False


def visitor_of_request() -> Visitor:
    """The address is the client's, or what the trusted proxies say it is (`CANBAO_TRUSTED_PROXIES`)."""
    return Visitor(request.remote_addr or "", request.user_agent.string)


def check_password(username: str, password: str, visitor: Visitor) -> Passed:
    """Whose name (or e-mail) and password these are.

    Raises RuleViolation `login_failed` (401) or, after too many failures in a row of the account or from the
    address, `login_locked` (429).
    """
    at = real_now()
    with transaction() as session:
        found = _find(session, username)
        standing = count_attempt(
            session, account_id=found.account_id, name=username, address=visitor.address, now=at
        )
    right = password_fits(found.stored, password)
    with transaction() as session:
        if standing.refused(right=right):
            note_attempt(session, found.account_id, username, visitor, Outcome.LOCKED, at)
            refused = RuleViolation("login_locked", status=429)
        elif not right:
            note_attempt(session, found.account_id, username, visitor, Outcome.WRONG, at)
            refused = RuleViolation("login_failed", status=401)
        else:
            take_back(session, standing, address=visitor.address, account_too=found.second_factor)
            if found.second_factor:
                note_attempt(session, found.account_id, username, visitor, Outcome.CODE_ASKED, at)
            return Passed(found.account_id, _mark(found.stored), found.second_factor)
    raise refused


def check_code(passed: Passed, code: str, visitor: Visitor) -> None:
    """The second factor after the password. Wrong codes count like wrong passwords, and a right password in
    between doesn't begin the count anew.

    Raises `code_wrong` (401) or `login_locked` (429).
    """
    at = real_now()
    with transaction() as session:
        standing = count_attempt(
            session, account_id=passed.account_id, name="", address=visitor.address, now=at
        )
    with transaction() as session:
        locked = standing.refused(right=True)
        if not locked and use_code(session, passed.account_id, code, at):
            take_back(session, standing, address=visitor.address, account_too=False)
            return
        outcome = Outcome.LOCKED if locked else Outcome.WRONG_CODE
        note_attempt(session, passed.account_id, "", visitor, outcome, at)
    raise (
        RuleViolation("login_locked", status=429)
        if locked
        else RuleViolation("code_wrong", status=401, field="code")
    )


def require_own_password(account_id: int, password: str, visitor: Visitor, *, field: str) -> None:
    """Whoever sits before an open session must know its password too, and can't try it out.

    Raises `old_password_wrong` or, after five failures, `login_locked` (429).
    """
    at = real_now()
    with transaction() as session:
        standing = count_attempt(session, account_id=account_id, name="", address=visitor.address, now=at)
        stored = session.scalar(select(Account.password).where(Account.id == account_id))
    right = password_fits(stored, password)
    if standing.account_locked:
        raise RuleViolation("login_locked", status=429)
    if not right:
        raise RuleViolation("old_password_wrong", field=field)
    with transaction() as session:
        take_back(session, standing, address=visitor.address, account_too=True)


def let_in(passed: Passed, kind: SessionKind, visitor: Visitor) -> SignedIn:
    """Begin a session for who has passed everything. Raises `login_failed` if the account is gone."""
    at = real_now()
    with transaction() as session:
        account = session.get(Account, passed.account_id, with_for_update={"of": Account})
        if account is None or not account.active or _mark(account.password) != passed.mark:
            raise RuleViolation("login_failed", status=401)
        forget_failures_here(session, account.id, visitor.address)
        before = account.last_login.replace(tzinfo=SHANGHAI) if account.last_login else None
        account.login_count = (account.login_count or 0) + 1
        account.last_login = at.astimezone(SHANGHAI).replace(tzinfo=None)
        note_attempt(
            session,
            account.id,
            account.username,
            visitor,
            Outcome.LET_IN,
            at,
            second_factor=passed.second_factor,
        )
        token = begin_session(
            session, account.id, kind, address=visitor.address, user_agent=visitor.user_agent, now=at
        )
        return SignedIn(token, before)


def sealed_pass(passed: Passed, at: datetime) -> str:
    """What the page that asks for the code carries instead of the password: nobody can read or make it."""
    facts = [passed.account_id, passed.mark, int(at.timestamp())]
    return seal_for_address(json.dumps(facts), Purpose.SIGN_IN)


def opened_pass(sealed: str, at: datetime) -> Passed | None:
    """The same, while it holds: five minutes."""
    opened = open_from_address(sealed[:1000], Purpose.SIGN_IN)
    if opened is None:
        return None
    account_id, mark, since = json.loads(opened)
    if not 0 <= at.timestamp() - since < PENDING_LASTS / timedelta(seconds=1):
        return None
    return Passed(account_id, mark, second_factor=True)


def note_attempt(
    session: Session,
    account_id: int,
    username: str,
    visitor: Visitor,
    outcome: Outcome,
    at: datetime,
    *,
    second_factor: bool = False,
) -> None:
    """The one place that every attempt passes: who (0: an account that isn't there), from where, how it ended.

    The name as typed is not for writing down: people type passwords there.
    """
    log.info("sign_in", account=account_id or None, address=visitor.address, outcome=outcome.value)
    if outcome is Outcome.LET_IN:
        note_sign_in(session, account_id, second_factor=second_factor)
    elif outcome is not Outcome.CODE_ASKED:
        note_failed_sign_in(session, account_id, REFUSALS[outcome])


def _find(session: Session, username: str) -> _Found:
    by_name = or_(Account.username == username, Account.email == username)
    row = session.execute(
        select(Account.id, Account.password, Account.second_factor_at)
        .where(by_name, Account.active.is_(True))
        .order_by(Account.username != username)
        .limit(1)
    ).first()
    return _Found() if row is None else _Found(row.id, row.password, row.second_factor_at is not None)


def _mark(stored: str | None) -> str:
    return sha256((stored or "").encode()).hexdigest()[:32]
