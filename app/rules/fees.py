"""Fees and their shares (domain section 4): exact decimals of yuan, and shares that always add up."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from app.rules.violations import RuleViolation

CENT = Decimal("0.01")
FEE_MAX = Decimal("99999.99")
"""Per person and year; a fee above this is a slip of the finger."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """Yuan, two places: per person or for many; ``fee`` is the sum of the three shares."""

    fee: Decimal
    municipal: Decimal
    district: Decimal
    grassroots: Decimal

    def __post_init__(self) -> None:
        if self.fee != self.municipal + self.district + self.grassroots:
            raise ValueError(f"shares do not add up to the fee: {self}")

    def times(self, people: int) -> Amounts:
        return Amounts(
            *(
                (share * people).quantize(CENT)
                for share in (self.fee, self.municipal, self.district, self.grassroots)
            )
        )

    @property
    def owed_to_centre(self) -> Decimal:
        """What the district owes the centre: everything but the municipal share (M4.5)."""
        return self.district + self.grassroots


NOTHING = Amounts(Decimal("0.00"), Decimal("0.00"), Decimal("0.00"), Decimal("0.00"))


def check_fee(fee: Decimal, municipal: Decimal, district: Decimal, grassroots: Decimal) -> Amounts:
    """One person's fee and shares, checked; raises by the field that has to be mended."""
    for field, share in (
        ("fee", fee),
        ("municipal_share", municipal),
        ("district_share", district),
        ("grassroots_share", grassroots),
    ):
        if not share.is_finite() or share < 0 or share > FEE_MAX or share != share.quantize(CENT):
            raise RuleViolation("share_range", field=field, value=str(share)[:40], limit=FEE_MAX)
    if fee == 0:
        raise RuleViolation("fee_zero", field="fee")
    total = municipal + district + grassroots
    if fee != total:
        raise RuleViolation("fee_sum", field="fee", fee=fee, total=total, difference=fee - total)
    return Amounts(
        fee.quantize(CENT), municipal.quantize(CENT), district.quantize(CENT), grassroots.quantize(CENT)
    )


def check_split(fee: Decimal, municipal: Decimal, district: Decimal, grassroots: Decimal) -> Amounts:
    """A district's split of what the municipal share leaves; raises ``split_sum`` at ``district_share``."""
    left = fee - municipal
    for field, share in (("district_share", district), ("grassroots_share", grassroots)):
        if not share.is_finite() or share < 0 or share > FEE_MAX or share != share.quantize(CENT):
            raise RuleViolation("share_range", field=field, value=str(share)[:40], limit=FEE_MAX)
    if district + grassroots != left:
        raise RuleViolation("split_sum", field="district_share", left=left, total=district + grassroots)
    return Amounts(fee, municipal, district.quantize(CENT), grassroots.quantize(CENT))
