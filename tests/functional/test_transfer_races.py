"""Two people at one transfer, or at one member, at the same moment: real transactions, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import Enrolment, Member, MemberTransfer
from app.queries.check import find_lies
from app.rules.enrolment import Channel
from app.rules.transfers import TransferState
from app.rules.violations import RuleViolation
from app.security.actor import Actor
from app.security.roles import Role
from app.services.enrolment import submit_batch
from app.services.transfer_decisions import accept_transfers, refuse_transfers, withdraw_transfers
from app.services.transfers import Wanted, ask_for_member, send_members
from app.transaction import transaction
from tests.factories import actor_of_role, make_fees, make_members, make_tree, make_year
from tests.factories.batches import SUBMITTING

PEOPLE = 5


@dataclass(frozen=True, slots=True)
class City:
    """Members of one union, who acts, and where they could go (ids: the session that made them is over)."""

    members: list[int]
    here: int
    there: int
    elsewhere: int
    sender: Actor
    receiver: Actor
    other: Actor
    above: Actor


@pytest.fixture
def city(committing: Flask) -> City:
    with transaction() as session:
        tree = make_tree(session)
        make_year(session)
        make_fees(session)
        members = make_members(session, tree.grassroots, PEOPLE, name="李明")
        return City(
            [member.id for member in members],
            tree.grassroots.id,
            tree.sibling.id,
            tree.straight.id,
            actor_of_role(session, tree.grassroots, Role.OPERATOR),
            actor_of_role(session, tree.sibling, Role.OPERATOR),
            actor_of_role(session, tree.straight, Role.OPERATOR),
            actor_of_role(session, tree.district, Role.DISTRICT_REVIEWER),
        )


@pytest.fixture
def offered(city: City) -> list[int]:
    with transaction() as session:
        wanted = [Wanted(member, city.there) for member in city.members]
        return send_members(session, city.sender, wanted=wanted, now=SUBMITTING).transfers


@pytest.fixture(autouse=True)
def no_lies(committing: Flask) -> Iterator[None]:
    yield
    with transaction() as session:
        assert find_lies(session) == []


def together(application: Flask, *verbs: Callable[[Session], Any]) -> list[Any]:
    """All verbs at once; what each answered, or its refusal."""
    start = Barrier(len(verbs))

    def run(verb: Callable[[Session], Any]) -> Any:
        with application.app_context():
            start.wait(30)
            try:
                with transaction() as session:
                    return verb(session)
            except RuleViolation as refusal:
                return refusal

    with ThreadPoolExecutor(len(verbs)) as pool:
        return list(pool.map(run, verbs))


def states(ids: Sequence[int]) -> list[TransferState]:
    with transaction() as session:
        wanted = select(MemberTransfer.state).where(MemberTransfer.id == func.any(list(ids)))
        return list(session.scalars(wanted.order_by(MemberTransfer.id)))


@pytest.mark.parametrize("turn", range(3))
def test_accepting_and_withdrawing_at_once_leave_one_winner(committing, city, offered, turn):
    accepted, withdrawn = together(
        committing,
        lambda session: accept_transfers(session, city.receiver, transfer_ids=offered[:1], now=SUBMITTING),
        lambda session: withdraw_transfers(session, city.sender, transfer_ids=offered[:1], now=SUBMITTING),
    )
    (loser,) = [answer for answer in (accepted, withdrawn) if isinstance(answer, RuleViolation)]
    assert (loser.code, loser.status, loser.facts["at"]) == ("transfer_decided_there", 409, SUBMITTING)


def test_two_colleagues_decide_one_transfer_and_the_second_learns_who(committing, city, offered):
    answers = together(
        committing,
        lambda session: accept_transfers(session, city.receiver, transfer_ids=offered, now=SUBMITTING),
        lambda session: refuse_transfers(
            session, city.receiver, transfer_ids=offered, reason_code="not_joined", now=SUBMITTING
        ),
    )
    (loser,) = [answer for answer in answers if isinstance(answer, RuleViolation)]
    assert (loser.code, loser.facts["who"]) == ("transfer_decided", city.receiver.name)
    assert len(set(states(offered))) == 1


@pytest.mark.parametrize("turn", range(3))
def test_an_accept_and_a_submit_of_the_old_union_queue_up(committing, city, offered, turn):
    accepted, submitted = together(
        committing,
        lambda session: accept_transfers(session, city.receiver, transfer_ids=offered[:2], now=SUBMITTING),
        lambda session: (
            submit_batch(
                session,
                city.sender,
                year=2025,
                channel=Channel.MEMBER_CARD,
                plan="A",
                now=SUBMITTING,
            ).headcount
        ),
    )
    with transaction() as session:
        in_batch = set(session.scalars(select(Enrolment.member_id)))
        gone = set(session.scalars(select(Member.id).where(Member.union_id == city.there)))
    if isinstance(accepted, RuleViolation):
        assert accepted.code == "transfer_while_submitted"
        assert (submitted, gone) == (PEOPLE, set())
    else:
        assert (submitted, len(gone)) == (PEOPLE - 2, 2)
    assert in_batch & gone == set()


def test_one_member_is_offered_and_asked_for_at_once_and_one_of_them_waits(committing, city):
    with transaction() as session:
        member = session.get_one(Member, city.members[0])
        id_type, number = member.id_type, member.id_number
    answers = together(
        committing,
        lambda session: send_members(
            session, city.sender, wanted=[Wanted(city.members[0], city.there)], now=SUBMITTING
        ),
        lambda session: ask_for_member(
            session,
            city.other,
            id_type=id_type,
            id_number=number,
            name="李明",
            to_union_id=city.elsewhere,
            now=SUBMITTING,
        ),
    )
    (loser,) = [answer for answer in answers if isinstance(answer, RuleViolation)]
    assert loser.code == "transfer_waiting"


@pytest.mark.parametrize("turn", range(3))
def test_a_move_from_above_and_an_accept_bring_the_member_to_one_place(committing, city, offered, turn):
    moved, accepted = together(
        committing,
        lambda session: send_members(
            session,
            city.above,
            wanted=[Wanted(member, city.elsewhere) for member in city.members],
            now=SUBMITTING,
        ),
        lambda session: accept_transfers(session, city.receiver, transfer_ids=offered, now=SUBMITTING),
    )
    assert not isinstance(moved, RuleViolation) or moved.code == "list_changed_meanwhile"
    with transaction() as session:
        places = set(session.scalars(select(Member.union_id)))
    assert places <= {city.there, city.elsewhere} and len(places) == 1
    if isinstance(accepted, RuleViolation):
        assert set(states(offered)) == {TransferState.LAPSED}
