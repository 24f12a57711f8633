"""Accounts: made by the union above, disabled, enabled and given another role by it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from flask_appbuilder.security.sqla.models import Role as RoleRow
from sqlalchemy import select, true
from sqlalchemy.orm import Session

from app.clock import SHANGHAI
from app.models import Account, EventObject, Union
from app.queries.beyond import login_taken
from app.rules.accounts import (
    ROLES_FOR_ALL,
    MailPurpose,
    check_manager,
    check_new_password,
    check_role_at,
)
from app.rules.sign_in import SessionEnd
from app.rules.violations import RuleViolation, not_found
from app.security.actor import SYSTEM, Actor
from app.security.passwords import hash_password
from app.security.roles import Role
from app.security.sessions import end_one, end_sessions
from app.security.visible import get_visible, visible_to
from app.services import passwords
from app.services.administrations import make_room
from app.services.events import record
from app.services.holdings import lay_down, take_up
from app.services.mail import queue_mail

EMAIL = re.compile(r"[^@\s<>,;:\"()\[\]\\]+@[^@\s<>,;:\"()\[\]\\]+\.[^@\s<>,;:\"()\[\]\\.]+")


@dataclass(frozen=True, slots=True)
class NewAccount:
    """A created account; ``one_time_password`` is shown once, empty when the creator chose the password.

    ``first_narrowed``: by this, the first account lost its second administration.
    """

    account: Account
    one_time_password: str
    first_narrowed: bool = False


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
    username, email = username.strip(), email.strip()
    if not username or len(username) > 64 or any(sign.isspace() for sign in username):
        raise RuleViolation("username_shape", field="username")
    check_email(email)
    union = union_to_manage(session, actor, union_code, role)
    require_free(session, username, email)
    if password is not None:
        check_new_password(password, username)
    chosen = password or passwords.one_time_password()
    narrowed = make_room(session, actor, None, role, now)
    account = add_account(
        session,
        union,
        role,
        username=username,
        email=email,
        name=name,
        password=chosen,
        must_change=password is None,
        now=now,
    )
    log_account(session, actor, account, "create", now, {"role": role.value, "username": username})
    return NewAccount(account, "" if password else chosen, narrowed)


def add_account(
    session: Session,
    union: Union,
    role: Role,
    *,
    username: str,
    email: str,
    name: str,
    password: str,
    now: datetime,
    phone: str | None = None,
    must_change: bool = False,
) -> Account:
    """The rows of a new account, whoever was allowed to make it."""
    account = Account(
        username=username,
        email=email,
        first_name=(name.strip() or username)[:64],
        last_name="",
        phone=phone,
        password=hash_password(password),
        password_changed_at=now,
        must_change_password=must_change,
        active=True,
        union_id=union.id,
        created_on=_wall(now),
        changed_on=_wall(now),
        roles=[role_row(session, role)],
    )
    session.add(account)
    session.flush()
    passwords.remember(session, account, now)
    take_up(session, account, role.value, now)
    return account


def reset_password(session: Session, actor: Actor, *, account_id: int, now: datetime) -> NewAccount:
    """Give an account a one-time password, to be shown once and changed at the next login.

    Its sessions and its lock end, and its owner gets a letter that says so.
    """
    account = managed_account(session, actor, account_id)
    chosen = passwords.give_one_time_password(session, actor, account, now)
    log_account(session, actor, account, "reset_password", now)
    queue_mail(session, MailPurpose.PASSWORD_RESET, account.email, now=now, facts=_told(actor, account))
    return NewAccount(account, chosen)


def change_password(session: Session, actor: Actor, *, old: str, new: str, now: datetime) -> None:
    """Change the actor's own password and end every session of the account; raises ``old_password_wrong`` or
    one of the password rules."""
    passwords.change_password(session, actor, old=old, new=new, now=now)
    log_account(session, actor, session.get_one(Account, actor.account_id), "change_password", now)


def set_active(session: Session, actor: Actor, *, account_id: int, active: bool, now: datetime) -> Account:
    """Disable or enable an account; nobody disables their own (``account_is_own``)."""
    account = managed_account(session, actor, account_id)
    if account.id == actor.account_id:
        raise RuleViolation("account_is_own")
    if account.active != active:
        if active:
            _enable(session, actor, account, now)
        else:
            disable(session, actor, account, now)
        log_account(session, actor, account, "enable" if active else "disable", now)
    return account


def disable(
    session: Session, actor: Actor, account: Account, now: datetime, successor: Account | None = None
) -> None:
    """Nobody signs in with it any more, and whoever has is out; ``successor`` goes on with its work."""
    account.active = False
    account.changed_on = _wall(now)
    end_sessions(session, account.id, SessionEnd.DISABLED, by=actor, now=now)
    lay_down(session, account, now, successor=successor)


def _enable(session: Session, actor: Actor, account: Account, now: datetime) -> None:
    for row in account.roles:
        make_room(session, actor, account, row.name, now)
    account.active = True
    account.changed_on = _wall(now)
    session.flush()
    for row in account.roles:
        take_up(session, account, row.name, now)


def change_role(session: Session, actor: Actor, *, account_id: int, role: Role, now: datetime) -> Account:
    """Give an account another role instead of those it has; its sessions end.

    Raises ``account_is_own``, ``role_not_at_level``, ``account_administration`` (403), ``administrations_apart``.
    """
    account = managed_account(session, actor, account_id)
    if account.id == actor.account_id:
        raise RuleViolation("role_is_own")
    home = session.get_one(Union, account.union_id)
    check_role_at(role, home.level)
    _require_manager(actor, home.id, [role.value])
    before = sorted(row.name for row in account.roles)
    if before == [role.value]:
        return account
    account.roles.clear()
    session.flush()
    lay_down(session, account, now)
    make_room(session, actor, account, role, now)
    account.roles.append(role_row(session, role))
    account.changed_on = _wall(now)
    session.flush()
    if account.active:
        take_up(session, account, role.value, now)
    end_sessions(session, account.id, SessionEnd.ROLE, by=actor, now=now)
    log_account(session, actor, account, "change_role", now, {"from": " ".join(before), "to": role.value})
    return account


def force_out(
    session: Session, actor: Actor, *, account_id: int, session_id: int | None = None, now: datetime
) -> int:
    """End one session of an account that the actor manages, or all; how many that were."""
    account = managed_account(session, actor, account_id)
    if session_id is None:
        ended = end_sessions(session, account.id, SessionEnd.FORCED, by=actor, now=now)
    else:
        ended = end_one(session, account.id, session_id, SessionEnd.FORCED, by=actor, now=now)
    if ended:
        log_account(session, actor, account, "force_out", now, {"sessions": str(ended)})
    return ended


def managed_account(session: Session, actor: Actor, account_id: int) -> Account:
    """The account, locked; 404 if it isn't the actor's to see, 403 if it isn't theirs to manage."""
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


def union_to_manage(session: Session, actor: Actor, union_code: str, role: Role) -> Union:
    """The union in which the actor may give the role; raises what ``create_account`` raises about both."""
    seen = true() if actor is SYSTEM else visible_to(actor, Union)
    union: Union | None = session.scalar(select(Union).where(Union.code == union_code.strip(), seen))
    if union is None:
        raise RuleViolation("account_union_unknown", field="union_code", union=union_code.strip()[:40])
    check_role_at(role, union.level)
    _require_manager(actor, union.id, [role.value])
    return union


def check_email(email: str) -> None:
    """Raises ``email_shape``."""
    if EMAIL.fullmatch(email) is None or len(email) > 200 or not email.isprintable():
        raise RuleViolation("email_shape", field="email")


def require_free(session: Session, username: str, email: str) -> None:
    """Raises ``account_exists`` (409): neither may be anybody's name or address, in whatever case."""
    field = login_taken(session, username, email)
    if field is not None:
        taken = username if field == "username" else email
        raise RuleViolation("account_exists", field=field, status=409, taken=taken)


def _require_manager(actor: Actor, union_id: int | None, held: Iterable[str]) -> None:
    if actor is not SYSTEM:
        check_manager(frozenset(actor.roles), union_id == actor.union_id, frozenset(held))


def role_row(session: Session, role: Role) -> RoleRow:
    """Flask-AppBuilder's row of a role, made when it is first needed."""
    row = session.scalar(select(RoleRow).where(RoleRow.name == role.value))
    if row is None:
        row = RoleRow(name=role.value)
        session.add(row)
    return row


def sync_roles(session: Session) -> None:
    """Every role of ``roles.py`` has its row; called at start."""
    for role in Role:
        role_row(session, role)
    session.flush()


def log_account(
    session: Session,
    actor: Actor,
    account: Account,
    action: str,
    now: datetime,
    facts: dict[str, str] | None = None,
    text: str = "",
) -> None:
    """What happened to an account, in the log."""
    home = session.get(Union, account.union_id) if account.union_id else None
    record(
        session, actor, EventObject.ACCOUNT, account.id, action, now=now, scope=home, text=text, facts=facts
    )


def _told(actor: Actor, account: Account) -> dict[str, str]:
    return {"name": account.first_name, "username": account.username, "by": actor.union_name}


def _wall(now: datetime) -> datetime:
    """Flask-AppBuilder's own columns hold wall time without a zone."""
    return now.astimezone(SHANGHAI).replace(tzinfo=None)
