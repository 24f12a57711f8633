"""The workbench: what the asker's part of the tree counts, and what a new city sets up first."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, func, literal, select
from sqlalchemy.orm import Session

from app.models import Account, Employer, FeeSetting, Member, ProtectionYear, Union
from app.queries.joining import members_counted
from app.rules.imports import ImportKind
from app.rules.organisation import UnionLevel
from app.security.actor import Actor
from app.security.standpoint import Standpoint, place_of, standpoint_of
from app.security.visible import visible_to


@dataclass(frozen=True, slots=True)
class TreeFigures:
    members: int
    grassroots_unions: int
    employers: int


def tree_figures(session: Session, actor: Actor) -> TreeFigures:
    """会员数, 基层工会组织数, 覆盖企业数 of the asker's part of the tree (M3.3)."""
    return TreeFigures(*session.execute(_tree_counts(standpoint_of(actor)), place_of(actor)).one())


@lru_cache(maxsize=64)
def _tree_counts(asker: Standpoint) -> Select[int, int, int]:
    unions = select(func.count()).where(visible_to(asker, Union), Union.level == UnionLevel.GRASSROOTS)
    employers = select(func.count()).select_from(Employer).where(visible_to(asker, Employer))
    members = members_counted(asker)
    return select(members.scalar_subquery(), unions.scalar_subquery(), employers.scalar_subquery())


@dataclass(frozen=True, slots=True)
class Preparation:
    """One thing that must stand before a year can run; ``endpoint`` and ``arguments`` lead to where it is done."""

    code: str
    done: bool
    endpoint: str
    arguments: dict[str, Any]


def preparations(session: Session, year: ProtectionYear | None) -> list[Preparation]:
    """What a new city sets up, in its order; empty once everything stands."""
    of_grassroots = Union.level == UnionLevel.GRASSROOTS
    fees = select(FeeSetting.id).where(FeeSetting.year == year.year).exists() if year else literal(False)
    stands = session.execute(
        select(
            select(Union.id).where(of_grassroots).exists().label("tree"),
            select(Employer.id).exists().label("employers"),
            fees.label("fees"),
            select(Account.id).join(Union).where(of_grassroots).exists().label("accounts"),
            select(Member.id).exists().label("members"),
        )
    ).one()
    steps = [
        Preparation("tree", stands.tree, "Imports.list", {"kind": ImportKind.ORGANISATIONS.value}),
        Preparation("employers", stands.employers, "Imports.list", {"kind": ImportKind.EMPLOYERS.value}),
        Preparation("year", year is not None, "Years.list", {}),
        Preparation("fees", stands.fees, "Fees.municipal", {}),
        Preparation("accounts", stands.accounts, "Accounts.list", {}),
        Preparation("members", stands.members, "Imports.list", {"kind": ImportKind.MEMBERS.value}),
    ]
    return [] if all(step.done for step in steps) else steps
