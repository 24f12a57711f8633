"""What the city's batches cost: the demo city's prices, and the split of districts that let their unions pay a part."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from app.rules.fees import Amounts
from app.rules.organisation import UnionCategory
from app.services.demo_year import FEES

SPLIT_PLAN = "A"
SPLIT = (Decimal("8.00"), Decimal("5.00"))
"""The district's part and the grassroots union's, of what the municipal share leaves of plan A."""


def unit_amounts(plan: str, central: bool, split: bool) -> Amounts:
    """Per person."""
    return _UNITS[plan, central, split and plan == SPLIT_PLAN]


def _units() -> Mapping[tuple[str, bool, bool], Amounts]:
    units = {}
    for plan, category, *shares in FEES:
        fee, municipal, district = (Decimal(share) for share in shares)
        central = category is UnionCategory.CENTRAL_ENTERPRISE
        units[plan, central, False] = Amounts(fee, municipal, district, Decimal("0.00"))
        if plan == SPLIT_PLAN and not central:
            units[plan, central, True] = Amounts(fee, municipal, *SPLIT)
    return units


_UNITS = _units()
