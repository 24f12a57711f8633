"""A union's list: every bucket, the figures of the manual, the plan's lock, windows, and refusals that lose nothing."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import Enrolment, EnrolmentBatch, NoticeVersion, PlanChoice
from app.queries.check import find_lies
from app.queries.enrolment import bucket_counts, preview
from app.queries.enrolment_people import people
from app.queries.years import get_year
from app.rules.enrolment import Bucket, Channel, EnrolmentKind
from app.rules.members import EmploymentStatus, IdType, MembershipKind, RetirementClass, Sex, SocialCardStatus
from app.rules.violations import RuleViolation
from app.security.actor import Actor
from app.security.roles import Role
from app.services.enrolment import submit_batch
from app.services.marks import (
    confirm_members,
)
from app.services.review import return_batch
from app.transaction import transaction
from tests.factories import (
    actor_of_role,
    at,
    make_member,
    make_members,
)
from tests.factories.outcomes import bucket

OPEN = at("2024-11-05 10:00")


CARD, SOCIAL = Channel.MEMBER_CARD, Channel.SOCIAL_CARD


def submit(session: Session, actor: Actor, channel: Channel = CARD, **changes: object) -> EnrolmentBatch:
    arguments = {"year": 2025, "channel": channel, "plan": "A", "now": OPEN} | changes
    return submit_batch(session, actor, **arguments)


BUCKETS = [
    ("employed with a card", {}, CARD, Bucket.ELIGIBLE),
    ("employed with a card, by social card", {}, SOCIAL, Bucket.OTHER_CHANNEL),
    ("employed without a card", {"has_card": False}, CARD, Bucket.WITHOUT_CARD),
    ("employed without a card, by social card", {"has_card": False}, SOCIAL, Bucket.ELIGIBLE),
    (
        "a passport holder, by social card",
        {"has_card": False, "id_type": IdType.PASSPORT, "id_number": "E12345678"},
        SOCIAL,
        Bucket.OTHER_CHANNEL,
    ),
    (
        "a sealed social card",
        {"has_card": False, "social_card_status": SocialCardStatus.SEALED},
        SOCIAL,
        Bucket.TO_CHECK,
    ),
    (
        "employment not known yet, by social card",
        {"has_card": False, "employment_status": EmploymentStatus.UNKNOWN},
        SOCIAL,
        Bucket.TO_CHECK,
    ),
    ("employment not known yet", {"employment_status": EmploymentStatus.UNKNOWN}, CARD, Bucket.TO_CONFIRM),
    ("employment unclear", {"employment_status": EmploymentStatus.UNCLEAR}, CARD, Bucket.TO_CONFIRM),
    (
        "on unemployment benefit, by social card",
        {"has_card": False, "employment_status": EmploymentStatus.UNEMPLOYED_BENEFIT},
        SOCIAL,
        Bucket.TO_CONFIRM,
    ),
    ("deceased", {"employment_status": EmploymentStatus.DECEASED}, CARD, Bucket.DECEASED),
    ("retired by the registry", {"employment_status": EmploymentStatus.RETIRED}, CARD, Bucket.RETIRED),
    ("a man born 1964-12 retires in 2024-12", {"birth_date": date(1964, 12, 31)}, CARD, Bucket.RETIRED),
    ("a man born 1965-01 retires in 2025-02", {"birth_date": date(1965, 1, 1)}, CARD, Bucket.ELIGIBLE),
    (
        "a woman of unknown class between both dates",
        {"sex": Sex.FEMALE, "birth_date": date(1972, 3, 1)},
        CARD,
        Bucket.RETIREMENT_UNCLEAR,
    ),
    (
        "a woman of class 50 past the line",
        {"sex": Sex.FEMALE, "birth_date": date(1972, 3, 1), "retirement_class": RetirementClass.F50},
        CARD,
        Bucket.RETIRED,
    ),
    (
        "a woman of class 55 before the line",
        {"sex": Sex.FEMALE, "birth_date": date(1972, 3, 1), "retirement_class": RetirementClass.F55},
        CARD,
        Bucket.ELIGIBLE,
    ),
    (
        "a woman past the later line",
        {"sex": Sex.FEMALE, "birth_date": date(1969, 12, 31)},
        CARD,
        Bucket.RETIRED,
    ),
    (
        "without a birth date",
        {"birth_date": None, "id_type": IdType.PASSPORT, "id_number": "E87654321"},
        CARD,
        Bucket.RETIREMENT_UNCLEAR,
    ),
]


@pytest.mark.parametrize(
    ("changes", "channel", "expected"), [row[1:] for row in BUCKETS], ids=[row[0] for row in BUCKETS]
)
def test_a_member_stands_in_the_first_bucket_that_holds(session, tree, changes, channel, expected):
    member = make_member(session, tree.grassroots, **dict(changes))
    assert bucket(session, member, channel) is expected


def test_members_of_other_kinds_are_not_shown(session, tree):
    make_member(session, tree.grassroots, kind=MembershipKind.FLEXIBLE)
    make_member(session, tree.grassroots, kind=MembershipKind.EXTERNAL)
    counts, with_card = bucket_counts(session, tree.grassroots, get_year(session, 2025), CARD)
    assert sum(counts.values()) == 0 and with_card == 0


def test_53_people_cost_1378_by_member_card(session, tree, operator):
    make_members(session, tree.grassroots, 53)
    shown = preview(session, tree.grassroots, get_year(session, 2025), CARD, now=OPEN)
    assert [str(each) for each in (shown.amounts.fee, shown.amounts.municipal)] == ["1378.00", "689.00"]
    batch = submit(session, operator, expected_headcount=53)
    assert (
        batch.headcount,
        batch.fee,
        batch.municipal_share,
        batch.district_share,
        batch.grassroots_share,
    ) == (
        53,
        Decimal("1378.00"),
        Decimal("689.00"),
        Decimal("689.00"),
        Decimal("0.00"),
    )
    assert find_lies(session) == []


def test_36_people_cost_936_by_social_card(session, tree, operator):
    ids = [member.id for member in make_members(session, tree.grassroots, 36, has_card=False)]
    batch = submit(session, operator, SOCIAL, member_ids=ids)
    amounts = batch.amounts()
    assert [str(each) for each in (amounts.fee, amounts.municipal, amounts.district, amounts.grassroots)] == [
        "936.00",
        "468.00",
        "468.00",
        "0.00",
    ]


def test_a_central_enterprise_union_pays_its_own_split(session, tree):
    make_members(session, tree.central_grassroots, 2)
    actor = actor_of_role(session, tree.central_grassroots, Role.OPERATOR)
    assert submit(session, actor).municipal_share == Decimal("13.00")


def test_a_second_submit_takes_just_the_new_people_and_makes_a_new_notice_version(session, tree, operator):
    make_members(session, tree.grassroots, 3)
    doubtful = make_member(session, tree.grassroots, employment_status=EmploymentStatus.UNCLEAR)
    first = submit(session, operator)
    assert confirm_members(session, operator, year=2025, member_ids=[doubtful.id], now=OPEN) == 1
    year = get_year(session, 2025)
    assert preview(session, tree.grassroots, year, CARD, now=OPEN).new_since_last_submit == 1
    second = submit(session, operator)
    assert (first.headcount, second.headcount) == (3, 1) and first.number != second.number
    versions = session.scalars(select(NoticeVersion).order_by(NoticeVersion.version)).all()
    assert [(v.version, v.facts["member_card_people"]) for v in versions] == [(1, 3), (2, 4)]
    assert find_lies(session) == []


@pytest.mark.parametrize(
    ("code", "asked"),
    [
        ("window_closed", {"now": at("2024-12-26 00:00:00")}),
        ("plan_not_offered", {"plan": "C"}),
        ("nobody_eligible", {}),
    ],
)
def test_a_submit_that_is_refused_fixes_no_plan(session, tree, operator, code, asked):
    with pytest.raises(RuleViolation) as refused, transaction():
        submit(session, operator, **asked)
    assert refused.value.code == code
    assert session.scalars(select(PlanChoice)).all() == []


def test_the_first_live_batch_fixes_the_plan_for_both_channels(session, tree, operator):
    make_members(session, tree.grassroots, 2)
    social = make_member(session, tree.grassroots, has_card=False)
    first = submit(session, operator)
    with pytest.raises(RuleViolation) as refused:
        submit(session, operator, SOCIAL, plan="B", member_ids=[social.id])
    assert refused.value.code == "plan_locked"
    assert refused.value.facts["number"] == first.number and refused.value.facts["plan"] == "A"


def test_the_plan_is_free_again_when_all_batches_are_returned(session, tree, operator):
    make_members(session, tree.grassroots, 2)
    batch = submit(session, operator)
    reviewer = actor_of_role(session, tree.second, Role.SECOND_REVIEWER)
    return_batch(session, reviewer, batch_id=batch.id, reason_code="wrong_plan", now=OPEN)
    assert session.get(PlanChoice, (tree.grassroots.id, 2025)) is None
    assert submit(session, operator, plan="B").plan == "B"
    assert find_lies(session) == []


def test_a_person_covered_by_another_union_is_elsewhere_and_unnamed(session, tree, operator):
    mine = make_member(session, tree.grassroots)
    make_member(session, tree.sibling, id_number=mine.id_number, person_key=mine.person_key)
    submit(session, actor_of_role(session, tree.sibling, Role.OPERATOR))
    year = get_year(session, 2025)
    (row,) = people(session, operator, tree.grassroots, year, CARD, Bucket.ELSEWHERE)
    assert row.Member.id == mine.id and row.elsewhere_union is None
    with pytest.raises(RuleViolation, match="nobody_eligible"):
        submit(session, operator)
    reviewer = actor_of_role(session, tree.second, Role.SECOND_REVIEWER)
    (row,) = people(session, reviewer, tree.grassroots, year, CARD, Bucket.ELSEWHERE)
    assert row.elsewhere_union == tree.sibling.name


@pytest.mark.parametrize(
    ("moment", "code"),
    [
        ("2024-10-31 23:59:59", "window_not_open"),
        ("2024-11-01 00:00:00", None),
        ("2024-12-25 23:59:59", None),
        ("2024-12-26 00:00:00", "window_closed"),
    ],
)
def test_the_window_is_half_open(session, tree, operator, moment, code):
    make_members(session, tree.grassroots, 1)
    if code is None:
        assert submit(session, operator, now=at(moment)).headcount == 1
    else:
        with pytest.raises(RuleViolation, match=code):
            submit(session, operator, now=at(moment))


REFUSALS = [
    ("nobody is ticked", SOCIAL, {"member_ids": []}, "nobody_ticked"),
    ("member cards can't be picked", CARD, {"member_ids": [1]}, "no_picking"),
    ("a plan that isn't offered", CARD, {"plan": "A+"}, "plan_not_offered"),
    ("another kind", CARD, {"kind": EnrolmentKind.INSTANT_UNCOVERED}, "kind_not_open"),
    ("a list that changed", CARD, {"expected_headcount": 9}, "list_changed"),
    ("a ticked stranger", SOCIAL, {"member_ids": [10**15]}, "ticked_not_eligible"),
]


@pytest.mark.parametrize(
    ("channel", "changes", "code"), [row[1:] for row in REFUSALS], ids=[row[0] for row in REFUSALS]
)
def test_a_refused_submit_says_why(session, tree, operator, channel, changes, code):
    make_members(session, tree.grassroots, 2)
    with pytest.raises(RuleViolation) as refused, session.begin_nested():
        submit(session, operator, channel, **changes)
    assert refused.value.code == code
    assert session.scalar(select(func.count()).select_from(Enrolment)) == 0


def test_a_year_without_a_valid_fee_can_be_looked_at_but_not_submitted(session, tree, operator):
    make_members(session, tree.grassroots, 1)
    late = at("2031-06-01")
    shown = preview(session, tree.grassroots, get_year(session, 2025), CARD, now=late)
    assert shown.problem is not None and shown.problem.code == "fee_unset" and shown.total == 1


def test_only_grassroots_operators_submit(session, tree):
    reviewer = actor_of_role(session, tree.second, Role.SECOND_REVIEWER)
    with pytest.raises(RuleViolation, match="not_allowed"):
        submit(session, reviewer)
