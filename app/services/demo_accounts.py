"""The demo city's accounts: one a role to sign in with, and one for every other union that acted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.clock import SHANGHAI
from app.models import Account, Union
from app.security.actor import Actor, actor_of
from app.security.passwords import hash_password
from app.security.roles import Role
from app.services.accounts import role_row
from app.services.demo_tree import DemoTree
from app.services.holdings import take_up_all

MANAGER_OF_A_DISTRICT = "manager2"
OPERATOR_AFTER_SUBMIT = "operator2"

LISTED: dict[str, tuple[Role, str]] = {
    "admin": (Role.MUNICIPAL_ADMIN, "市总工会管理员"),
    "district": (Role.DISTRICT_REVIEWER, "区局审核员"),
    "second": (Role.SECOND_REVIEWER, "二级工会审核员"),
    "operator": (Role.OPERATOR, "基层经办人"),
    OPERATOR_AFTER_SUBMIT: (Role.OPERATOR, "基层经办人（已提交）"),
    "centre": (Role.CENTRE_CLERK, "职保中心经办人"),
    "manager": (Role.MANAGER, "统计管理员"),
    MANAGER_OF_A_DISTRICT: (Role.MANAGER, "区局统计管理员"),
    "auditor": (Role.AUDITOR, "审计管理员"),
    "security": (Role.SECURITY_ADMIN, "安全管理员"),
}
"""The accounts that the terminal shows: user name, role, name."""


@dataclass(frozen=True, slots=True)
class DemoAccount:
    username: str
    first_name: str
    union_name: str


@dataclass(frozen=True, slots=True)
class DemoActors:
    """``by_name`` the listed accounts; ``of_union`` the operator or reviewer of each working union."""

    by_name: dict[str, Actor]
    of_union: dict[int, Actor]


def make_demo_accounts(session: Session, tree: DemoTree, *, password: str, now: datetime) -> DemoActors:
    """All with the same password, hashed once."""
    homes = _homes(tree)
    wall = (now - timedelta(days=200)).astimezone(SHANGHAI).replace(tzinfo=None)
    hashed = hash_password(password)
    rows = {role: role_row(session, role) for role in Role}
    planned = [(username, role, name, homes[username]) for username, (role, name) in LISTED.items()]
    taken = {(role, home.id) for _, role, _, home in planned}
    planned += [entry for entry in _others(tree) if (entry[1], entry[3].id) not in taken]
    session.add_all(
        Account(
            username=username,
            email=f"{username}@haicheng.example",
            first_name=name,
            last_name="",
            password=hashed,
            password_changed_at=now - timedelta(days=200),
            active=True,
            union_id=home.id,
            created_on=wall,
            changed_on=wall,
            roles=[rows[role]],
        )
        for username, role, name, home in planned
    )
    session.flush()
    take_up_all(session, now)
    accounts = session.scalars(
        select(Account).options(selectinload(Account.roles)).execution_options(populate_existing=True)
    ).unique()
    by_name = {account.username: actor_of(account) for account in accounts}
    working = (Role.OPERATOR, Role.SECOND_REVIEWER, Role.DISTRICT_REVIEWER)
    of_union = {actor.union_id: actor for actor in by_name.values() if actor.roles & frozenset(working)}
    return DemoActors(by_name, of_union)


def demo_accounts(session: Session) -> list[DemoAccount]:
    """The listed accounts as they are in this database; empty where no demo city was made."""
    found = session.execute(
        select(Account.username, Account.first_name, Union.name)
        .join(Union, Union.id == Account.union_id)
        .where(Account.username.in_(LISTED), Account.email.endswith("@haicheng.example"))
    )
    by_name = {username: DemoAccount(username, first_name, union) for username, first_name, union in found}
    return [by_name[username] for username in LISTED if username in by_name]


def _homes(tree: DemoTree) -> dict[str, Union]:
    district = tree.districts[0]
    second = next(one for one in tree.seconds if one.district_id == district.id)
    below = [union for union in tree.grassroots if union.second_id == second.id]
    homes = dict.fromkeys(LISTED, tree.city)
    homes.update(
        district=district,
        second=second,
        operator=below[0],
        operator2=below[1],
        manager2=district,
    )
    return homes


def _others(tree: DemoTree) -> Iterator[tuple[str, Role, str, Union]]:
    for at, union in enumerate(tree.districts, start=1):
        yield f"district{at:02d}", Role.DISTRICT_REVIEWER, "区局审核员", union
    for at, union in enumerate(tree.seconds, start=1):
        yield f"second{at:02d}", Role.SECOND_REVIEWER, "二级工会审核员", union
    for at, union in enumerate(tree.grassroots, start=1):
        yield f"operator{at:03d}", Role.OPERATOR, "基层经办人", union
