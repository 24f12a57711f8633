"""A window is checked at the commit: what begins in time and ends late is refused and leaves nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.models import Event, WindowExtension
from app.rules.enrolment import BatchStatus, Channel, Term
from app.rules.members import EmploymentStatus
from app.rules.papers import SafePaper
from app.rules.violations import RuleViolation
from app.rules.years import WindowName
from app.security.roles import Role
from app.services.enrolment import submit_batch
from app.services.fees import drop_split, set_split
from app.services.filing import file_district_batch
from app.services.marks import confirm_members, exclude_members, include_members, withdraw_confirmations
from app.services.retirement import keep_members, withdraw_keeps
from app.services.review import approve_batches, return_batch, unapprove_batches
from app.transaction import transaction
from tests.databases import statements
from tests.factories import Tree, actor_of_role, make_member, make_members
from tests.factories.batches import HANDLER, PNG, SUBMITTING, batch_in
from tests.factories.years import at

Verb = Callable[[datetime], Any]
LATE = text("SELECT pg_sleep(0.05)")
SPLITTING = at("2024-10-28")


def submit(session: Session, tree: Tree) -> Verb:
    make_members(session, tree.grassroots, 2)
    operator = actor_of_role(session, tree.grassroots, Role.OPERATOR)
    return lambda now: submit_batch(
        session, operator, year=2025, channel=Channel.MEMBER_CARD, plan="A", now=now
    )


def _of_a_member(verb: Any, before: Any = None) -> Callable[[Session, Tree], Verb]:
    def prepare(session: Session, tree: Tree) -> Verb:
        retiring = keep_members in (verb, before)
        born = date(1964, 10, 1) if retiring else date(1990, 5, 17)
        member = make_member(
            session, tree.grassroots, employment_status=EmploymentStatus.UNCLEAR, birth_date=born
        )
        operator = actor_of_role(session, tree.grassroots, Role.OPERATOR)
        if before is not None:
            before(session, operator, now=SUBMITTING, **_whom(member.id, before))
        return lambda now: verb(session, operator, now=now, **_whom(member.id, verb))

    return prepare


def _whom(member_id: int, verb: Any) -> dict[str, Any]:
    whom: dict[str, Any] = {"year": 2025, "member_ids": [member_id]}
    if verb in (exclude_members, keep_members):
        whom["reason"] = "本人申请"
    if verb is keep_members:
        whom["attachment"] = SafePaper("批准.png", "image/png", PNG)
    return whom


def _of_a_batch(verb: Any, state: BatchStatus) -> Callable[[Session, Tree], Verb]:
    def prepare(session: Session, tree: Tree) -> Verb:
        batch = batch_in(session, tree, state)
        reviewer = actor_of_role(session, tree.district, Role.DISTRICT_REVIEWER)
        if verb is return_batch:
            return lambda now: return_batch(
                session, reviewer, batch_id=batch.id, reason_code="wrong_list", now=now
            )
        return lambda now: _decided(verb(session, reviewer, batch_ids=[batch.id], now=now))

    return prepare


def _decided(decisions: Any) -> None:
    for decision in decisions:
        if decision.problem is not None:
            raise decision.problem


def file(session: Session, tree: Tree) -> Verb:
    batch_in(session, tree, BatchStatus.APPROVED)
    reviewer = actor_of_role(session, tree.district, Role.DISTRICT_REVIEWER)
    return lambda now: file_district_batch(session, reviewer, year=2025, handler=HANDLER, now=now)


def split(session: Session, tree: Tree) -> Verb:
    district = actor_of_role(session, tree.district, Role.DISTRICT_REVIEWER)
    return lambda now: set_split(
        session,
        district,
        year=2025,
        plan="A",
        term=Term.FULL,
        union_id=None,
        district_share=Decimal("10.00"),
        grassroots_share=Decimal("3.00"),
        now=now,
    )


def take_split_back(session: Session, tree: Tree) -> Verb:
    made = split(session, tree)(SPLITTING)
    district = actor_of_role(session, tree.district, Role.DISTRICT_REVIEWER)
    return lambda now: drop_split(session, district, split_id=made.id, now=now)


SUBMIT, REVIEW = at("2024-12-26"), at("2025-01-01")
VERBS = [
    ("submit", submit, WindowName.GRASSROOTS_SUBMIT, SUBMIT),
    ("confirm", _of_a_member(confirm_members), WindowName.GRASSROOTS_SUBMIT, SUBMIT),
    (
        "undo a confirmation",
        _of_a_member(withdraw_confirmations, confirm_members),
        WindowName.GRASSROOTS_SUBMIT,
        SUBMIT,
    ),
    ("leave out", _of_a_member(exclude_members), WindowName.GRASSROOTS_SUBMIT, SUBMIT),
    ("take in again", _of_a_member(include_members, exclude_members), WindowName.GRASSROOTS_SUBMIT, SUBMIT),
    ("keep", _of_a_member(keep_members), WindowName.GRASSROOTS_SUBMIT, SUBMIT),
    ("undo a keep", _of_a_member(withdraw_keeps, keep_members), WindowName.GRASSROOTS_SUBMIT, SUBMIT),
    ("approve", _of_a_batch(approve_batches, BatchStatus.SUBMITTED), WindowName.REVIEW, REVIEW),
    ("unapprove", _of_a_batch(unapprove_batches, BatchStatus.APPROVED), WindowName.REVIEW, REVIEW),
    ("return", _of_a_batch(return_batch, BatchStatus.SUBMITTED), WindowName.REVIEW, REVIEW),
    ("file", file, WindowName.DISTRICT_SUBMIT, REVIEW),
    ("split", split, WindowName.FEE_SETTING, at("2024-11-01")),
    ("take a split back", take_split_back, WindowName.FEE_SETTING, at("2024-11-01")),
]
EVERY_VERB = pytest.mark.parametrize(
    ("prepare", "window", "closing"), [verb[1:] for verb in VERBS], ids=[verb[0] for verb in VERBS]
)


def committed(session: Session, verb: Verb, now: datetime, *, slow: bool = False) -> str:
    """The code of the refusal, or nothing."""
    try:
        with transaction():
            verb(now)
            if slow:
                session.execute(LATE)
    except RuleViolation as refusal:
        return refusal.code
    return ""


def everything(session: Session) -> list[int]:
    tables = ("event", "enrolment", "enrolment_batch", "district_batch", "notice", "fee_split", "audit_entry")
    return [session.scalar(text(f"SELECT count(*) FROM {table}")) or 0 for table in tables]


@EVERY_VERB
def test_the_last_second_passes_and_the_closing_instant_is_refused(
    session: Session, tree: Tree, prepare: Any, window: WindowName, closing: datetime
) -> None:
    verb = prepare(session, tree)
    session.commit()
    with pytest.raises(RuleViolation, match="window_closed"):
        verb(closing)
    verb(closing - timedelta(seconds=1))


@EVERY_VERB
def test_a_slow_transaction_that_begins_inside_and_ends_outside_is_refused_and_leaves_nothing(
    session: Session, tree: Tree, prepare: Any, window: WindowName, closing: datetime
) -> None:
    verb = prepare(session, tree)
    session.commit()
    before = everything(session)
    session.commit()
    assert committed(session, verb, closing - timedelta(milliseconds=20), slow=True) == "window_closed"
    assert everything(session) == before
    session.commit()
    assert committed(session, verb, closing - timedelta(minutes=5), slow=True) == ""
    assert everything(session) != before


@EVERY_VERB
def test_an_extension_holds_to_its_own_last_instant_at_the_commit_too(
    session: Session, tree: Tree, prepare: Any, window: WindowName, closing: datetime
) -> None:
    verb = prepare(session, tree)
    longer = closing + timedelta(days=2)
    session.add(
        WindowExtension(
            year=2025,
            window=window,
            opens_at=closing,
            closes_at=longer,
            reason="系统升级",
            granted_at=SUBMITTING,
            union_id=tree.district.id,
            second_id=None,
            district_id=tree.district.id,
        )
    )
    session.commit()
    assert committed(session, verb, longer) == "window_closed"
    assert committed(session, verb, longer - timedelta(milliseconds=20), slow=True) == "window_closed"
    # Begun under the window itself and ended under the extension: it was open all the while.
    assert committed(session, verb, closing - timedelta(milliseconds=20), slow=True) == ""


def test_what_the_request_took_before_its_transaction_is_not_counted(session: Session, tree: Tree) -> None:
    verb = submit(session, tree)
    session.commit()
    session.execute(text("SELECT pg_sleep(1.5)"))
    assert committed(session, verb, SUBMIT - timedelta(seconds=1)) == ""


def test_a_transaction_that_asked_for_no_window_pays_no_statement(session: Session, tree: Tree) -> None:
    session.commit()
    with statements(session) as sent, transaction():
        session.scalar(select(func.count(Event.id)))
    assert [each for each in sent if "CONSTRAINTS" in each or "clock_timestamp()" in each] == []
