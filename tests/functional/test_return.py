"""Returning a batch frees its people and its plan; so does lapsing (M4.3)."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Enrolment, EnrolmentBatch, PlanChoice
from app.queries.check import find_lies
from app.rules.enrolment import BatchStatus, Channel, EnrolmentStatus
from app.rules.violations import RuleViolation
from app.security.actor import SYSTEM, Actor
from app.security.roles import Role
from app.services.enrolment import submit_batch
from app.services.lapse import lapse_batches
from app.services.review import return_batch
from tests.factories import (
    Tree,
    actor_of_role,
    at,
    make_member,
)
from tests.factories.batches import REVIEWING, make_batch
from tests.factories.outcomes import outcome

CLOSING = at("2025-01-01")


def send_back(session: Session, actor: Actor, batch: EnrolmentBatch, now: datetime = REVIEWING) -> str:
    return outcome(lambda: return_batch(session, actor, batch_id=batch.id, reason_code="wrong_list", now=now))


S = BatchStatus


def test_a_return_frees_the_people_and_the_plan_and_the_union_submits_again(
    session: Session, tree: Tree, reviewer: Actor
) -> None:
    batch = make_batch(session, tree.grassroots, 3)
    operator = actor_of_role(session, tree.grassroots, Role.OPERATOR)

    send_back(session, reviewer, batch)

    assert session.get(PlanChoice, (tree.grassroots.id, 2025)) is None
    assert people_states(session, batch) == {EnrolmentStatus.VOID}
    again = submit_batch(
        session, operator, year=2025, channel=Channel.MEMBER_CARD, plan="B", now=at("2024-12-21 09:00")
    )
    assert (again.headcount, again.plan) == (3, "B")
    assert find_lies(session) == []


def test_a_return_of_one_of_two_batches_keeps_the_plan(session: Session, tree: Tree, reviewer: Actor) -> None:
    batch = make_batch(session, tree.grassroots)
    make_batch(session, tree.grassroots)

    send_back(session, reviewer, batch)

    assert session.get_one(PlanChoice, (tree.grassroots.id, 2025)).plan == "A"


def test_marks_point_at_single_members_of_the_batch(session: Session, tree: Tree, reviewer: Actor) -> None:
    batch = make_batch(session, tree.grassroots, 3)
    wrong = session.scalars(select(Enrolment.member_id).where(Enrolment.batch_id == batch.id)).all()[:2]

    return_batch(
        session,
        reviewer,
        batch_id=batch.id,
        reason_code="other",
        text=" 两人已离职 ",
        member_ids=wrong,
        now=REVIEWING,
    )

    marked = session.scalars(
        select(Enrolment.member_id).where(Enrolment.batch_id == batch.id, Enrolment.marked)
    ).all()
    assert sorted(marked) == sorted(wrong)
    assert (batch.return_reason, batch.return_text) == ("other", "两人已离职")


@pytest.mark.parametrize(
    ("story", "reason", "text", "foreign_mark", "said"),
    [
        ("a return needs a reason", "", "", False, "reason_unknown"),
        ("an unknown reason is none", "because", "", False, "reason_unknown"),
        ("a reason of another decision is none", "unreadable", "", False, "reason_unknown"),
        ("the reason other needs words", "other", "  ", False, "reason_text_missing"),
        ("words have an end", "wrong_list", "长" * 501, False, "text_too_long"),
        ("a mark on somebody else's member finds nobody", "wrong_list", "", True, "not_found"),
    ],
)
def test_a_return_that_is_refused_changes_nothing(
    session: Session,
    tree: Tree,
    reviewer: Actor,
    story: str,
    reason: str,
    text: str,
    foreign_mark: bool,
    said: str,
) -> None:
    batch = make_batch(session, tree.grassroots)
    stranger = make_member(session, tree.other_grassroots)
    session.commit()

    with pytest.raises(RuleViolation) as refused, session.begin_nested():
        return_batch(
            session,
            reviewer,
            batch_id=batch.id,
            reason_code=reason,
            text=text,
            member_ids=[stranger.id] if foreign_mark else [],
            now=REVIEWING,
        )

    assert refused.value.code == said, story
    session.refresh(batch)
    assert batch.status is S.SUBMITTED, story
    assert people_states(session, batch) == {EnrolmentStatus.PENDING}, story


def people_states(session: Session, batch: EnrolmentBatch) -> set[EnrolmentStatus]:
    return set(session.scalars(select(Enrolment.status).where(Enrolment.batch_id == batch.id)))


def test_lapsing_is_the_schedulers_and_not_a_reviewers(session: Session, tree: Tree) -> None:
    batch = make_batch(session, tree.grassroots)

    assert lapse_batches(session, SYSTEM, batch_ids=[batch.id], now=CLOSING) == 1
    session.refresh(batch)
    assert batch.status is S.LAPSED
