"""Many at once, each on a connection of its own: one wins, the others learn who and when."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, NullPool, create_engine, func, select
from sqlalchemy.orm import Session

from app.models import DistrictBatch, EnrolmentBatch, Event, PaymentVoucher, Union
from app.queries.check import find_lies
from app.rules.enrolment import BatchStatus
from app.rules.settlement import DistrictBatchStatus
from app.rules.violations import RuleViolation
from app.security.actor import Actor, actor_of
from app.security.roles import Role
from app.services.filing import file_district_batch
from app.services.review import approve_batches, return_batch
from app.services.settlement import accept_district_batch, settle_voucher
from tests.factories import Tree, make_account, make_fees, make_tree, make_year
from tests.factories.batches import FILING, HANDLER, PAYING, REVIEWING, bring_to, make_batch, make_filed

REVIEWERS = 50


@pytest.fixture
def engine(committed_database: str) -> Iterator[Engine]:
    made = create_engine(committed_database, poolclass=NullPool)
    yield made
    made.dispose()


@contextmanager
def committed(engine: Engine) -> Iterator[Session]:
    with Session(engine) as session, session.begin():
        yield session


def city(session: Session) -> Tree:
    tree = make_tree(session)
    make_year(session)
    make_fees(session)
    return tree


def named(session: Session, union: Union, role: Role, number: int) -> Actor:
    account = make_account(session, union, role, name=f"第{number}人")
    session.refresh(account, ["union"])
    return actor_of(account)


def race(engine: Engine, verbs: Sequence[Callable[[Session], Any]]) -> list[Any]:
    """All verbs at the same moment, each in a transaction of its own; answers or refusals, in their order."""
    start = Barrier(len(verbs))

    def run(verb: Callable[[Session], Any]) -> Any:
        with Session(engine) as session:
            session.connection()
            start.wait(30)
            try:
                answer = verb(session)
            except RuleViolation as refusal:
                session.rollback()
                return refusal
            session.commit()
            return answer

    with ThreadPoolExecutor(len(verbs)) as pool:
        return list(pool.map(run, verbs))


def test_of_50_reviewers_on_one_batch_one_wins_and_49_learn_who_and_when(app: Flask, engine: Engine) -> None:
    with app.app_context(), committed(engine) as session:
        tree = city(session)
        batch_id = make_batch(session, tree.grassroots).id
        actors = [named(session, tree.district, Role.DISTRICT_REVIEWER, n) for n in range(REVIEWERS)]

    answers = race(
        engine,
        [
            lambda session, actor=actor: (
                approve_batches(session, actor, batch_ids=[batch_id], now=REVIEWING)[0].problem
            )
            for actor in actors
        ],
    )

    (winner,) = [actor for actor, problem in zip(actors, answers, strict=True) if problem is None]
    losers = [problem for problem in answers if problem is not None]
    assert len(losers) == REVIEWERS - 1
    assert {(p.code, p.facts["who"], p.facts["at"]) for p in losers} == {
        ("wrong_state", winner.name, REVIEWING)
    }
    with app.app_context(), committed(engine) as session:
        assert session.get_one(EnrolmentBatch, batch_id).status is BatchStatus.APPROVED
        approvals = select(func.count()).select_from(Event).where(Event.action == "approve")
        assert session.scalar(approvals) == 1
        assert find_lies(session) == []


def test_an_approval_and_a_return_of_one_batch_leave_one_decision_after_the_other(
    app: Flask, engine: Engine
) -> None:
    with app.app_context(), committed(engine) as session:
        tree = city(session)
        batch_id = make_batch(session, tree.grassroots).id
        first = named(session, tree.district, Role.DISTRICT_REVIEWER, 1)
        second = named(session, tree.second, Role.SECOND_REVIEWER, 2)

    problem, returned = race(
        engine,
        [
            lambda session: approve_batches(session, first, batch_ids=[batch_id], now=REVIEWING)[0].problem,
            lambda session: return_batch(
                session, second, batch_id=batch_id, reason_code="wrong_list", now=REVIEWING
            ),
        ],
    )

    # An approved batch may still be returned, a returned one not approved.
    assert isinstance(returned, EnrolmentBatch)
    assert problem is None or (problem.code, problem.facts["who"]) == ("wrong_state", second.name)
    with app.app_context(), committed(engine) as session:
        assert session.get_one(EnrolmentBatch, batch_id).status is BatchStatus.RETURNED
        assert find_lies(session) == []


def test_of_two_filings_of_one_district_one_takes_the_list(app: Flask, engine: Engine) -> None:
    with app.app_context(), committed(engine) as session:
        tree = city(session)
        actors = [named(session, tree.district, Role.DISTRICT_REVIEWER, n) for n in range(2)]
        ids = [make_batch(session, union).id for union in (tree.grassroots, tree.straight)]
        approve_batches(session, actors[0], batch_ids=ids, now=REVIEWING)

    answers = race(
        engine,
        [
            lambda session, actor=actor: file_district_batch(
                session, actor, year=2025, handler=HANDLER, now=FILING
            )
            for actor in actors
        ],
    )

    refusals = [answer for answer in answers if isinstance(answer, RuleViolation)]
    assert [refusal.code for refusal in refusals] == ["nothing_to_file"]
    with app.app_context(), committed(engine) as session:
        assert session.scalars(select(DistrictBatch.headcount)).all() == [4]
        assert find_lies(session) == []


def test_a_filing_and_a_return_never_both_take_a_batch(app: Flask, engine: Engine) -> None:
    with app.app_context(), committed(engine) as session:
        tree = city(session)
        actors = [named(session, tree.district, Role.DISTRICT_REVIEWER, n) for n in range(2)]
        ids = [make_batch(session, union).id for union in (tree.grassroots, tree.straight)]
        approve_batches(session, actors[0], batch_ids=ids, now=REVIEWING)

    filed, returned = race(
        engine,
        [
            lambda session: file_district_batch(session, actors[0], year=2025, handler=HANDLER, now=FILING),
            lambda session: return_batch(
                session, actors[1], batch_id=ids[0], reason_code="wrong_list", now=FILING
            ),
        ],
    )

    assert isinstance(filed, DistrictBatch)
    with app.app_context(), committed(engine) as session:
        stands = session.get_one(EnrolmentBatch, ids[0]).status
        assert stands is (
            BatchStatus.FORWARDED if isinstance(returned, RuleViolation) else BatchStatus.RETURNED
        )
        assert session.scalars(select(DistrictBatch.headcount)).all() == [
            4 if stands is BatchStatus.FORWARDED else 2
        ]
        assert find_lies(session) == []


@pytest.mark.parametrize("verb", ["accept", "settle"])
def test_of_two_clerks_one_decides_and_the_other_learns_who(app: Flask, engine: Engine, verb: str) -> None:
    with app.app_context(), committed(engine) as session:
        tree = city(session)
        clerks = [named(session, tree.city, Role.CENTRE_CLERK, n) for n in range(2)]
        filed = make_filed(session, tree.district, tree.grassroots)
        if verb == "settle":
            bring_to(session, tree, filed, DistrictBatchStatus.VOUCHER_REVIEW)
        filed_id = filed.id
        voucher_id = session.scalar(select(PaymentVoucher.id)) or 0

    acts: dict[str, Callable[[Session, Actor], Any]] = {
        "accept": lambda session, actor: accept_district_batch(session, actor, batch_id=filed_id, now=PAYING),
        "settle": lambda session, actor: settle_voucher(session, actor, voucher_id=voucher_id, now=PAYING),
    }
    answers = race(engine, [lambda session, actor=actor: acts[verb](session, actor) for actor in clerks])

    (refusal,) = [answer for answer in answers if isinstance(answer, RuleViolation)]
    (winner,) = [a for a, answer in zip(clerks, answers, strict=True) if answer is not refusal]
    assert refusal.status == 409
    assert (refusal.facts["who"], refusal.facts["at"]) == (winner.name, PAYING)
    with app.app_context(), committed(engine) as session:
        assert find_lies(session) == []


def test_lists_that_overlap_in_opposite_order_don_t_lock_each_other_out(app: Flask, engine: Engine) -> None:
    with app.app_context(), committed(engine) as session:
        tree = city(session)
        ids = [make_batch(session, tree.grassroots, 1).id for _ in range(12)]
        actors = [named(session, tree.district, Role.DISTRICT_REVIEWER, n) for n in range(8)]

    answers = race(
        engine,
        [
            lambda session, actor=actor, order=order: approve_batches(
                session, actor, batch_ids=order, now=REVIEWING
            )
            for actor, order in zip(actors, [ids, ids[::-1]] * 4, strict=True)
        ],
    )

    approved = [d.batch_id for answer in answers for d in answer if d.problem is None]
    assert sorted(approved) == sorted(ids)
