"""Who acts: an account, its roles and its place in the tree, as one plain value."""

from __future__ import annotations

from dataclasses import dataclass

from flask import g, has_request_context
from flask_jwt_extended import get_current_user
from flask_login import current_user

from app.acting import act_for
from app.extensions import db
from app.models.accounts import Account
from app.rules.organisation import UnionCategory, UnionLevel
from app.rules.violations import RuleViolation
from app.security.roles import Role


@dataclass(frozen=True, slots=True)
class Actor:
    """What services and queries need to know of the account that asks."""

    account_id: int
    username: str
    name: str
    roles: frozenset[Role]
    union_id: int
    union_name: str
    level: UnionLevel
    second_id: int | None
    district_id: int | None
    category: UnionCategory


class NotSignedIn(Exception):
    """Nobody is signed in; the edge sends a browser to the login page."""


SYSTEM = Actor(
    account_id=0,
    username="system",
    name="系统",
    roles=frozenset(),
    union_id=0,
    union_name="",
    level=UnionLevel.MUNICIPAL,
    second_id=None,
    district_id=None,
    category=UnionCategory.ORDINARY,
)
"""The scheduler. It has no account: `account_id` 0 is stored as empty."""

ROLE_NAMES = frozenset(role.value for role in Role)


def current_actor() -> Actor:
    """The signed-in actor of this request, by session cookie or, under `/api/`, by bearer token.

    Raises NotSignedIn, or RuleViolation 403 for an account whose union can't work here (M2).
    """
    if "actor" not in g:
        account = get_current_user() if g.get("bearer_checked") else current_user._get_current_object()
        if not isinstance(account, Account):
            raise NotSignedIn
        g.actor = actor_of(account)
        act_for(db.session(), g.actor)
    actor: Actor = g.actor
    return actor


def actor_or_none() -> Actor | None:
    """The signed-in actor for templates and logs; None when there is none."""
    if not has_request_context():
        return None
    try:
        return current_actor()
    except (NotSignedIn, RuleViolation):
        return None


def actor_of(account: Account) -> Actor:
    """The actor that an account stands for."""
    union = account.union
    if union is None:
        raise RuleViolation("account_without_union", status=403)
    if union.level is None:
        raise RuleViolation("union_type_unsupported", status=403, union=union.name)
    return Actor(
        account_id=account.id,
        username=account.username,
        name=account.first_name,
        roles=frozenset(Role(role.name) for role in account.roles if role.name in ROLE_NAMES),
        union_id=union.id,
        union_name=union.name,
        level=union.level,
        second_id=union.second_id,
        district_id=union.district_id,
        category=union.category,
    )
