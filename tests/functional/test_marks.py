"""What an operator decides about single members: 确认, 本年不参保, keeping, the class (M3.1)."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy.orm import Session

from app.models import EnrolmentBatch
from app.rules.enrolment import Bucket, Channel
from app.rules.members import EmploymentStatus, RetirementClass, Sex
from app.rules.violations import RuleViolation
from app.security.actor import Actor
from app.services.enrolment import submit_batch
from app.services.marks import (
    confirm_members,
    exclude_member,
    include_member,
    keep_member,
    set_retirement_class,
    withdraw_confirmations,
)
from tests.factories import (
    at,
    make_member,
)
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


def test_a_member_can_stay_out_and_come_back(session, tree, operator):
    member = make_member(session, tree.grassroots)
    with pytest.raises(RuleViolation, match="reason_missing"):
        exclude_member(session, operator, year=2025, member_id=member.id, reason=" ", now=OPEN)
    exclude_member(session, operator, year=2025, member_id=member.id, reason="即将离职", now=OPEN)
    assert bucket(session, member, CARD) is Bucket.EXCLUDED
    include_member(session, operator, year=2025, member_id=member.id, now=OPEN)
    assert bucket(session, member, CARD) is Bucket.ELIGIBLE


def test_a_member_past_the_line_can_be_kept_and_a_woman_gets_her_class(session, tree, operator):
    man = make_member(session, tree.grassroots, birth_date=date(1964, 9, 1))
    woman = make_member(session, tree.grassroots, sex=Sex.FEMALE, birth_date=date(1972, 3, 1))
    keep_member(session, operator, year=2025, member_id=man.id, reason="弹性延迟退休", now=OPEN)
    assert bucket(session, man, CARD) is Bucket.ELIGIBLE
    with pytest.raises(RuleViolation, match="class_of_other_sex"):
        set_retirement_class(
            session, operator, year=2025, member_id=woman.id, klass=RetirementClass.M60, now=OPEN
        )
    set_retirement_class(
        session, operator, year=2025, member_id=woman.id, klass=RetirementClass.F55, now=OPEN
    )
    assert bucket(session, woman, CARD) is Bucket.ELIGIBLE


def test_marks_on_a_foreign_member_find_nobody(session, tree, operator):
    stranger = make_member(session, tree.sibling, employment_status=EmploymentStatus.UNCLEAR)
    for mark in (
        lambda: confirm_members(session, operator, year=2025, member_ids=[stranger.id], now=OPEN),
        lambda: exclude_member(session, operator, year=2025, member_id=stranger.id, reason="x", now=OPEN),
        lambda: keep_member(session, operator, year=2025, member_id=stranger.id, reason="x", now=OPEN),
    ):
        with pytest.raises(RuleViolation) as refused:
            mark()
        assert refused.value.status == 404
