"""An erasure and somebody else's work on the same member, each on a connection of its own."""

from __future__ import annotations

from collections import Counter

from flask import Flask
from sqlalchemy import func, select

from app.models import Enrolment, EnrolmentBatch, Member
from app.queries.check import find_lies
from app.rules.enrolment import Channel
from app.rules.erasure import ErasureAsker, ErasureGround
from app.rules.violations import RuleViolation
from app.security.roles import Role
from app.services.enrolment import submit_batch
from app.services.erasure import approve_erasure, refuse_erasure, request_erasure
from app.transaction import transaction
from tests.factories import actor_of_role, at, make_fees, make_members, make_tree, make_year
from tests.functional.test_enrolment_races import together

OPEN = at("2024-11-05 10:00")
ROUNDS = 5


def prepared(people: int = 2):
    """A union with members, and a request to erase the first of them."""
    with transaction() as session:
        tree = make_tree(session)
        make_year(session)
        make_fees(session)
        operator = actor_of_role(session, tree.grassroots, Role.OPERATOR)
        reviewer = actor_of_role(session, tree.district, Role.DISTRICT_REVIEWER)
        members = [member.id for member in make_members(session, tree.grassroots, people)]
    return operator, reviewer, members


def asked(operator, member_id):
    with transaction() as session:
        return request_erasure(
            session,
            operator,
            member_id=member_id,
            ground=ErasureGround.CONSENT_WITHDRAWN,
            asker=ErasureAsker.PERSON,
            note="",
            now=OPEN,
        ).id


def doing(act):
    def perform() -> str:
        try:
            with transaction() as session:
                act(session)
        except RuleViolation as refused:
            return refused.code
        return "done"

    return perform


def test_erased_or_submitted_never_both(committing: Flask) -> None:
    operator, reviewer, members = prepared(people=ROUNDS)
    request_id = asked(operator, members[0])
    answers = together(
        committing,
        [
            doing(lambda session: approve_erasure(session, reviewer, request_id=request_id, now=OPEN)),
            doing(
                lambda session: submit_batch(
                    session, operator, year=2025, channel=Channel.MEMBER_CARD, plan="A", now=OPEN
                )
            ),
        ],
    )
    with transaction() as session:
        erased = session.get_one(Member, members[0]).erased_at is not None
        covered = session.scalar(select(func.count()).where(Enrolment.member_id == members[0])) == 1
        assert answers == (["done", "done"] if erased else ["erasure_unsettled", "done"])
        assert erased is not covered
        assert session.scalar(select(EnrolmentBatch.headcount)) == ROUNDS - erased
        assert find_lies(session) == []


def test_of_two_who_decide_one_comes_first(committing: Flask) -> None:
    operator, reviewer, members = prepared(people=ROUNDS)
    for member_id in members:
        request_id = asked(operator, member_id)
        answers = together(
            committing,
            [
                doing(
                    lambda session, asked=request_id: approve_erasure(
                        session, reviewer, request_id=asked, now=OPEN
                    )
                ),
                doing(
                    lambda session, asked=request_id: refuse_erasure(
                        session, reviewer, request_id=asked, answer="不予同意", now=OPEN
                    )
                ),
            ],
        )
        assert Counter(answers) == {"done": 1, "erasure_decided": 1}
        with transaction() as session:
            assert (session.get_one(Member, member_id).erased_at is not None) is (answers[0] == "done")


def test_one_request_at_a_time(committing: Flask) -> None:
    operator, _reviewer, members = prepared()
    ask = doing(
        lambda session: request_erasure(
            session,
            operator,
            member_id=members[0],
            ground=ErasureGround.UNLAWFUL,
            asker=ErasureAsker.UNION,
            note="",
            now=OPEN,
        )
    )
    assert Counter(together(committing, [ask, ask])) == {"done": 1, "erasure_requested": 1}
