"""Enrolment: channels, kinds, buckets, and the life of a batch (domain sections 5 and 9)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from app.rules.violations import RuleViolation


class Channel(StrEnum):
    MEMBER_CARD = "member_card"
    SOCIAL_CARD = "social_card"


class EnrolmentKind(StrEnum):
    COLLECTIVE = "collective"
    INSTANT_UNCOVERED = "instant_uncovered"
    INSTANT_NEW_CARD = "instant_new_card"


class Term(StrEnum):
    FULL = "full"
    HALF = "half"


class Bucket(StrEnum):
    """Where a member stands for one year and channel: the first that holds, in this order."""

    SUBMITTED = "submitted"
    ELSEWHERE = "elsewhere"
    DECEASED = "deceased"
    RETIRED = "retired"
    RETIREMENT_UNCLEAR = "retirement_unclear"
    EXCLUDED = "excluded"
    WITHOUT_CARD = "without_card"
    OTHER_CHANNEL = "other_channel"
    TO_CHECK = "to_check"
    TO_CONFIRM = "to_confirm"
    ELIGIBLE = "eligible"


class BatchStatus(StrEnum):
    SUBMITTED = "submitted"
    APPROVED = "approved"
    FORWARDED = "forwarded"
    COMPLETED = "completed"
    RETURNED = "returned"
    LAPSED = "lapsed"


class BatchAction(StrEnum):
    SUBMIT = "submit"
    APPROVE = "approve"
    UNAPPROVE = "unapprove"
    RETURN = "return"
    FORWARD = "forward"
    BOUNCE = "bounce"
    SETTLE = "settle"
    LAPSE = "lapse"


class LapseReason(StrEnum):
    """Why a batch lapsed: its union's share wasn't paid in time, its district didn't file it, or the centre rejected
    it and it wasn't filed again."""

    UNPAID = "unpaid"
    UNFILED = "unfiled"
    REJECTED = "rejected"


class EnrolmentStatus(StrEnum):
    PENDING = "pending"
    ACTIVE = "active"
    ENDED = "ended"
    VOID = "void"


LIVE_BATCHES = frozenset(
    {BatchStatus.SUBMITTED, BatchStatus.APPROVED, BatchStatus.FORWARDED, BatchStatus.COMPLETED}
)
"""A live batch holds its people and its union's plan; a returned or lapsed one frees both."""

BATCH_TRANSITIONS: Mapping[BatchAction, Mapping[BatchStatus, BatchStatus]] = {
    BatchAction.APPROVE: {BatchStatus.SUBMITTED: BatchStatus.APPROVED},
    BatchAction.UNAPPROVE: {BatchStatus.APPROVED: BatchStatus.SUBMITTED},
    BatchAction.RETURN: {
        BatchStatus.SUBMITTED: BatchStatus.RETURNED,
        BatchStatus.APPROVED: BatchStatus.RETURNED,
    },
    BatchAction.FORWARD: {BatchStatus.APPROVED: BatchStatus.FORWARDED},
    # The centre rejected the district's batch: its enrolment batches wait for filing again.
    BatchAction.BOUNCE: {BatchStatus.FORWARDED: BatchStatus.APPROVED},
    BatchAction.SETTLE: {BatchStatus.FORWARDED: BatchStatus.COMPLETED},
    BatchAction.LAPSE: {
        BatchStatus.SUBMITTED: BatchStatus.LAPSED,
        BatchStatus.APPROVED: BatchStatus.LAPSED,
    },
}


def sources(action: BatchAction) -> tuple[BatchStatus, ...]:
    """The states that ``action`` may start from."""
    return tuple(BATCH_TRANSITIONS[action])


def next_status(status: BatchStatus, action: BatchAction) -> BatchStatus:
    """The state after ``action``; raises ``wrong_state`` (409) where the table has none."""
    target = BATCH_TRANSITIONS[action].get(status)
    if target is None:
        raise RuleViolation("wrong_state", status=409, action=action, state=status)
    return target
