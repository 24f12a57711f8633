"""Accounts: locks after failed logins, what a password must be, who may give which role."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.rules.organisation import UnionLevel
from app.rules.violations import RuleViolation

FAILURES_BEFORE_LOCK = 5
FIRST_LOCK = timedelta(minutes=1)
LONGEST_LOCK = timedelta(minutes=30)

PASSWORD_LENGTH_LEAST = 10
PASSWORD_LENGTH_MOST = 128
PASSWORD_KINDS_LEAST = 3

ROLE_LEVELS: dict[str, frozenset[UnionLevel]] = {
    "municipal_admin": frozenset({UnionLevel.MUNICIPAL}),
    "district_reviewer": frozenset({UnionLevel.DISTRICT}),
    "second_reviewer": frozenset({UnionLevel.SECOND}),
    "operator": frozenset({UnionLevel.GRASSROOTS}),
    "centre_clerk": frozenset({UnionLevel.MUNICIPAL}),
    "manager": frozenset({UnionLevel.MUNICIPAL, UnionLevel.DISTRICT}),
    "auditor": frozenset({UnionLevel.MUNICIPAL}),
    "security_admin": frozenset({UnionLevel.MUNICIPAL}),
}
"""At which level of union a role has its work (domain section 1)."""

ROLES_FOR_ALL = frozenset({"municipal_admin", "security_admin"})
"""These create accounts anywhere in the city."""

ROLES_FOR_BELOW = frozenset({"district_reviewer", "second_reviewer"})
"""These create accounts for the unions below their own."""

ADMINISTRATIONS = frozenset({"municipal_admin", "security_admin", "auditor"})
"""System, security and audit administration are apart (GB/T 22239-2019 level 3): only ``security_admin``
gives these roles and resets or disables who has one, so that nobody lets themselves into another's work."""


def locked_until(failures: int, last_failed_at: datetime | None) -> datetime | None:
    """Until when an account refuses every login; ``None`` when it doesn't.

    The fifth failure in a row locks for a minute, each further one for twice as long, up to half an hour.
    """
    if failures < FAILURES_BEFORE_LOCK or last_failed_at is None:
        return None
    doublings = min(failures - FAILURES_BEFORE_LOCK, 10)
    lock: timedelta = min(FIRST_LOCK * (1 << doublings), LONGEST_LOCK)
    return last_failed_at + lock


def check_new_password(password: str, login: str) -> None:
    """Refuse a password that is short, of one kind of sign, or made of the account's own name."""
    if len(password) < PASSWORD_LENGTH_LEAST:
        raise RuleViolation("password_short", field="password", least=PASSWORD_LENGTH_LEAST)
    if len(password) > PASSWORD_LENGTH_MOST:
        raise RuleViolation("password_long", field="password", most=PASSWORD_LENGTH_MOST)
    kinds = (str.islower, str.isupper, str.isdigit, lambda sign: not sign.isalnum())
    if sum(any(kind(sign) for sign in password) for kind in kinds) < PASSWORD_KINDS_LEAST:
        raise RuleViolation("password_kinds", field="password")
    names = [login.casefold(), login.partition("@")[0].casefold()]
    if any(len(name) >= 3 and name in password.casefold() for name in names):
        raise RuleViolation("password_is_name", field="password")


def check_role_at(role: str, level: UnionLevel | None) -> None:
    """A role is given only where its work is; no role at all in a union that can't work here (M2)."""
    if level is None:
        raise RuleViolation("account_union_unsupported", field="union_code")
    if level not in ROLE_LEVELS[role]:
        raise RuleViolation("role_not_at_level", field="role", level=level)


def check_manager(creator_roles: frozenset[str], own_union: bool, held: frozenset[str]) -> None:
    """Whether somebody may manage an account of a union that they see: ``own_union``, it is their own;
    ``held``, the account's roles. Raises ``account_administration`` or ``account_not_yours`` (403)."""
    if held & ADMINISTRATIONS and "security_admin" not in creator_roles:
        raise RuleViolation("account_administration", field="role", status=403)
    if not _manages_union(creator_roles, own_union):
        raise RuleViolation("account_not_yours", status=403)


def _manages_union(creator_roles: frozenset[str], own_union: bool) -> bool:
    if creator_roles & ROLES_FOR_ALL:
        return True
    return bool(creator_roles & ROLES_FOR_BELOW) and not own_union
