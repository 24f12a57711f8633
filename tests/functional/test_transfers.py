"""批量转移 and 会员转出审核: who may propose and decide, what moves, and what stays where it was earned."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import EnrolmentConfirmation, EnrolmentExclusion, EventObject, Member, MemberTransfer, Union
from app.queries.check import find_lies
from app.queries.cover import covers_of
from app.queries.enrolment import bucket_counts
from app.queries.log import log_of
from app.queries.transfers import Box, left_since_submit, transfers_in
from app.queries.years import get_year
from app.rules.enrolment import BatchStatus, Bucket, Channel
from app.rules.members import EmploymentStatus, IdType, Sex
from app.rules.transfers import Direction, TransferAction, TransferState
from app.rules.violations import RuleViolation
from app.security.actor import Actor
from app.security.roles import Role
from app.services.marks import confirm_members, exclude_members
from app.services.transfer_decisions import accept_transfers, refuse_transfers, withdraw_transfers
from app.services.transfers import Wanted, ask_for_member, send_members
from tests.factories import Tree, actor_of_role, at, make_employer, make_member, make_members, resident_number
from tests.factories.batches import batch_in
from tests.factories.outcomes import bucket

OPEN = at("2024-12-05 10:00")
LATER = at("2025-02-05 10:00")


def offer(session: Session, actor: Actor, member: Member, to: Union, note: str = "") -> MemberTransfer:
    outcome = send_members(session, actor, wanted=[Wanted(member.id, to.id, note)], now=OPEN)
    assert outcome.left_out == []
    return session.get_one(MemberTransfer, outcome.transfers[0])


def ask(session: Session, actor: Actor, member: Member, to: Union, name: str = "") -> MemberTransfer:
    return ask_for_member(
        session,
        actor,
        id_type=member.id_type,
        id_number=member.id_number,
        name=name or "李明",
        to_union_id=to.id,
        now=OPEN,
    )


@pytest.fixture
def receiver(session: Session, tree: Tree) -> Actor:
    return actor_of_role(session, tree.other_grassroots, Role.OPERATOR)


def test_an_accepted_offer_moves_the_record_and_frees_the_employer(session, tree, operator, receiver):
    employer = make_employer(session, tree.grassroots)
    member = make_member(session, tree.grassroots, employer_id=employer.id)
    number = member.member_no
    transfer = offer(session, operator, member, tree.other_grassroots, "随部门调出")
    assert (transfer.direction, transfer.state) == (Direction.OFFER, TransferState.WAITING)
    assert member.union_id == tree.grassroots.id

    accept_transfers(session, receiver, transfer_ids=[transfer.id], now=LATER)

    there = tree.other_grassroots
    assert (member.union_id, member.second_id, member.district_id) == (
        there.id,
        there.second_id,
        there.district_id,
    )
    assert (member.employer_id, member.member_no) == (None, number)
    assert (transfer.state, transfer.decided_by, transfer.decided_at) == (
        TransferState.ACCEPTED,
        receiver.account_id,
        LATER,
    )
    assert find_lies(session) == []


def test_an_asking_union_knows_what_it_typed_until_the_other_agrees(session, tree, operator, receiver):
    member = make_member(session, tree.grassroots, name="张小明")
    transfer = ask(session, receiver, member, tree.other_grassroots, name="张晓明")
    (row,) = session.execute(transfers_in(receiver, Box.SENT)).all()
    assert (row.hidden, row.name, row.from_name) == (True, "张晓明", "")
    assert transfer.asked_number == f"{member.id_number[:4]} **** **** {member.id_number[-4:]}"
    (row,) = session.execute(transfers_in(operator, Box.MINE)).all()
    assert (row.hidden, row.name, row.to_name) == (False, "张小明", tree.other_grassroots.name)

    accept_transfers(session, operator, transfer_ids=[transfer.id], now=LATER)
    (row,) = session.execute(transfers_in(receiver, Box.DONE)).all()
    assert (row.hidden, row.name, row.from_name) == (False, "张小明", tree.grassroots.name)
    assert member.union_id == tree.other_grassroots.id


def test_asking_tells_no_more_than_an_import_does(session, tree, receiver):
    stranger = resident_number(at("1980-01-01").date(), Sex.MALE, 4711)
    with pytest.raises(RuleViolation, match="person_nowhere"):
        ask_for_member(
            session,
            receiver,
            id_type=IdType.RESIDENT_ID,
            id_number=stranger,
            name="路人",
            to_union_id=tree.other_grassroots.id,
            now=OPEN,
        )
    own = make_member(session, tree.other_grassroots)
    with pytest.raises(RuleViolation, match="member_exists"):
        ask(session, receiver, own, tree.other_grassroots)


def test_a_refusal_needs_a_reason_and_frees_the_member_for_another_proposal(
    session, tree, operator, receiver
):
    member = make_member(session, tree.grassroots)
    transfer = offer(session, operator, member, tree.other_grassroots)
    with pytest.raises(RuleViolation, match="transfer_waiting"):
        offer(session, operator, member, tree.sibling)
    with pytest.raises(RuleViolation, match="reason_unknown"):
        refuse_transfers(session, receiver, transfer_ids=[transfer.id], reason_code="", now=LATER)
    with pytest.raises(RuleViolation, match="reason_text_missing"):
        refuse_transfers(session, receiver, transfer_ids=[transfer.id], reason_code="other", now=LATER)
    refuse_transfers(session, receiver, transfer_ids=[transfer.id], reason_code="not_joined", now=LATER)
    assert (transfer.state, transfer.reason_code) == (TransferState.REFUSED, "not_joined")
    assert member.union_id == tree.grassroots.id
    offer(session, operator, member, tree.sibling)
    assert find_lies(session) == []


ACTORS: dict[str, tuple[str, Role]] = {
    "sender": ("grassroots", Role.OPERATOR),
    "receiver": ("other_grassroots", Role.OPERATOR),
    "above the sender": ("second", Role.SECOND_REVIEWER),
    "above the receiver": ("other_district", Role.DISTRICT_REVIEWER),
    "above both": ("city", Role.MUNICIPAL_ADMIN),
    "a sibling": ("sibling", Role.OPERATOR),
    "another branch": ("central_district", Role.DISTRICT_REVIEWER),
}
SENDING = {"sender", "above the sender", "above both"}
RECEIVING = {"receiver", "above the receiver", "above both"}
VERBS: dict[TransferAction, Callable[..., Any]] = {
    TransferAction.ACCEPT: accept_transfers,
    TransferAction.REFUSE: lambda *args, **more: refuse_transfers(*args, reason_code="not_joined", **more),
    TransferAction.WITHDRAW: withdraw_transfers,
}


@pytest.mark.parametrize("who", ACTORS)
@pytest.mark.parametrize("action", VERBS)
@pytest.mark.parametrize("direction", [Direction.OFFER, Direction.ASK])
def test_each_role_on_each_side_does_its_part_and_no_more(
    session, tree, operator, receiver, direction, action, who
):
    member = make_member(session, tree.grassroots)
    transfer = (
        offer(session, operator, member, tree.other_grassroots)
        if direction is Direction.OFFER
        else ask(session, receiver, member, tree.other_grassroots)
    )
    place, role = ACTORS[who]
    actor = actor_of_role(session, getattr(tree, place), role)
    for_sender = (action is TransferAction.WITHDRAW) == (direction is Direction.OFFER)
    if who in (SENDING if for_sender else RECEIVING):
        VERBS[action](session, actor, transfer_ids=[transfer.id], now=LATER)
        assert transfer.state is not TransferState.WAITING
    else:
        code = "not_your_side" if who in SENDING | RECEIVING else "not_found"
        with pytest.raises(RuleViolation, match=code):
            VERBS[action](session, actor, transfer_ids=[transfer.id], now=LATER)
        session.refresh(transfer)
        assert transfer.state is TransferState.WAITING
    assert find_lies(session) == []


@pytest.mark.parametrize("role", [Role.MANAGER, Role.CENTRE_CLERK, Role.AUDITOR, Role.SECURITY_ADMIN])
def test_who_has_no_part_in_it_is_not_allowed(session, tree, operator, role):
    transfer = offer(session, operator, make_member(session, tree.grassroots), tree.other_grassroots)
    actor = actor_of_role(session, tree.city, role)
    for verb in VERBS.values():
        with pytest.raises(RuleViolation, match="not_allowed"):
            verb(session, actor, transfer_ids=[transfer.id], now=LATER)


def test_an_operator_offers_only_its_own_members_and_only_to_grassroots_unions(session, tree, operator):
    foreign, own = make_member(session, tree.sibling), make_member(session, tree.grassroots)
    for member, to in [(foreign, tree.other_grassroots), (own, tree.other_district)]:
        with pytest.raises(RuleViolation, match="not_found"):
            send_members(session, operator, wanted=[Wanted(member.id, to.id)], now=OPEN)


def test_a_union_above_both_moves_members_at_once_and_only_within_its_part(session, tree, operator, reviewer):
    first, second = make_members(session, tree.grassroots, 2)
    waiting = offer(session, operator, first, tree.other_grassroots)
    outcome = send_members(
        session,
        reviewer,
        wanted=[Wanted(first.id, tree.straight.id), Wanted(second.id, tree.sibling.id)],
        now=LATER,
    )
    assert outcome.left_out == []
    assert (first.union_id, second.union_id) == (tree.straight.id, tree.sibling.id)
    session.refresh(waiting)
    assert waiting.state is TransferState.LAPSED
    with pytest.raises(RuleViolation, match="not_found"):
        send_members(session, reviewer, wanted=[Wanted(first.id, tree.other_grassroots.id)], now=LATER)
    assert find_lies(session) == []


def test_who_cannot_go_is_left_out_and_named(session, tree, operator):
    waiting, free = make_members(session, tree.grassroots, 2)
    offer(session, operator, waiting, tree.sibling)
    wanted = [Wanted(each.id, tree.other_grassroots.id) for each in (waiting, free)]
    outcome = send_members(session, operator, wanted=wanted, now=OPEN)
    assert len(outcome.transfers) == 1
    assert [(left.name, left.problem.code) for left in outcome.left_out] == [
        (waiting.name, "transfer_waiting")
    ]


@pytest.mark.parametrize("status", BatchStatus)
def test_a_member_leaves_a_batch_only_when_it_is_decided_and_the_batch_keeps_its_people(
    session, tree, operator, receiver, reviewer, status
):
    batch = batch_in(session, tree, status)
    member = session.scalars(select(Member).where(Member.union_id == tree.grassroots.id)).first()
    transfer = offer(session, operator, member, tree.other_grassroots)
    people = batch.headcount
    if status in (BatchStatus.SUBMITTED, BatchStatus.APPROVED, BatchStatus.FORWARDED):
        with pytest.raises(RuleViolation, match="transfer_while_submitted"):
            accept_transfers(session, receiver, transfer_ids=[transfer.id], now=LATER)
        with pytest.raises(RuleViolation, match="transfer_while_submitted"):
            send_members(session, reviewer, wanted=[Wanted(member.id, tree.straight.id)], now=LATER)
        assert member.union_id == tree.grassroots.id
    else:
        accept_transfers(session, receiver, transfer_ids=[transfer.id], now=LATER)
        assert member.union_id == tree.other_grassroots.id
        settled = status is BatchStatus.COMPLETED
        assert bucket(session, member, Channel.MEMBER_CARD) is (
            Bucket.ELSEWHERE if settled else Bucket.ELIGIBLE
        )
    session.refresh(batch)
    assert batch.headcount == people
    assert find_lies(session) == []


def test_cover_stays_visible_where_it_was_earned(session, tree, operator, receiver):
    batch_in(session, tree, BatchStatus.COMPLETED)
    member = session.scalars(select(Member).where(Member.union_id == tree.grassroots.id)).first()
    transfer = offer(session, operator, member, tree.other_grassroots)
    accept_transfers(session, receiver, transfer_ids=[transfer.id], now=LATER)
    assert [row.union_name for row in covers_of(session, operator, [member.person_key])] == [
        tree.grassroots.name
    ]
    assert covers_of(session, receiver, [member.person_key]) == []
    year = get_year(session, 2025)
    counts, _ = bucket_counts(session, tree.other_grassroots, year, Channel.MEMBER_CARD)
    assert counts[Bucket.ELSEWHERE] == 1
    counts, _ = bucket_counts(session, tree.grassroots, year, Channel.MEMBER_CARD)
    left = left_since_submit(session, tree.grassroots.id, 2025, Channel.MEMBER_CARD)
    assert (counts[Bucket.SUBMITTED], left) == (1, 1), "together the batch's head count"


def test_the_log_stays_with_each_union(session, tree, operator, receiver):
    member = make_member(session, tree.grassroots, employment_status=EmploymentStatus.UNCLEAR)
    confirm_members(session, operator, year=2025, member_ids=[member.id], now=OPEN)
    transfer = offer(session, operator, member, tree.other_grassroots)
    accept_transfers(session, receiver, transfer_ids=[transfer.id], now=LATER)

    def actions(actor: Actor) -> list[str]:
        return [event.action for event in reversed(log_of(session, actor, EventObject.MEMBER, member.id))]

    assert actions(operator) == ["confirm", "drop_marks", "transfer_out"]
    assert actions(receiver) == ["transfer_in"]


def test_decisions_for_the_year_do_not_go_along(session, tree, operator, receiver):
    unclear = make_member(session, tree.grassroots, employment_status=EmploymentStatus.UNCLEAR)
    stays_out = make_member(session, tree.grassroots)
    confirm_members(session, operator, year=2025, member_ids=[unclear.id], now=OPEN)
    exclude_members(session, operator, year=2025, member_ids=[stays_out.id], reason="即将离职", now=OPEN)
    ids = [offer(session, operator, each, tree.other_grassroots).id for each in (unclear, stays_out)]
    accept_transfers(session, receiver, transfer_ids=ids, now=LATER)
    assert session.scalars(select(EnrolmentConfirmation)).all() == []
    assert session.scalars(select(EnrolmentExclusion)).all() == []
    assert bucket(session, unclear, Channel.MEMBER_CARD) is Bucket.TO_CONFIRM
    assert bucket(session, stays_out, Channel.MEMBER_CARD) is Bucket.ELIGIBLE
    assert find_lies(session) == []


def test_a_person_with_a_record_in_both_unions_is_not_moved_onto_it(session, tree, operator, receiver):
    member = make_member(session, tree.grassroots)
    make_member(session, tree.other_grassroots, id_number=member.id_number)
    transfer = offer(session, operator, member, tree.other_grassroots)
    with pytest.raises(RuleViolation, match="member_there_already"):
        accept_transfers(session, receiver, transfer_ids=[transfer.id], now=LATER)


def test_who_comes_second_learns_who_and_when_or_that_it_was_the_other_side(
    session, tree, operator, receiver
):
    transfer = offer(session, operator, make_member(session, tree.grassroots), tree.other_grassroots)
    refuse_transfers(session, receiver, transfer_ids=[transfer.id], reason_code="not_joined", now=LATER)
    with pytest.raises(RuleViolation, match="transfer_decided") as refused:
        accept_transfers(session, receiver, transfer_ids=[transfer.id], now=LATER)
    assert (refused.value.status, refused.value.facts["who"], refused.value.facts["at"]) == (
        409,
        receiver.name,
        LATER,
    )
    with pytest.raises(RuleViolation, match="transfer_decided_there"):
        withdraw_transfers(session, operator, transfer_ids=[transfer.id], now=LATER)


def test_a_member_goes_on_and_comes_back(session, tree, operator, receiver):
    member = make_member(session, tree.grassroots)
    for actor, other, to in [
        (operator, receiver, tree.other_grassroots),
        (receiver, operator, tree.grassroots),
    ]:
        transfer = offer(session, actor, member, to)
        accept_transfers(session, other, transfer_ids=[transfer.id], now=LATER)
    assert member.union_id == tree.grassroots.id
    assert find_lies(session) == []
