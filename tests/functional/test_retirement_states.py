"""Every decision about a woman between both lines, in every state she can be in, and by every role."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from app.models import Member
from app.rules.enrolment import Bucket
from app.rules.members import EmploymentStatus
from app.rules.violations import RuleViolation
from app.security.actor import Actor
from app.security.roles import Role
from app.services.enrolment import submit_batch
from app.services.marks import exclude_members, include_members
from app.services.retirement import withdraw_keeps
from tests.factories import actor_of_role, make_member
from tests.factories.outcomes import bucket
from tests.functional.test_retirement import CARD, F50, F55, OPEN, classify, ids, keep, women

STATES = ("unclear", "retired", "kept", "excluded", "submitted", "elsewhere", "registered", "deceased")
UNCLEAR, RETIRED, ELIGIBLE = Bucket.RETIREMENT_UNCLEAR, Bucket.RETIRED, Bucket.ELIGIBLE
EXCLUDED, SUBMITTED, ELSEWHERE, DECEASED = (
    Bucket.EXCLUDED,
    Bucket.SUBMITTED,
    Bucket.ELSEWHERE,
    Bucket.DECEASED,
)
GONE, SENT = "gone_by_registry", "already_submitted"
OUTCOMES = {
    "class": (ELIGIBLE, ELIGIBLE, ELIGIBLE, EXCLUDED, SUBMITTED, ELSEWHERE, RETIRED, DECEASED),
    "keep": (ELIGIBLE, ELIGIBLE, ELIGIBLE, EXCLUDED, SENT, ELSEWHERE, GONE, GONE),
    "withdraw_keep": (UNCLEAR, RETIRED, UNCLEAR, EXCLUDED, SENT, ELSEWHERE, RETIRED, DECEASED),
    "exclude": (EXCLUDED, RETIRED, EXCLUDED, EXCLUDED, SENT, ELSEWHERE, RETIRED, DECEASED),
    "include": (UNCLEAR, RETIRED, ELIGIBLE, UNCLEAR, SUBMITTED, ELSEWHERE, RETIRED, DECEASED),
}
"""Where a woman between both lines stands afterwards, or the code of the refusal, by action and by state before."""


def in_state(session: Session, tree, operator: Actor, state: str) -> Member:
    statuses = {"registered": EmploymentStatus.RETIRED, "deceased": EmploymentStatus.DECEASED}
    (woman,) = women(session, tree)
    woman.employment_status = statuses.get(state, EmploymentStatus.EMPLOYED)
    session.flush()
    if state in ("retired", "submitted"):
        classify(session, operator, F50 if state == "retired" else F55, woman)
    if state == "kept":
        keep(session, operator, woman)
    if state == "excluded":
        exclude_members(session, operator, year=2025, member_ids=ids(woman), reason="离职", now=OPEN)
    if state == "submitted":
        submit_batch(session, operator, year=2025, channel=CARD, plan="A", now=OPEN)
    if state == "elsewhere":
        twin = {"id_number": woman.id_number, "person_key": woman.person_key}
        make_member(session, tree.sibling, **twin)
        sibling = actor_of_role(session, tree.sibling, Role.OPERATOR)
        submit_batch(session, sibling, year=2025, channel=CARD, plan="A", now=OPEN)
    return woman


def decide(session: Session, actor: Actor, action: str, woman: Member) -> None:
    about = {"year": 2025, "member_ids": ids(woman), "now": OPEN}
    match action:
        case "class":
            classify(session, actor, F55, woman)
        case "keep":
            keep(session, actor, woman)
        case "withdraw_keep":
            withdraw_keeps(session, actor, **about)
        case "exclude":
            exclude_members(session, actor, reason="离职", **about)
        case "include":
            include_members(session, actor, **about)


@pytest.mark.parametrize(
    ("state", "action", "expected"),
    [
        (state, action, by_state[at_state])
        for action, by_state in OUTCOMES.items()
        for at_state, state in enumerate(STATES)
    ],
)
def test_every_decision_in_every_state(session, tree, operator, state, action, expected):
    woman = in_state(session, tree, operator, state)
    if isinstance(expected, Bucket):
        decide(session, operator, action, woman)
        assert bucket(session, woman, CARD) is expected
    else:
        before = bucket(session, woman, CARD)
        with pytest.raises(RuleViolation, match=expected):
            decide(session, operator, action, woman)
        assert bucket(session, woman, CARD) is before


@pytest.mark.parametrize("action", OUTCOMES)
@pytest.mark.parametrize(
    ("role", "place"),
    [
        (Role.SECOND_REVIEWER, "second"),
        (Role.DISTRICT_REVIEWER, "district"),
        (Role.MUNICIPAL_ADMIN, "city"),
        (Role.CENTRE_CLERK, "city"),
        (Role.MANAGER, "city"),
        (Role.AUDITOR, "city"),
        (Role.SECURITY_ADMIN, "city"),
    ],
)
def test_nobody_but_the_operator_decides(session, tree, action, role, place):
    (woman,) = women(session, tree)
    other = actor_of_role(session, getattr(tree, place), role)
    with pytest.raises(RuleViolation) as refused:
        decide(session, other, action, woman)
    assert (refused.value.code, refused.value.status) == ("not_allowed", 403)
