"""退休核实: the class, keeping with a paper, leaving out; each undone again, and who was faster (domain section 6)."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import EventObject, Member, RetirementKeep, StoredFile
from app.queries.enrolment import bucket_counts
from app.queries.log import log_of
from app.queries.marks import marked_members
from app.queries.retirement import Tab, paper_of, tab_counts
from app.queries.years import get_year
from app.rules.enrolment import Bucket, Channel
from app.rules.members import EmploymentStatus, RetirementClass, Sex
from app.rules.papers import SafePaper
from app.rules.violations import RuleViolation
from app.security.actor import Actor
from app.security.roles import Role
from app.services.enrolment import submit_batch
from app.services.marks import exclude_members, include_members
from app.services.retirement import keep_members, set_retirement_class, withdraw_keeps
from tests.databases import statements
from tests.factories import actor_of_role, at, make_member, make_members
from tests.factories.outcomes import bucket
from tests.factories.papers import make_paper, make_picture

CARD = Channel.MEMBER_CARD
OPEN, BEFORE, AFTER = at("2024-11-05 10:00"), at("2024-10-01"), at("2025-03-01")
PAPER = make_paper()
F55, F50, M60 = RetirementClass.F55, RetirementClass.F50, RetirementClass.M60


def women(session: Session, tree, people: int = 1) -> list[Member]:
    """Of unknown class, between both dates of the 2025 cover."""
    return make_members(session, tree.grassroots, people, sex=Sex.FEMALE, birth_date=date(1972, 3, 1))


def past_the_line(session: Session, tree, **changes: object) -> Member:
    return make_member(session, tree.grassroots, birth_date=date(1964, 9, 1), **changes)


def ids(*members: Member) -> list[int]:
    return [member.id for member in members]


def keep(session: Session, actor: Actor, *members: Member, **changes: object) -> int:
    arguments = {"year": 2025, "reason": "弹性延迟退休", "attachment": PAPER, "now": OPEN} | changes
    return keep_members(session, actor, member_ids=ids(*members), **arguments)


def classify(session: Session, actor: Actor, klass: RetirementClass | None, *members: Member, **more) -> int:
    arguments = {"year": 2025, "now": OPEN} | more
    return set_retirement_class(session, actor, member_ids=ids(*members), klass=klass, **arguments)


def test_a_class_decides_and_open_again_undoes_it(session, tree, operator):
    (woman,) = women(session, tree)
    assert bucket(session, woman, CARD) is Bucket.RETIREMENT_UNCLEAR
    for klass, expected in [
        (F55, Bucket.ELIGIBLE),
        (F50, Bucket.RETIRED),
        (None, Bucket.RETIREMENT_UNCLEAR),
    ]:
        assert classify(session, operator, klass, woman) == 1
        assert bucket(session, woman, CARD) is expected
    told = log_of(session, operator, EventObject.MEMBER, woman.id)
    assert [(event.facts["before"], event.facts["after"]) for event in told] == [
        ("f50", None),
        ("f55", "f50"),
        (None, "f55"),
    ]


def test_many_are_decided_in_as_many_statements_as_few(session, tree, operator):
    few, many = women(session, tree, 2), women(session, tree, 60)
    with statements(session) as of_few:
        classify(session, operator, F55, *few)
    with statements(session) as of_many:
        assert classify(session, operator, F55, *many) == 60
    assert len(of_many) == len(of_few)
    with statements(session) as of_few:
        keep(session, operator, *few)
    with statements(session) as of_many:
        assert keep(session, operator, *many) == 60
    assert len(of_many) == len(of_few)


def test_a_class_of_the_other_sex_is_refused_and_nobody_is_changed(session, tree, operator):
    (woman,) = women(session, tree)
    man = past_the_line(session, tree, name="王建国")
    with pytest.raises(RuleViolation, match="class_of_other_sex") as refused:
        classify(session, operator, F55, woman, man)
    assert refused.value.facts["name"] == "王建国"
    session.refresh(woman)
    assert woman.retirement_class is None


@pytest.mark.parametrize("when", [BEFORE, OPEN, AFTER])
def test_a_class_is_a_fact_about_the_person_and_no_window_closes_it(session, tree, operator, when):
    (woman,) = women(session, tree)
    assert classify(session, operator, F55, woman, now=when) == 1


@pytest.mark.parametrize("when", [BEFORE, AFTER])
def test_keeping_and_leaving_out_are_part_of_the_list_and_keep_to_its_window(session, tree, operator, when):
    man = past_the_line(session, tree)
    for decide in (
        lambda: keep(session, operator, man, now=when),
        lambda: withdraw_keeps(session, operator, year=2025, member_ids=ids(man), now=when),
        lambda: exclude_members(session, operator, year=2025, member_ids=ids(man), reason="离职", now=when),
        lambda: include_members(session, operator, year=2025, member_ids=ids(man), now=when),
    ):
        with pytest.raises(RuleViolation, match="window_"):
            decide()


def test_a_kept_member_joins_the_list_and_leaves_it_when_keeping_is_undone(session, tree, operator):
    man = past_the_line(session, tree)
    assert bucket(session, man, CARD) is Bucket.RETIRED
    assert keep(session, operator, man) == 1
    assert bucket(session, man, CARD) is Bucket.ELIGIBLE
    assert withdraw_keeps(session, operator, year=2025, member_ids=ids(man), now=OPEN) == 1
    assert bucket(session, man, CARD) is Bucket.RETIRED
    assert withdraw_keeps(session, operator, year=2025, member_ids=ids(man), now=OPEN) == 0
    told = log_of(session, operator, EventObject.MEMBER, man.id)
    assert [event.action for event in told] == ["withdraw_keep", "keep"]


def test_one_paper_serves_several_and_goes_with_the_last_keep_that_rests_on_it(session, tree, operator):
    papers = select(func.count()).select_from(StoredFile)
    one, other = past_the_line(session, tree), past_the_line(session, tree)
    keep(session, operator, one, other)
    assert session.scalar(papers) == 1
    assert len(set(session.scalars(select(RetirementKeep.file_id)))) == 1
    withdraw_keeps(session, operator, year=2025, member_ids=ids(one), now=OPEN)
    assert session.scalar(papers) == 1
    keep(session, operator, other, attachment=SafePaper("新.png", "image/png", make_picture()))
    assert session.scalars(select(StoredFile.name)).all() == ["新.png"]


def test_whom_a_registry_reports_gone_nobody_keeps(session, tree, operator):
    for status in (EmploymentStatus.RETIRED, EmploymentStatus.DECEASED):
        gone = past_the_line(session, tree, employment_status=status)
        with pytest.raises(RuleViolation, match="gone_by_registry"):
            keep(session, operator, gone)


def test_leaving_out_decides_whose_retirement_is_unclear_and_can_be_undone(session, tree, operator):
    (woman,) = women(session, tree)
    exclude_members(session, operator, year=2025, member_ids=ids(woman), reason="离职", now=OPEN)
    assert bucket(session, woman, CARD) is Bucket.EXCLUDED
    include_members(session, operator, year=2025, member_ids=ids(woman), now=OPEN)
    assert bucket(session, woman, CARD) is Bucket.RETIREMENT_UNCLEAR


def test_who_has_been_submitted_is_neither_kept_nor_left_out_any_more(session, tree, operator):
    man = past_the_line(session, tree)
    keep(session, operator, man)
    submit_batch(session, operator, year=2025, channel=CARD, plan="A", now=OPEN)
    for decide in (
        lambda: keep(session, operator, man, reason="另一个理由"),
        lambda: withdraw_keeps(session, operator, year=2025, member_ids=ids(man), now=OPEN),
        lambda: exclude_members(session, operator, year=2025, member_ids=ids(man), reason="离职", now=OPEN),
    ):
        with pytest.raises(RuleViolation, match="already_submitted"):
            decide()


def test_the_tabs_count_as_the_confirmation_screen_does(session, tree, operator):
    women(session, tree, 3)
    left_out = women(session, tree, 2)
    make_member(session, tree.grassroots, birth_date=None)
    men = [past_the_line(session, tree) for _ in range(4)]
    make_member(session, tree.grassroots, employment_status=EmploymentStatus.RETIRED)
    keep(session, operator, *men[:3])
    exclude_members(session, operator, year=2025, member_ids=ids(*left_out), reason="离职", now=OPEN)
    year = get_year(session, 2025)
    assert tab_counts(session, tree.grassroots, year) == {
        Tab.UNCLEAR: 4,
        Tab.RETIRED: 2,
        Tab.KEPT: 3,
        Tab.EXCLUDED: 2,
    }
    for channel in Channel:
        counts, _ = bucket_counts(session, tree.grassroots, year, channel)
        shown = [counts[each] for each in (Bucket.RETIREMENT_UNCLEAR, Bucket.RETIRED, Bucket.EXCLUDED)]
        assert shown == [4, 2, 2]


def test_the_slower_of_two_is_told_who_decided_and_when_and_changes_nothing(session, tree, operator):
    (woman,) = women(session, tree)
    seen = marked_members(session, 2025, ids(woman))
    colleague = actor_of_role(session, tree.grassroots, Role.OPERATOR)
    classify(session, colleague, F50, woman, seen=seen)
    for slower in (
        lambda: classify(session, operator, F55, woman, seen=seen),
        lambda: keep(session, operator, woman, seen=seen),
        lambda: exclude_members(
            session, operator, year=2025, member_ids=ids(woman), reason="离职", seen=seen, now=OPEN
        ),
    ):
        with pytest.raises(RuleViolation, match="decided_meanwhile") as refused:
            slower()
        assert refused.value.status == 409
        assert refused.value.facts == {"name": woman.name, "who": colleague.name, "at": OPEN}
    assert bucket(session, woman, CARD) is Bucket.RETIRED


def test_the_same_decision_twice_is_no_quarrel(session, tree, operator):
    (woman,) = women(session, tree)
    seen = marked_members(session, 2025, ids(woman))
    colleague = actor_of_role(session, tree.grassroots, Role.OPERATOR)
    assert classify(session, colleague, F55, woman, seen=seen) == 1
    assert classify(session, operator, F55, woman, seen=seen) == 0
    leave = {"year": 2025, "member_ids": ids(woman), "now": OPEN}
    seen = marked_members(session, 2025, ids(woman))
    assert exclude_members(session, colleague, reason="离职", seen=seen, **leave) == 1
    assert exclude_members(session, operator, reason="离职", seen=seen, **leave) == 0
    seen = marked_members(session, 2025, ids(woman))
    assert include_members(session, colleague, seen=seen, **leave) == 1
    assert include_members(session, operator, seen=seen, **leave) == 0


def test_decisions_about_a_foreign_member_find_nobody(session, tree, operator):
    stranger = make_member(session, tree.sibling, birth_date=date(1964, 9, 1))
    for decide in (
        lambda: classify(session, operator, M60, stranger),
        lambda: keep(session, operator, stranger),
        lambda: withdraw_keeps(session, operator, year=2025, member_ids=ids(stranger), now=OPEN),
    ):
        with pytest.raises(RuleViolation) as refused:
            decide()
        assert refused.value.status == 404


@pytest.mark.parametrize(
    ("role", "place"),
    [
        (Role.DISTRICT_REVIEWER, "district"),
        (Role.SECOND_REVIEWER, "second"),
        (Role.MUNICIPAL_ADMIN, "city"),
        (Role.MANAGER, "city"),
    ],
)
def test_those_above_read_the_paper_and_no_sibling(session, tree, operator, role, place):
    man = past_the_line(session, tree)
    keep(session, operator, man)
    superior = actor_of_role(session, getattr(tree, place), role)
    assert paper_of(session, superior, 2025, man.id).content == PAPER.content
    sibling = actor_of_role(session, tree.sibling, Role.OPERATOR)
    with pytest.raises(RuleViolation, match="not_found"):
        paper_of(session, sibling, 2025, man.id)
