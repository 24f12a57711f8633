"""The tree of unions: levels, types, and what may stand under what (domain sections 1 and 11)."""

from __future__ import annotations

from enum import StrEnum


class UnionLevel(StrEnum):
    MUNICIPAL = "municipal"
    DISTRICT = "district"
    SECOND = "second"
    GRASSROOTS = "grassroots"


class UnionType(StrEnum):
    MUNICIPAL = "municipal_federation"
    DISTRICT = "district_federation"
    INDUSTRY = "industry_federation"
    STREET = "street_federation"
    JOINT = "joint_union"
    COMMITTEE = "union_committee"
    ASSOCIATION = "union_association"
    BRANCH = "union_branch"


class UnionCategory(StrEnum):
    """Decides the municipal share of the fee (Q48–Q50)."""

    ORDINARY = "ordinary"
    CENTRAL_ENTERPRISE = "central_enterprise"


PROVISIONAL_CODE = "provisional"
"""The code of the municipal union that the first start makes, until the tree's workbook brings the real one."""

UNSUPPORTED_TYPES = frozenset({UnionType.ASSOCIATION, UnionType.BRANCH})
"""They stand in the tree, but their users can't work in this system (M2)."""

LEVELS_OF_TYPE: dict[UnionType, frozenset[UnionLevel]] = {
    UnionType.MUNICIPAL: frozenset({UnionLevel.MUNICIPAL}),
    UnionType.DISTRICT: frozenset({UnionLevel.DISTRICT}),
    UnionType.INDUSTRY: frozenset({UnionLevel.DISTRICT}),
    UnionType.STREET: frozenset({UnionLevel.SECOND}),
    UnionType.JOINT: frozenset({UnionLevel.SECOND, UnionLevel.GRASSROOTS}),
    UnionType.COMMITTEE: frozenset({UnionLevel.SECOND, UnionLevel.GRASSROOTS}),
    UnionType.ASSOCIATION: frozenset(),
    UnionType.BRANCH: frozenset(),
}

PARENT_LEVELS: dict[UnionLevel, frozenset[UnionLevel]] = {
    UnionLevel.MUNICIPAL: frozenset(),
    UnionLevel.DISTRICT: frozenset({UnionLevel.MUNICIPAL}),
    UnionLevel.SECOND: frozenset({UnionLevel.DISTRICT}),
    UnionLevel.GRASSROOTS: frozenset({UnionLevel.DISTRICT, UnionLevel.SECOND}),
}


def may_stand_under(level: UnionLevel, parent: UnionLevel | None) -> bool:
    """Whether a union of ``level`` may have a parent of that level (``None``: no parent)."""
    if parent is None:
        return level is UnionLevel.MUNICIPAL
    return parent in PARENT_LEVELS[level]


def category(central_enterprise: bool) -> UnionCategory:
    return UnionCategory.CENTRAL_ENTERPRISE if central_enterprise else UnionCategory.ORDINARY
