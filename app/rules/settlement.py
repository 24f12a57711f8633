"""The life of a district batch and its vouchers (domain section 9, Q39–Q43)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from zoneinfo import ZoneInfo

from app.rules.violations import RuleViolation

SHANGHAI = ZoneInfo("Asia/Shanghai")


class DistrictBatchStatus(StrEnum):
    CENTRE_REVIEW = "centre_review"
    AWAITING_PAYMENT = "awaiting_payment"
    VOUCHER_REVIEW = "voucher_review"
    COMPLETED = "completed"
    REJECTED = "rejected"


class DistrictBatchAction(StrEnum):
    ACCEPT = "accept"
    REJECT = "reject"
    UPLOAD_VOUCHER = "upload_voucher"
    SETTLE = "settle"
    REJECT_VOUCHER = "reject_voucher"


class VoucherStatus(StrEnum):
    UNDER_REVIEW = "under_review"
    SETTLED = "settled"
    REJECTED = "rejected"


DISTRICT_TRANSITIONS: Mapping[DistrictBatchAction, Mapping[DistrictBatchStatus, DistrictBatchStatus]] = {
    DistrictBatchAction.ACCEPT: {DistrictBatchStatus.CENTRE_REVIEW: DistrictBatchStatus.AWAITING_PAYMENT},
    DistrictBatchAction.REJECT: {DistrictBatchStatus.CENTRE_REVIEW: DistrictBatchStatus.REJECTED},
    DistrictBatchAction.UPLOAD_VOUCHER: {
        DistrictBatchStatus.AWAITING_PAYMENT: DistrictBatchStatus.VOUCHER_REVIEW
    },
    DistrictBatchAction.SETTLE: {DistrictBatchStatus.VOUCHER_REVIEW: DistrictBatchStatus.COMPLETED},
    DistrictBatchAction.REJECT_VOUCHER: {
        DistrictBatchStatus.VOUCHER_REVIEW: DistrictBatchStatus.AWAITING_PAYMENT
    },
}

AMOUNT_MAX = Decimal("9999999999.99")
TITLE_MAX = 100


def next_status(status: DistrictBatchStatus, action: DistrictBatchAction) -> DistrictBatchStatus:
    """The state after ``action``; raises ``wrong_district_state`` (409) where the table has none."""
    target = DISTRICT_TRANSITIONS[action].get(status)
    if target is None:
        raise RuleViolation("wrong_district_state", status=409, action=action, state=status)
    return target


def parse_amount(text: str, *, field: str = "amount") -> Decimal:
    """An amount of yuan as a person types it: digits, at most two places, optional thousands groups.

    ``1,378.00`` is fine; ``12,5``, ``1e9``, negatives and more than two places raise ``amount_format``.
    """
    trimmed = text.strip().replace("，", ",").removesuffix("元").strip()
    whole, dot, places = trimmed.partition(".")
    groups = whole.split(",")
    grouped = len(groups) > 1
    well_grouped = not grouped or (1 <= len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:]))
    digits = "".join(groups)
    shaped = digits.isascii() and digits.isdigit() and well_grouped
    if dot:
        shaped = shaped and places.isascii() and places.isdigit() and len(places) <= 2
    if not shaped:
        raise RuleViolation("amount_format", field=field, value=text[:40])
    try:
        amount = Decimal(f"{digits}.{places or '0'}").quantize(Decimal("0.01"))
    except InvalidOperation as error:
        raise RuleViolation("amount_format", field=field, value=text[:40]) from error
    if amount > AMOUNT_MAX:
        raise RuleViolation("amount_too_large", field=field, value=text[:40])
    return amount


def voucher_problems(
    title: str, amount: Decimal | None, paid_on: date | None, today: date
) -> list[RuleViolation]:
    """Everything that is wrong with a voucher's details, each by its field; ``None`` is somebody else's problem.

    ``today`` is the day in Shanghai: money can't have been paid after it.
    """
    problems = []
    if len(title) > TITLE_MAX:
        problems.append(RuleViolation("voucher_title_long", field="title", limit=TITLE_MAX))
    if amount is not None and amount <= 0:
        problems.append(RuleViolation("amount_zero", field="amount"))
    if amount is not None and amount > AMOUNT_MAX:
        problems.append(RuleViolation("amount_too_large", field="amount", value=amount))
    if paid_on is not None and paid_on > today:
        problems.append(RuleViolation("paid_in_the_future", field="paid_on"))
    return problems


def voucher_due_on(accepted_at: datetime, days: int) -> date:
    """The last day on which a voucher is in time: ``days`` after the centre's acceptance."""
    return accepted_at.astimezone(SHANGHAI).date() + timedelta(days=days)


def check_payment(paid: Decimal, owed: Decimal) -> None:
    """Settling needs the paid amount to be exactly what is owed: settled = paid, always."""
    if paid != owed:
        raise RuleViolation("paid_differs_from_owed", paid=paid, owed=owed, status=422)
