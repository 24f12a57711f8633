"""What an operator decides about members for a year: 确认, and 本年不参保 (M3.1)."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import EnrolmentBatch, EventObject, MemberCorrection
from app.queries.log import log_of
from app.rules.enrolment import Bucket, Channel
from app.rules.members import EmploymentStatus
from app.rules.violations import RuleViolation
from app.security.actor import Actor
from app.services.enrolment import submit_batch
from app.services.marks import confirm_members, exclude_members, include_members, withdraw_confirmations
from tests.factories import at, make_member, make_members
from tests.factories.outcomes import bucket

OPEN = at("2024-11-05 10:00")


CARD, SOCIAL = Channel.MEMBER_CARD, Channel.SOCIAL_CARD


def submit(session: Session, actor: Actor, channel: Channel = CARD, **changes: object) -> EnrolmentBatch:
    arguments = {"year": 2025, "channel": channel, "plan": "A", "now": OPEN} | changes
    return submit_batch(session, actor, **arguments)


def test_confirm_all_keeps_to_the_channel_and_undo_works_until_submitted(session, tree, operator):
    card = make_member(session, tree.grassroots, employment_status=EmploymentStatus.UNCLEAR)
    social = make_member(
        session, tree.grassroots, has_card=False, employment_status=EmploymentStatus.UNEMPLOYED_BENEFIT
    )
    assert confirm_members(session, operator, year=2025, member_ids=None, channel=CARD, now=OPEN) == 1
    assert bucket(session, card, CARD) is Bucket.ELIGIBLE
    assert bucket(session, social, SOCIAL) is Bucket.TO_CONFIRM
    assert withdraw_confirmations(session, operator, year=2025, member_ids=[card.id], now=OPEN) == 1
    assert bucket(session, card, CARD) is Bucket.TO_CONFIRM
    confirm_members(session, operator, year=2025, member_ids=None, now=OPEN)
    assert bucket(session, social, SOCIAL) is Bucket.ELIGIBLE
    submit(session, operator)
    with pytest.raises(RuleViolation, match="already_submitted"):
        withdraw_confirmations(session, operator, year=2025, member_ids=[card.id], now=OPEN)


def test_members_can_stay_out_and_come_back(session, tree, operator):
    members = make_members(session, tree.grassroots, 3)
    ids = [member.id for member in members]
    with pytest.raises(RuleViolation, match="reason_missing"):
        exclude_members(session, operator, year=2025, member_ids=ids, reason=" ", now=OPEN)
    assert exclude_members(session, operator, year=2025, member_ids=ids, reason="即将离职", now=OPEN) == 3
    assert {bucket(session, member, CARD) for member in members} == {Bucket.EXCLUDED}
    assert include_members(session, operator, year=2025, member_ids=ids[:2], now=OPEN) == 2
    assert [bucket(session, member, CARD) for member in members] == [
        Bucket.ELIGIBLE,
        Bucket.ELIGIBLE,
        Bucket.EXCLUDED,
    ]


def test_the_same_reason_again_changes_and_logs_nothing_a_newer_one_does(session, tree, operator):
    member = make_member(session, tree.grassroots)

    def leave_out(reason: str) -> int:
        return exclude_members(session, operator, year=2025, member_ids=[member.id], reason=reason, now=OPEN)

    assert [leave_out("即将离职"), leave_out("即将离职"), leave_out("本人不愿参保")] == [1, 0, 1]
    told = log_of(session, operator, EventObject.MEMBER, member.id)
    assert [(event.action, event.text) for event in told] == [("exclude", ""), ("exclude", "")]
    said = session.execute(
        select(MemberCorrection.before, MemberCorrection.after).order_by(MemberCorrection.id)
    )
    assert said.all() == [("", "即将离职"), ("即将离职", "本人不愿参保")]


def test_marks_on_a_foreign_member_find_nobody(session, tree, operator):
    stranger = make_member(session, tree.sibling, employment_status=EmploymentStatus.UNCLEAR)
    ids = [stranger.id]
    for mark in (
        lambda: confirm_members(session, operator, year=2025, member_ids=ids, now=OPEN),
        lambda: exclude_members(session, operator, year=2025, member_ids=ids, reason="x", now=OPEN),
        lambda: include_members(session, operator, year=2025, member_ids=ids, now=OPEN),
    ):
        with pytest.raises(RuleViolation) as refused:
            mark()
        assert refused.value.status == 404
