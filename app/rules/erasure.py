"""Erasing a person's data (PIPL art. 47): the life of a request, and what stands against it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.rules.enrolment import LIVE_BATCHES, BatchStatus
from app.rules.violations import RuleViolation

ERASED_NAME = "已删除"
"""Stands where the name stood: in lists of people whose cover the books still count."""


class ErasureState(StrEnum):
    REQUESTED = "requested"
    ERASED = "erased"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class ErasureGround(StrEnum):
    """Why the law lets the data be erased (art. 47)."""

    PURPOSE_ENDED = "purpose_ended"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    RETENTION_OVER = "retention_over"
    UNLAWFUL = "unlawful"


class ErasureAsker(StrEnum):
    """Who asked the union; relatives may for a deceased person (art. 49)."""

    PERSON = "person"
    RELATIVE = "relative"
    UNION = "union"


@dataclass(frozen=True, slots=True)
class HeldCover:
    """A cover of the person, with the batch that it came in with."""

    year: int
    cover_end: date
    batch_number: str
    batch_status: BatchStatus


def require_open(state: ErasureState) -> None:
    """A request is decided or withdrawn once."""
    if state is not ErasureState.REQUESTED:
        raise RuleViolation("erasure_decided", status=409, state=state)


def require_erasable(covers: Iterable[HeldCover], today: date) -> None:
    """Nothing is erased that a contract still needs.

    Raises ``erasure_unsettled`` while a batch with the person is on its way to be settled, and
    ``erasure_while_covered`` until the last day of cover is over.
    """
    live = [cover for cover in covers if cover.batch_status in LIVE_BATCHES]
    for cover in live:
        if cover.batch_status is not BatchStatus.COMPLETED:
            raise RuleViolation(
                "erasure_unsettled",
                status=409,
                year=cover.year,
                number=cover.batch_number,
                state=cover.batch_status,
            )
    running = [cover for cover in live if cover.cover_end >= today]
    if running:
        last = max(running, key=lambda cover: cover.cover_end)
        raise RuleViolation("erasure_while_covered", status=409, year=last.year, until=last.cover_end)
