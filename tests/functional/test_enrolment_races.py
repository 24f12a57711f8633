"""Two submits at the same moment: committed for real, each on a connection of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from flask import Flask
from sqlalchemy import func, select

from app.models import Enrolment, EnrolmentBatch, PlanChoice
from app.queries.check import find_lies
from app.rules.enrolment import Channel
from app.rules.violations import RuleViolation
from app.security.actor import Actor
from app.security.roles import Role
from app.services.enrolment import submit_batch
from app.services.marks import exclude_members
from app.transaction import transaction
from tests.factories import actor_of_role, at, make_fees, make_member, make_members, make_tree, make_year

OPEN = at("2024-11-05 10:00")
CARD, SOCIAL = Channel.MEMBER_CARD, Channel.SOCIAL_CARD
ROUNDS = 6
"""Each race is run so often, each time in a year of its own."""

Race = tuple[Actor, dict[str, Any]]


def together(application: Flask, actions: list[Callable[[], str]]) -> list[str]:
    """What each of the actions answered, all started at once."""
    start = Barrier(len(actions))

    def run(action: Callable[[], str]) -> str:
        with application.app_context():
            start.wait()
            return action()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(run, actions))


def submitting(
    actor: Actor, year: int, channel: Channel, plan: str = "A", **changes: Any
) -> Callable[[], str]:
    def submit() -> str:
        try:
            with transaction() as session:
                submit_batch(
                    session, actor, year=year, channel=channel, plan=plan, now=now_of(year), **changes
                )
        except RuleViolation as refused:
            return refused.code
        return "submitted"

    return submit


def now_of(year: int) -> Any:
    return at(f"{year - 1}-11-05 10:00")


def years() -> range:
    return range(2025, 2025 + ROUNDS)


def prepare_years(session: Any) -> None:
    for year in years():
        make_year(session, year)
        make_fees(session, year)


def no_lies() -> None:
    with transaction() as session:
        assert find_lies(session) == []


def test_two_channels_racing_with_two_plans_leave_one_plan(committing):
    with transaction() as session:
        tree = make_tree(session)
        prepare_years(session)
        make_members(session, tree.grassroots, 3)
        social = [member.id for member in make_members(session, tree.grassroots, 3, has_card=False)]
        actor = actor_of_role(session, tree.grassroots, Role.OPERATOR)
    for year in years():
        answers = together(
            committing,
            [
                submitting(actor, year, CARD, "A"),
                submitting(actor, year, SOCIAL, "B", member_ids=social),
            ],
        )
        assert sorted(answers) == ["plan_locked", "submitted"]
    with transaction() as session:
        assert session.scalar(select(func.count()).select_from(PlanChoice)) == ROUNDS
        assert session.scalar(select(func.count()).select_from(EnrolmentBatch)) == ROUNDS
    no_lies()


def test_two_unions_racing_for_one_person_leave_one_cover(committing):
    with transaction() as session:
        tree = make_tree(session)
        prepare_years(session)
        mine = make_member(session, tree.grassroots)
        make_member(session, tree.other_grassroots, id_number=mine.id_number, person_key=mine.person_key)
        actors = [
            actor_of_role(session, union, Role.OPERATOR) for union in (tree.grassroots, tree.other_grassroots)
        ]
    for year in years():
        answers = together(committing, [submitting(actor, year, CARD) for actor in actors])
        assert sorted(answers) == ["nobody_eligible", "submitted"]
    no_lies()


def test_two_unions_racing_in_two_channels_leave_one_cover_and_keep_the_others(committing):
    with transaction() as session:
        tree = make_tree(session)
        prepare_years(session)
        shared = make_members(session, tree.grassroots, 400)
        make_members(session, tree.grassroots, 2)
        twins = [
            make_member(
                session,
                tree.sibling,
                has_card=False,
                id_number=member.id_number,
                person_key=member.person_key,
            ).id
            for member in reversed(shared)
        ]
        by_card = actor_of_role(session, tree.grassroots, Role.OPERATOR)
        by_social = actor_of_role(session, tree.sibling, Role.OPERATOR)
    for year in years():
        answers = together(
            committing,
            [submitting(by_card, year, CARD), submitting(by_social, year, SOCIAL, member_ids=twins)],
        )
        assert answers[0] == "submitted" and answers[1] in ("submitted", "ticked_not_eligible")
        with transaction() as session:
            persons = session.scalars(select(Enrolment.person_key).where(Enrolment.year == year)).all()
        assert len(persons) == 402 and max(Counter(persons).values()) == 1
    no_lies()


def test_the_same_list_sent_twice_at_once_is_submitted_once(committing):
    with transaction() as session:
        tree = make_tree(session)
        prepare_years(session)
        make_members(session, tree.grassroots, 5)
        actor = actor_of_role(session, tree.grassroots, Role.OPERATOR)
    for year in years():
        answers = together(committing, [submitting(actor, year, CARD, expected_headcount=5)] * 4)
        assert sorted(answers) == ["just_submitted"] * 3 + ["submitted"]
    no_lies()


def test_the_operator_who_comes_second_learns_who_was_first_and_when(committing):
    with transaction() as session:
        tree = make_tree(session)
        prepare_years(session)
        make_members(session, tree.grassroots, 5)
        ticked = [member.id for member in make_members(session, tree.grassroots, 3, has_card=False)]
        colleagues = [actor_of_role(session, tree.grassroots, Role.OPERATOR) for _ in range(4)]
    for year in years():
        for channel, members in ((CARD, None), (SOCIAL, ticked)):
            told: list[dict[str, Any]] = []

            def submitting_too(actor: Actor, year=year, channel=channel, members=members, told=told):
                def submit() -> str:
                    try:
                        with transaction() as session:
                            submit_batch(
                                session,
                                actor,
                                year=year,
                                channel=channel,
                                plan="A",
                                member_ids=members,
                                now=now_of(year),
                            )
                    except RuleViolation as refused:
                        assert (refused.code, refused.status) == ("just_submitted", 409)
                        told.append(refused.facts)
                        return refused.code
                    return actor.name

                return submit

            answers = together(committing, [submitting_too(actor) for actor in colleagues])
            with transaction() as session:
                batch = session.scalars(
                    select(EnrolmentBatch).where(
                        EnrolmentBatch.year == year, EnrolmentBatch.channel == channel
                    )
                ).one()
                first = next(each for each in colleagues if each.account_id == batch.submitted_by)
                expected = {"number": batch.number, "who": first.name, "at": now_of(year)}
            assert sorted(answers) == sorted([first.name] + ["just_submitted"] * 3)
            assert told == [expected] * 3
    no_lies()


def test_leaving_somebody_out_while_the_list_is_sent_is_either_before_or_refused(committing):
    with transaction() as session:
        tree = make_tree(session)
        prepare_years(session)
        people = make_members(session, tree.grassroots, 3)
        actor, member = actor_of_role(session, tree.grassroots, Role.OPERATOR), people[0].id

    def leaving_out(year: int) -> Callable[[], str]:
        def leave_out() -> str:
            try:
                with transaction() as session:
                    exclude_members(
                        session, actor, year=year, member_ids=[member], reason="即将离职", now=now_of(year)
                    )
            except RuleViolation as refused:
                return refused.code
            return "left out"

        return leave_out

    for year in years():
        answers = together(committing, [submitting(actor, year, CARD), leaving_out(year)])
        with transaction() as session:
            people_in = session.scalar(select(EnrolmentBatch.headcount).where(EnrolmentBatch.year == year))
        assert answers in (["submitted", "left out"], ["submitted", "already_submitted"])
        assert people_in == (2 if answers[1] == "left out" else 3)
    no_lies()
