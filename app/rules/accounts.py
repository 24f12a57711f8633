"""Accounts: what a password must be, who may give which role, who needs a second factor."""

from __future__ import annotations

from collections.abc import Set
from datetime import datetime, timedelta
from enum import StrEnum

from app.rules.organisation import UnionLevel
from app.rules.violations import RuleViolation

PASSWORD_LENGTH_LEAST = 10
PASSWORD_LENGTH_MOST = 128
PASSWORD_KINDS_LEAST = 3
PASSWORD_TRIES_LEAST = 10**8
"""Whoever guesses has to try more often than this: what is in lists of leaked passwords or made of a word of theirs and
a year isn't worth a ten-thousandth of it."""
PASSWORD_SIGNS_JUDGED = 72
"""Longer ones are judged by their beginning: judging takes longer the longer they are."""
WORDS_OF_THE_PLACE = (
    "canbao", "参保", "gonghui", "工会", "zonggonghui", "总工会", "huiyuan", "会员", "huzhu", "互助",
    "baozhang", "保障", "jiti", "集体", "jicheng", "基层", "shebao", "社保", "union", "member",
)  # fmt: skip
"""What comes to mind first to whoever works with it."""
PASSWORDS_REMEMBERED = 5
"""The present one and the four before it: none of them is taken again."""

INVITATION_LASTS = timedelta(days=7)
INVITATIONS_AN_HOUR = 300
"""By one account: a district that invites all its unions needs two hours at most."""
INVITATION_REST = timedelta(minutes=1)
"""Between two mails of the same invitation."""


class SecondFactor(StrEnum):
    """Whether a second factor is asked for: never, of whoever has one, of the roles that need one too, or of all."""

    OFF = "off"
    OPTIONAL = "optional"
    REQUIRED = "required"
    EVERYONE = "everyone"


class MailPurpose(StrEnum):
    INVITATION = "invitation"
    PASSWORD_RESET = "password_reset"  # noqa: S105
    SECOND_FACTOR_RESET = "second_factor_reset"
    MESSAGE = "message"


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

LEVELS_BELOW: dict[UnionLevel, frozenset[UnionLevel]] = {
    UnionLevel.MUNICIPAL: frozenset({UnionLevel.DISTRICT, UnionLevel.SECOND, UnionLevel.GRASSROOTS}),
    UnionLevel.DISTRICT: frozenset({UnionLevel.SECOND, UnionLevel.GRASSROOTS}),
    UnionLevel.SECOND: frozenset({UnionLevel.GRASSROOTS}),
    UnionLevel.GRASSROOTS: frozenset(),
}

ROLES_FOR_ALL = frozenset({"municipal_admin", "security_admin"})
"""These create accounts anywhere in the city."""

ROLES_FOR_BELOW = frozenset({"district_reviewer", "second_reviewer"})
"""These create accounts for the unions below their own."""

ADMINISTRATIONS = frozenset({"municipal_admin", "security_admin", "auditor"})
"""System, security and audit administration are apart (GB/T 22239-2019 level 3): only ``security_admin``
gives these roles and resets or disables who has one, so that nobody lets themselves into another's work."""

FIRST_ADMINISTRATIONS = frozenset({"municipal_admin", "security_admin"})
"""What the first account of an empty database holds, until all three administrations are in other hands."""
GIVEN_UP_FIRST = "security_admin"
"""What the first account loses then: it goes on with the business, others look after accounts and the log."""

WORKS_WITHOUT_SECOND_FACTOR = frozenset({"operator", "second_reviewer"})
"""Municipal, district and centre roles need one where it is enforced."""


def check_new_password(password: str, login: str) -> None:
    """Refuse a password that is short, of one kind of sign, made of the account's own name, or soon guessed."""
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
    if tries_to_guess(password) < PASSWORD_TRIES_LEAST:
        raise RuleViolation("password_guessed", field="password")


def tries_to_guess(password: str) -> int:
    """After how many tries somebody guesses it who begins with the words of the place, then with leaked passwords,
    names, words, dates and keyboard rows."""
    # The lists are read by the first who asks: most processes and commands never do.
    from zxcvbn import zxcvbn

    judged = zxcvbn(password[:PASSWORD_SIGNS_JUDGED], user_inputs=WORDS_OF_THE_PLACE)
    return int(judged["guesses"])


def password_expired(changed_at: datetime | None, days: int, now: datetime) -> bool:
    """Whether a password is older than the setting allows; ``days`` 0: never, ``changed_at`` None: always."""
    return bool(days) and (changed_at is None or now - changed_at >= timedelta(days=days))


def needs_second_factor(enforced: SecondFactor, roles: Set[str]) -> bool:
    """Whether who holds these roles may only sign in with a second factor."""
    if enforced is SecondFactor.EVERYONE:
        return True
    return enforced is SecondFactor.REQUIRED and bool(roles - WORKS_WITHOUT_SECOND_FACTOR)


def may_hold_together(roles: Set[str], *, first_account: bool, in_other_hands: bool) -> bool:
    """Whether one account may hold these roles: of the three administrations one alone.

    The first account of an empty database runs two of them until others hold all three.
    """
    held = roles & ADMINISTRATIONS
    if len(held) <= 1:
        return True
    return first_account and not in_other_hands and held <= FIRST_ADMINISTRATIONS


def roles_to_give(creator_roles: Set[str], level: UnionLevel) -> list[str]:
    """What somebody of this level may offer in a form; ``check_role_at`` and ``check_manager`` decide."""
    if creator_roles & ROLES_FOR_ALL:
        return [
            role for role in ROLE_LEVELS if "security_admin" in creator_roles or role not in ADMINISTRATIONS
        ]
    below = LEVELS_BELOW[level] if creator_roles & ROLES_FOR_BELOW else frozenset()
    return [role for role, levels in ROLE_LEVELS.items() if levels & below]


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
