"""Reviewers approve, take back and return: every state, every role, every boundary of the window (M4.3)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.models import EnrolmentBatch, WindowExtension
from app.queries.check import find_lies
from app.rules.enrolment import BatchStatus
from app.rules.violations import RuleViolation
from app.rules.years import WindowName
from app.security.actor import Actor
from app.security.roles import Role
from app.services.review import approve_batches, return_batch, unapprove_batches
from tests.databases import statements
from tests.factories import (
    Tree,
    actor_of_role,
    at,
)
from tests.factories.batches import REVIEWING, batch_in, make_batch
from tests.factories.outcomes import outcome

LAST_SECOND = at("2024-12-31 23:59:59")


CLOSING = at("2025-01-01")


OPENING = at("2024-11-01")


def approve(session: Session, actor: Actor, batch: EnrolmentBatch, now: datetime = REVIEWING) -> str:
    return outcome(lambda: approve_batches(session, actor, batch_ids=[batch.id], now=now))


def unapprove(session: Session, actor: Actor, batch: EnrolmentBatch, now: datetime = REVIEWING) -> str:
    return outcome(lambda: unapprove_batches(session, actor, batch_ids=[batch.id], now=now))


def send_back(session: Session, actor: Actor, batch: EnrolmentBatch, now: datetime = REVIEWING) -> str:
    return outcome(lambda: return_batch(session, actor, batch_id=batch.id, reason_code="wrong_list", now=now))


S = BatchStatus


@pytest.mark.parametrize(
    ("story", "state", "act", "said", "becomes"),
    [
        ("a submitted batch is approved", S.SUBMITTED, approve, "ok", S.APPROVED),
        ("an approved batch isn't approved again", S.APPROVED, approve, "wrong_state", S.APPROVED),
        ("a filed batch isn't approved", S.FORWARDED, approve, "wrong_state", S.FORWARDED),
        ("a completed batch isn't approved", S.COMPLETED, approve, "wrong_state", S.COMPLETED),
        (
            "a returned batch isn't approved: the union submits anew",
            S.RETURNED,
            approve,
            "wrong_state",
            S.RETURNED,
        ),
        ("a lapsed batch isn't approved", S.LAPSED, approve, "wrong_state", S.LAPSED),
        (
            "a submitted batch is on no list to be removed from",
            S.SUBMITTED,
            unapprove,
            "wrong_state",
            S.SUBMITTED,
        ),
        ("an approved batch is taken off the list", S.APPROVED, unapprove, "ok", S.SUBMITTED),
        ("a filed batch isn't taken off the list", S.FORWARDED, unapprove, "wrong_state", S.FORWARDED),
        ("a completed batch isn't taken off the list", S.COMPLETED, unapprove, "wrong_state", S.COMPLETED),
        ("a returned batch isn't taken off the list", S.RETURNED, unapprove, "wrong_state", S.RETURNED),
        ("a lapsed batch isn't taken off the list", S.LAPSED, unapprove, "wrong_state", S.LAPSED),
        ("a submitted batch is returned", S.SUBMITTED, send_back, "ok", S.RETURNED),
        ("an approved batch is returned", S.APPROVED, send_back, "ok", S.RETURNED),
        ("a filed batch isn't returned", S.FORWARDED, send_back, "wrong_state", S.FORWARDED),
        ("a completed batch isn't returned", S.COMPLETED, send_back, "wrong_state", S.COMPLETED),
        ("a returned batch isn't returned again", S.RETURNED, send_back, "wrong_state", S.RETURNED),
        ("a lapsed batch isn't returned", S.LAPSED, send_back, "wrong_state", S.LAPSED),
    ],
)
def test_each_state_and_action(
    session: Session, tree: Tree, reviewer: Actor, story: str, state: S, act: Any, said: str, becomes: S
) -> None:
    batch = batch_in(session, tree, state)

    assert act(session, reviewer, batch) == said, story
    session.refresh(batch)
    assert batch.status is becomes, story
    assert find_lies(session) == [], story


@pytest.mark.parametrize(
    ("story", "role", "union", "said"),
    [
        ("a district reviewer works its own unions' batches", Role.DISTRICT_REVIEWER, "district", "ok"),
        ("a second-level reviewer works its own unions' batches", Role.SECOND_REVIEWER, "second", "ok"),
        ("another district sees nothing there", Role.DISTRICT_REVIEWER, "other_district", "not_found"),
        ("another second-level union sees nothing there", Role.SECOND_REVIEWER, "other_second", "not_found"),
        ("the union itself doesn't review", Role.OPERATOR, "grassroots", "not_allowed"),
        ("the centre doesn't review", Role.CENTRE_CLERK, "city", "not_allowed"),
        ("the municipal administrator doesn't review", Role.MUNICIPAL_ADMIN, "city", "not_allowed"),
        ("a manager only looks", Role.MANAGER, "district", "not_allowed"),
        ("an auditor reads the log and nothing else", Role.AUDITOR, "city", "not_allowed"),
        ("a security administrator keeps accounts", Role.SECURITY_ADMIN, "city", "not_allowed"),
    ],
)
@pytest.mark.parametrize(
    ("act", "state"), [(approve, S.SUBMITTED), (unapprove, S.APPROVED), (send_back, S.SUBMITTED)]
)
def test_each_role_and_action(
    session: Session, tree: Tree, story: str, role: Role, union: str, said: str, act: Any, state: S
) -> None:
    batch = batch_in(session, tree, state)
    actor = actor_of_role(session, getattr(tree, union), role)

    assert act(session, actor, batch) == said, story
    session.refresh(batch)
    assert (batch.status is state) == (said != "ok"), story


def test_a_second_level_reviewer_sees_nothing_of_a_union_straight_below_the_district(
    session: Session, tree: Tree
) -> None:
    batch = make_batch(session, tree.straight)
    second = actor_of_role(session, tree.second, Role.SECOND_REVIEWER)

    assert approve(session, second, batch) == "not_found"


@pytest.mark.parametrize(
    ("act", "state"), [(approve, S.SUBMITTED), (unapprove, S.APPROVED), (send_back, S.SUBMITTED)]
)
@pytest.mark.parametrize(
    ("story", "now", "said"),
    [
        ("a second before the window opens is too early", OPENING - timedelta(seconds=1), "window_not_open"),
        ("the opening instant is in time", OPENING, "ok"),
        ("the last second is in time", LAST_SECOND, "ok"),
        ("the last microsecond is in time", CLOSING - timedelta(microseconds=1), "ok"),
        ("the closing instant is too late", CLOSING, "window_closed"),
    ],
)
def test_the_window_at_its_edges(
    session: Session, tree: Tree, reviewer: Actor, story: str, now: datetime, said: str, act: Any, state: S
) -> None:
    batch = batch_in(session, tree, state)

    assert act(session, reviewer, batch, now) == said, story


def test_an_extension_of_one_union_opens_the_closed_window_for_its_batches_alone(
    session: Session, tree: Tree, reviewer: Actor
) -> None:
    extended, other = make_batch(session, tree.grassroots), make_batch(session, tree.straight)
    session.add(
        WindowExtension(
            year=2025,
            window=WindowName.REVIEW,
            opens_at=CLOSING,
            closes_at=at("2025-01-05"),
            reason="网络故障",
            granted_at=REVIEWING,
            union_id=tree.grassroots.id,
            second_id=tree.second.id,
            district_id=tree.district.id,
        )
    )

    decisions = approve_batches(
        session, reviewer, batch_ids=[extended.id, other.id], now=at("2025-01-04 23:59:59")
    )

    assert [d.problem and d.problem.code for d in decisions] == [None, "window_closed"]


def test_of_many_batches_those_that_can_go_on_do_and_the_others_say_why(
    session: Session, tree: Tree, reviewer: Actor
) -> None:
    colleague = actor_of_role(session, tree.second, Role.SECOND_REVIEWER)
    fine, taken = make_batch(session, tree.straight), make_batch(session, tree.grassroots)
    foreign = make_batch(session, tree.other_grassroots)
    approve(session, colleague, taken, REVIEWING - timedelta(hours=1))

    decisions = approve_batches(session, reviewer, batch_ids=[fine.id, taken.id, foreign.id], now=REVIEWING)

    assert [d.problem and d.problem.code for d in decisions] == [None, "wrong_state", "not_found"]
    told = decisions[1].problem
    assert told is not None
    assert told.facts["who"] == colleague.name
    assert told.facts["at"] == REVIEWING - timedelta(hours=1)


def test_nothing_ticked_is_told_so(session: Session, tree: Tree, reviewer: Actor) -> None:
    with pytest.raises(RuleViolation, match="no_batch_ticked"):
        approve_batches(session, reviewer, batch_ids=[], now=REVIEWING)


def test_approving_and_taking_back_note_the_level_that_reviewed(
    session: Session, tree: Tree, reviewer: Actor
) -> None:
    batch = make_batch(session, tree.grassroots)

    approve(session, reviewer, batch)
    session.refresh(batch)
    assert batch.reviewed_level is reviewer.level

    unapprove(session, reviewer, batch)
    session.refresh(batch)
    assert batch.reviewed_level is None


def test_approving_takes_the_same_number_of_statements_for_1_and_for_200_batches(
    session: Session, tree: Tree, reviewer: Actor
) -> None:
    batches = [make_batch(session, tree.grassroots, 1).id for _ in range(201)]

    with statements(session) as for_one:
        approve_batches(session, reviewer, batch_ids=batches[:1], now=REVIEWING)
        session.flush()
    with statements(session) as for_many:
        decisions = approve_batches(session, reviewer, batch_ids=batches[1:], now=REVIEWING)
        session.flush()

    assert all(d.problem is None for d in decisions)
    assert len(for_many) == len(for_one) <= 6, "\n".join(for_many)
