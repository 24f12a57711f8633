"""基层单位缴费: what may be recorded of a union's own share (domain sections 3 and 4)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from app.rules.enrolment import BatchStatus
from app.rules.violations import RuleViolation

AWAITING_PAYMENT = frozenset({BatchStatus.SUBMITTED, BatchStatus.APPROVED})
"""Later the batch is the centre's; returned or lapsed it owes nothing."""


def owes_a_share(status: BatchStatus, share: Decimal) -> bool:
    """Whether the union's own share of a batch in this state can lapse it."""
    return share > 0 and status in AWAITING_PAYMENT


def check_payment_of_share(amount: Decimal, share: Decimal, paid_on: date, today: date) -> None:
    """A share is paid whole: refuses ``share_differs`` and ``paid_in_the_future``; ``today`` is Shanghai's."""
    check_day_of_payment(paid_on, today)
    if amount != share:
        raise RuleViolation("share_differs", field="amount", paid=amount, owed=share)


def check_day_of_payment(paid_on: date, today: date) -> None:
    if paid_on > today:
        raise RuleViolation("paid_in_the_future", field="paid_on")
