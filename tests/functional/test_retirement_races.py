"""Two operators of one union decide about the same person at the same moment: committed for real."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from sqlalchemy import func, select

from app.models import Event, EventObject, RetirementKeep, StoredFile
from app.queries.check import find_lies
from app.queries.marks import marked_members
from app.rules.enrolment import Channel
from app.rules.members import RetirementClass, Sex
from app.rules.violations import RuleViolation
from app.security.roles import Role
from app.services.enrolment import submit_batch
from app.services.marks import exclude_members
from app.services.retirement import keep_members, set_retirement_class
from app.transaction import transaction
from tests.factories import actor_of_role, make_fees, make_member, make_tree, make_year
from tests.factories.papers import make_paper
from tests.functional.test_enrolment_races import now_of, together, years

ROUNDS = years()


def told(act: Callable[[], object]) -> str:
    try:
        act()
    except RuleViolation as refused:
        return refused.code
    return "done"


def test_one_of_two_different_decisions_wins_and_the_other_is_told(committing):
    with transaction() as session:
        tree = make_tree(session)
        make_year(session)
        people = [
            make_member(session, tree.grassroots, sex=Sex.FEMALE, birth_date=date(1972, 3, 1)).id
            for _ in ROUNDS
        ]
        colleagues = [actor_of_role(session, tree.grassroots, Role.OPERATOR) for _ in range(3)]
    for member in people:
        with transaction() as session:
            seen = marked_members(session, 2025, [member])

        def classify(klass, actor, member=member, seen=seen):
            def act() -> None:
                with transaction() as session:
                    set_retirement_class(
                        session,
                        actor,
                        year=2025,
                        member_ids=[member],
                        klass=klass,
                        seen=seen,
                        now=now_of(2025),
                    )

            return lambda: told(act)

        def leave_out(actor=colleagues[2], member=member, seen=seen) -> str:
            def act() -> None:
                with transaction() as session:
                    exclude_members(
                        session,
                        actor,
                        year=2025,
                        member_ids=[member],
                        reason="离职",
                        seen=seen,
                        now=now_of(2025),
                    )

            return told(act)

        answers = together(
            committing,
            [
                classify(RetirementClass.F55, colleagues[0]),
                classify(RetirementClass.F50, colleagues[1]),
                leave_out,
            ],
        )
        assert sorted(answers) == ["decided_meanwhile", "decided_meanwhile", "done"]
        with transaction() as session:
            told_of = Event.object_kind == EventObject.MEMBER, Event.object_id == member
            assert session.scalar(select(func.count()).select_from(Event).where(*told_of)) == 1


def test_keeping_while_the_list_is_sent_is_either_before_or_after_it_and_leaves_one_paper(committing):
    with transaction() as session:
        tree = make_tree(session)
        for year in ROUNDS:
            make_year(session, year)
            make_fees(session, year)
        make_member(session, tree.grassroots)
        late = make_member(session, tree.grassroots, birth_date=date(1960, 1, 1)).id
        actor = actor_of_role(session, tree.grassroots, Role.OPERATOR)
    for year in ROUNDS:

        def submit(year=year) -> str:
            with transaction() as session:
                batch = submit_batch(
                    session, actor, year=year, channel=Channel.MEMBER_CARD, plan="A", now=now_of(year)
                )
                return str(batch.headcount)

        def keep(year=year) -> str:
            def act() -> None:
                with transaction() as session:
                    keep_members(
                        session,
                        actor,
                        year=year,
                        member_ids=[late],
                        reason="弹性延迟退休",
                        attachment=make_paper(),
                        now=now_of(year),
                    )

            return told(act)

        answers = together(committing, [submit, keep, keep])
        assert answers[0] in ("1", "2")
        if answers[0] == "1":
            assert answers[1:] == ["done", "done"]
        with transaction() as session:
            keeps = select(RetirementKeep.file_id).where(RetirementKeep.year == year)
            assert len(session.scalars(keeps).all()) == 1
    with transaction() as session:
        assert session.scalar(select(func.count()).select_from(StoredFile)) == len(ROUNDS)
        assert find_lies(session) == []
