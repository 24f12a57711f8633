"""One district's year through the services: each verb in a transaction of its own, in the name of who does it.

As over HTTP every transaction acts as the application, behind row-level security, with an empty session.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from time import perf_counter
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.acting import acting_for
from app.extensions import db
from app.models import EnrolmentBatch
from app.queries.enrolment_people import eligible_ids
from app.rules.contacts import Handler
from app.rules.enrolment import BatchStatus, Channel
from app.rules.papers import SafePaper
from app.security.actor import Actor
from app.services.demo_files import voucher_pdf
from app.services.enrolment import submit_batch
from app.services.filing import file_district_batch
from app.services.payments import record_payments
from app.services.review import approve_batches
from app.services.settlement import VoucherDetails, accept_district_batch, settle_voucher, upload_voucher
from app.transaction import transaction

Step = TypeVar("Step")

STAGES = ("submitted", "approved", "paid", "filed", "settled")
TURN = 25
AT_ONCE = 100
"""Batches that a reviewer ticks: the largest page of the review list but one."""
HANDLER = Handler("经办老师", "13900000000", "handler@haicheng.example")


@dataclass(frozen=True, slots=True)
class Place:
    """A district with everybody in it; ``lists``: who submits, through which channel."""

    id: int
    central: bool
    splits: bool
    reviewer: Actor
    seconds: dict[int, Actor]
    lists: Sequence[tuple[Actor, Channel]]


class Times:
    """Seconds by stage."""

    def __init__(self) -> None:
        self.of = dict.fromkeys(STAGES, 0.0)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        began = perf_counter()
        yield
        self.of[name] += perf_counter() - began

    @property
    def all(self) -> float:
        return sum(self.of.values())


def live_a_year(place: Place, clerk: Actor, year: int, now: datetime, times: Times) -> Iterator[None]:
    """Stops after every few steps, for the other side's turn."""
    for lists in turns(place.lists):
        with times.stage("submitted"):
            for operator, channel in lists:
                _submit(operator, channel, year, now)
        yield
    for reviewer, ticked in _waiting(place, year, times):
        with times.stage("approved"):
            _as(reviewer, partial(_approve, reviewer=reviewer, ids=ticked, now=now))
        yield
    for owing in pages(_unpaid(place, year)):
        with times.stage("paid"):
            _as(place.reviewer, partial(_pay, reviewer=place.reviewer, ids=owing, now=now))
        yield
    with times.stage("filed"):
        filed, number, owed = _as(place.reviewer, lambda session: _file(session, place.reviewer, year, now))
    yield
    with times.stage("settled"):
        _as(clerk, lambda session: accept_district_batch(session, clerk, batch_id=filed, now=now))
        paper = SafePaper("voucher.pdf", "application/pdf", voucher_pdf(number, owed))
        details = VoucherDetails(f"{year}", owed, now.date())
        uploading = {"batch_id": filed, "paper": paper, "details": details, "now": now}
        voucher = _as(place.reviewer, lambda session: upload_voucher(session, place.reviewer, **uploading).id)
        _as(clerk, lambda session: settle_voucher(session, clerk, voucher_id=voucher, now=now))
    yield


def turns(steps: Sequence[Step]) -> Iterator[Sequence[Step]]:
    """So many at a time that both sides have the same machine, and each its caches warm."""
    return _parts(steps, TURN)


def pages(batches: Sequence[int]) -> Iterator[Sequence[int]]:
    """A page of the review list after the other."""
    return _parts(batches, AT_ONCE)


def _parts(steps: Sequence[Step], size: int) -> Iterator[Sequence[Step]]:
    for first in range(0, len(steps), size):
        yield steps[first : first + size]


def _as(actor: Actor, verb: Callable[[Session], Any]) -> Any:
    """One request: its transaction, and an empty session after it."""
    with acting_for(db.session(), actor):
        with transaction() as session:
            done = verb(session)
        db.session.remove()
    return done


def _submit(operator: Actor, channel: Channel, year: int, now: datetime) -> None:
    def submit(session: Session) -> None:
        picked = None
        if channel is Channel.SOCIAL_CARD:
            picked = eligible_ids(session, operator.union_id, year, channel)
            if not picked:
                return  # another union has enrolled them meanwhile, as persons who belong to two
        submit_batch(session, operator, year=year, channel=channel, plan="A", member_ids=picked, now=now)

    _as(operator, submit)


def _approve(session: Session, reviewer: Actor, ids: Sequence[int], now: datetime) -> None:
    decisions = approve_batches(session, reviewer, batch_ids=ids, now=now)
    assert not any(decision.problem for decision in decisions)


def _pay(session: Session, reviewer: Actor, ids: Sequence[int], now: datetime) -> None:
    decisions = record_payments(session, reviewer, batch_ids=ids, paid_on=now.date(), now=now)
    assert not any(decision.problem for decision in decisions)


def _waiting(place: Place, year: int, times: Times) -> Iterator[tuple[Actor, Sequence[int]]]:
    """Who ticks what: the second-level union its own, the district those that stand straight below it."""
    waiting = select(EnrolmentBatch.second_id, EnrolmentBatch.id).where(
        EnrolmentBatch.district_id == place.id,
        EnrolmentBatch.year == year,
        EnrolmentBatch.status == BatchStatus.SUBMITTED,
    )
    found: dict[int | None, list[int]] = {}
    with times.stage("approved"):
        for second, batch in _as(place.reviewer, lambda session: session.execute(waiting).all()):
            found.setdefault(second, []).append(batch)
    for second, batches in found.items():
        for ticked in pages(batches):
            yield place.seconds[second] if second else place.reviewer, ticked


def _unpaid(place: Place, year: int) -> Sequence[int]:
    owing = select(EnrolmentBatch.id).where(
        EnrolmentBatch.district_id == place.id,
        EnrolmentBatch.year == year,
        EnrolmentBatch.grassroots_share > 0,
    )
    return _as(place.reviewer, lambda session: session.scalars(owing).all())  # type: ignore[no-any-return]


def _file(session: Session, reviewer: Actor, year: int, now: datetime) -> tuple[int, str, Any]:
    filed = file_district_batch(session, reviewer, year=year, handler=HANDLER, now=now)
    return filed.id, filed.number, filed.owed
