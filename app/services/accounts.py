"""Accounts: made by the union above, disabled and reset by it; everybody changes their own password."""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from flask_appbuilder.security.sqla.models import Role as RoleRow
from sqlalchemy import select, true
from sqlalchemy.orm import Session

from app.clock import SHANGHAI
from app.models import Account, EventObject, Union
from app.queries.beyond import login_taken
from app.rules.accounts import ROLES_FOR_ALL, check_manager, check_new_password, check_role_at
from app.rules.violations import RuleViolation, not_found
from app.security.actor import SYSTEM, Actor
from app.security.passwords import hash_password, password_fits
from app.security.roles import Role
from app.security.visible import get_visible, visible_to
from app.services.events import record

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
ONE_TIME_SIGNS = string.ascii_letters.translate(str.maketrans("", "", "lIO")) + "23456789"


@dataclass(frozen=True, slots=True)
class NewAccount:
    """A created account; ``one_time_password`` is shown once, empty when the creator chose the password."""

    account: Account
    one_time_password: str


def create_account(
    session: Session,
    actor: Actor,
    *,
    username: str,
    email: str,
    name: str,
    role: Role,
    union_code: str,
    password: str | None = None,
    now: datetime,
) -> NewAccount:
    """Create an account for a union that the actor may manage; ``SYSTEM`` (the command line) may anywhere.

    Without ``password`` a one-time one is made, to be changed at the first login. Raises ``username_shape``,
    ``email_shape``, ``account_union_unknown``, ``role_not_at_level``, ``account_not_yours`` or
    ``account_administration`` (403), ``account_exists`` (409) or one of the password rules.
    """
    username, email, name = username.strip(), email.strip(), name.strip()
    if not username or len(username) > 64 or any(sign.isspace() for sign in username):
        raise RuleViolation("username_shape", field="username")
    if EMAIL.fullmatch(email) is None or len(email) > 200:
        raise RuleViolation("email_shape", field="email")
    seen = true() if actor is SYSTEM else visible_to(actor, Union)
    union = session.scalar(select(Union).where(Union.code == union_code.strip(), seen))
    if union is None:
        raise RuleViolation("account_union_unknown", field="union_code", union=union_code.strip()[:40])
    check_role_at(role, union.level)
    _require_manager(actor, union.id, [role.value])
    _require_free(session, username, email)
    if password is not None:
        check_new_password(password, username)
    chosen = password or one_time_password()
    account = Account(
        username=username,
        email=email,
        first_name=(name or username)[:64],
        last_name="",
        password=hash_password(chosen),
        active=True,
        union_id=union.id,
        must_change_password=password is None,
        created_on=_wall(now),
        changed_on=_wall(now),
        roles=[role_row(session, role)],
    )
    session.add(account)
    session.flush()
    _log(session, actor, account, "create", now, {"role": role.value, "username": username})
    return NewAccount(account, "" if password else chosen)


def change_password(session: Session, actor: Actor, *, old: str, new: str, now: datetime) -> None:
    """Change the actor's own password; raises ``old_password_wrong`` or one of the password rules."""
    account = session.get_one(Account, actor.account_id, with_for_update={"of": Account})
    if not password_fits(account.password, old):
        raise RuleViolation("old_password_wrong", field="old")
    check_new_password(new, account.username)
    if old == new:
        raise RuleViolation("password_unchanged", field="password")
    account.password = hash_password(new)
    account.must_change_password = False
    account.changed_on = _wall(now)
    _log(session, actor, account, "change_password", now)


def reset_password(session: Session, actor: Actor, *, account_id: int, now: datetime) -> NewAccount:
    """Give an account a one-time password, to be shown once and changed at the next login."""
    account = _managed(session, actor, account_id)
    chosen = one_time_password()
    account.password = hash_password(chosen)
    account.must_change_password = True
    account.fail_login_count = 0
    account.changed_on = _wall(now)
    _log(session, actor, account, "reset_password", now)
    return NewAccount(account, chosen)


def set_active(session: Session, actor: Actor, *, account_id: int, active: bool, now: datetime) -> Account:
    """Disable or enable an account; nobody disables their own (``account_is_own``)."""
    account = _managed(session, actor, account_id)
    if account.id == actor.account_id:
        raise RuleViolation("account_is_own")
    account.active = active
    account.changed_on = _wall(now)
    _log(session, actor, account, "enable" if active else "disable", now)
    return account


def one_time_password() -> str:
    """Twelve signs that nobody mistakes for one another, of three kinds."""
    while True:
        password = "".join(secrets.choice(ONE_TIME_SIGNS) for _ in range(12))
        kinds = (str.islower, str.isupper, str.isdigit)
        if all(any(map(kind, password)) for kind in kinds):
            return password


def _managed(session: Session, actor: Actor, account_id: int) -> Account:
    account = get_visible(session, actor, Account, account_id, lock=True)
    if account.union_id is None and not actor.roles & {Role(name) for name in ROLES_FOR_ALL}:
        raise not_found("account")
    _require_manager(actor, account.union_id, [role.name for role in account.roles])
    return account


def manages(actor: Actor, account: Account) -> bool:
    """Whether the actor may reset or disable an account that it sees."""
    try:
        _require_manager(actor, account.union_id, [role.name for role in account.roles])
    except RuleViolation:
        return False
    return True


def _require_manager(actor: Actor, union_id: int | None, held: Iterable[str]) -> None:
    if actor is not SYSTEM:
        check_manager(frozenset(actor.roles), union_id == actor.union_id, frozenset(held))


def _require_free(session: Session, username: str, email: str) -> None:
    taken = login_taken(session, username, email)
    if taken is not None:
        raise RuleViolation("account_exists", field=taken, status=409, username=username)


def role_row(session: Session, role: Role) -> RoleRow:
    """Flask-AppBuilder's row of a role, made when it is first needed."""
    row = session.scalar(select(RoleRow).where(RoleRow.name == role.value))
    if row is None:
        row = RoleRow(name=role.value)
        session.add(row)
    return row


def _wall(now: datetime) -> datetime:
    """Flask-AppBuilder's own columns hold wall time without a zone."""
    return now.astimezone(SHANGHAI).replace(tzinfo=None)


def _log(
    session: Session,
    actor: Actor,
    account: Account,
    action: str,
    now: datetime,
    facts: dict[str, str] | None = None,
) -> None:
    home = session.get(Union, account.union_id) if account.union_id else None
    record(session, actor, EventObject.ACCOUNT, account.id, action, now=now, scope=home, facts=facts)
