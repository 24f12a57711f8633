"""消息提醒: each thing that happens is told to those whom it concerns, once, and to nobody else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.acting import acting_for
from app.models import (
    Account,
    DistrictBatch,
    Mail,
    Message,
    MutedKind,
    Union,
)
from app.rules.messages import NATURES, RECEIVERS, TODO_KINDS, MessageKind, Way
from app.rules.settlement import DistrictBatchStatus
from app.rules.violations import RuleViolation
from app.rules.years import WindowName
from app.security.actor import SYSTEM, Actor
from app.security.roles import Role
from app.services.extensions import grant_extension
from app.services.inbox import Mark, mark_messages, mute_kinds, open_message, read_all, undo
from app.services.lapse import lapse_batches
from app.services.messages import tell_operators
from app.services.reminders import tell_of_lapse, tell_of_window
from app.services.review import approve_batches, return_batch
from app.services.settlement import (
    accept_district_batch,
    reject_district_batch,
    reject_voucher,
    settle_voucher,
)
from app.services.transfer_decisions import accept_transfers, refuse_transfers
from app.services.transfers import Wanted, send_members
from tests.factories import Tree, actor_of_role, at, make_member
from tests.factories.batches import PAYING, REVIEWING, bring_to, last_voucher, make_batch

K = MessageKind


@pytest.fixture
def people(session: Session, tree: Tree) -> dict[str, Actor]:
    """One account for each work of both branches of the city: whoever isn't concerned would show."""
    return {
        "operator": actor_of_role(session, tree.grassroots, Role.OPERATOR),
        "straight operator": actor_of_role(session, tree.straight, Role.OPERATOR),
        "sibling": actor_of_role(session, tree.sibling, Role.OPERATOR),
        "other operator": actor_of_role(session, tree.other_grassroots, Role.OPERATOR),
        "second": actor_of_role(session, tree.second, Role.SECOND_REVIEWER),
        "other second": actor_of_role(session, tree.other_second, Role.SECOND_REVIEWER),
        "district": actor_of_role(session, tree.district, Role.DISTRICT_REVIEWER),
        "other district": actor_of_role(session, tree.other_district, Role.DISTRICT_REVIEWER),
        "clerk": actor_of_role(session, tree.city, Role.CENTRE_CLERK),
        "municipal": actor_of_role(session, tree.city, Role.MUNICIPAL_ADMIN),
        "manager": actor_of_role(session, tree.city, Role.MANAGER),
        "auditor": actor_of_role(session, tree.city, Role.AUDITOR),
    }


def told(session: Session, people: dict[str, Actor], kind: MessageKind) -> set[str]:
    """Who of the people has a message of the kind."""
    session.flush()
    names = {actor.account_id: name for name, actor in people.items()}
    found = session.scalars(select(Message.account_id).where(Message.kind == kind)).all()
    assert len(found) == len(set(found)), "told twice"
    return {names[account_id] for account_id in found if account_id in names}


def messages_of(session: Session, actor: Actor) -> Sequence[Message]:
    return session.scalars(select(Message).where(Message.account_id == actor.account_id)).all()


def letters_to(session: Session, actor: Actor) -> int:
    address = select(Account.email).where(Account.id == actor.account_id).scalar_subquery()
    of_messages = Mail.message_id.is_not(None)
    return session.scalar(select(func.count(Mail.id)).where(of_messages, Mail.to_address == address)) or 0


def clear(session: Session) -> None:
    for message in session.scalars(select(Message)):
        session.delete(message)
    session.flush()


def test_a_returned_list_is_told_to_its_own_operators_with_the_reason(
    session: Session, tree: Tree, people: dict[str, Actor]
) -> None:
    batch = make_batch(session, tree.grassroots)
    return_batch(session, people["second"], batch_id=batch.id, reason_code="wrong_list", now=REVIEWING)

    assert told(session, people, K.BATCH_RETURNED) == {"operator"}
    message = messages_of(session, people["operator"])[0]
    assert (message.about_id, message.facts["number"]) == (batch.id, batch.number)
    assert message.facts["reason"]["zh"]


def test_approved_lists_are_told_to_the_operators_of_each(
    session: Session, tree: Tree, people: dict[str, Actor]
) -> None:
    batches = [make_batch(session, union) for union in (tree.grassroots, tree.straight)]
    approve_batches(session, people["district"], batch_ids=[b.id for b in batches], now=REVIEWING)

    assert told(session, people, K.BATCH_APPROVED) == {"operator", "straight operator"}


def test_a_filing_is_told_to_the_centre_and_to_the_operators(
    session: Session, tree: Tree, people: dict[str, Actor], filed: DistrictBatch
) -> None:
    assert told(session, people, K.FILED_ARRIVED) == {"clerk"}
    assert told(session, people, K.BATCH_FILED) == {"operator", "straight operator"}


def test_what_the_centre_decides_is_told_to_the_district(
    session: Session, tree: Tree, people: dict[str, Actor], filed: DistrictBatch
) -> None:
    accept_district_batch(session, people["clerk"], batch_id=filed.id, now=PAYING)
    assert told(session, people, K.FILED_ACCEPTED) == {"district"}


def test_a_rejection_of_the_centre_is_told_with_its_reason(
    session: Session, tree: Tree, people: dict[str, Actor], filed: DistrictBatch
) -> None:
    reject_district_batch(
        session, people["clerk"], batch_id=filed.id, reason_code="other", text="名单有误", now=PAYING
    )
    assert told(session, people, K.FILED_REJECTED) == {"district"}
    message = session.scalars(select(Message).where(Message.kind == K.FILED_REJECTED)).first()
    assert message is not None
    assert message.facts["reason"]["zh"]
    assert "名单有误" not in str(message.facts), "what was typed may name a person"


def test_vouchers_are_told_to_the_centre_and_their_end_to_the_district(
    session: Session, tree: Tree, people: dict[str, Actor], filed: DistrictBatch
) -> None:
    bring_to(session, tree, filed, DistrictBatchStatus.VOUCHER_REVIEW)
    voucher = last_voucher(session, filed)
    assert told(session, people, K.VOUCHER_ARRIVED) == {"clerk"}

    reject_voucher(
        session, people["clerk"], voucher_id=voucher, reason_code="other", text="不清晰", now=PAYING
    )
    assert told(session, people, K.VOUCHER_REJECTED) == {"district"}


def test_a_settled_voucher_is_told_to_the_district_and_to_the_operators_whose_cover_begins(
    session: Session, tree: Tree, people: dict[str, Actor], filed: DistrictBatch
) -> None:
    bring_to(session, tree, filed, DistrictBatchStatus.VOUCHER_REVIEW)
    settle_voucher(session, people["clerk"], voucher_id=last_voucher(session, filed), now=PAYING)

    assert told(session, people, K.VOUCHER_SETTLED) == {"district"}
    assert told(session, people, K.BATCH_COMPLETED) == {"operator", "straight operator"}


def test_an_offered_member_is_told_to_the_receiving_union_and_the_answer_to_the_sending_one(
    session: Session, tree: Tree, people: dict[str, Actor]
) -> None:
    members = [make_member(session, tree.grassroots) for _ in range(3)]
    wanted = [Wanted(member.id, tree.other_grassroots.id) for member in members]
    offered = send_members(session, people["operator"], wanted=wanted, now=REVIEWING)

    assert told(session, people, K.TRANSFER_ASKED) == {"other operator"}
    assert session.scalars(select(Message).where(Message.kind == K.TRANSFER_ASKED)).one().facts["people"] == 3

    accept_transfers(session, people["other operator"], transfer_ids=offered.transfers[:2], now=REVIEWING)
    refuse_transfers(
        session,
        people["other operator"],
        transfer_ids=offered.transfers[2:],
        reason_code="other",
        text="非本单位",
        now=REVIEWING,
    )
    assert told(session, people, K.TRANSFER_ACCEPTED) == {"operator"}
    assert told(session, people, K.TRANSFER_REFUSED) == {"operator"}


def test_a_lapse_is_told_to_the_operators_and_to_both_unions_above(
    session: Session, tree: Tree, people: dict[str, Actor]
) -> None:
    batches = [make_batch(session, tree.grassroots), make_batch(session, tree.sibling)]
    ids = [batch.id for batch in batches]
    now = at("2024-12-26")
    lapse_batches(session, SYSTEM, batch_ids=ids, now=now)

    assert tell_of_lapse(session, ids, why="unpaid", now=now) == 4 + len(ids), "those who submitted, too"
    assert told(session, people, K.BATCH_LAPSED) == {"operator", "sibling"}
    assert told(session, people, K.LISTS_LAPSED) == {"second", "district"}
    assert tell_of_lapse(session, ids, why="unpaid", now=now) == 0, (
        "a boundary that is run again tells nobody twice"
    )


@pytest.mark.parametrize(
    ("window", "whose"),
    [
        (WindowName.GRASSROOTS_SUBMIT, {"operator", "straight operator", "sibling", "other operator"}),
        (WindowName.REVIEW, {"second", "other second", "district", "other district"}),
        (WindowName.DISTRICT_SUBMIT, {"district", "other district"}),
        (WindowName.FEE_SETTING, {"district", "other district"}),
    ],
)
def test_a_window_that_opens_is_told_to_those_whose_it_is(
    session: Session, people: dict[str, Actor], window: WindowName, whose: set[str]
) -> None:
    assert tell_of_window(session, 2025, window, opened=True, now=at("2024-11-01")) == len(whose)
    assert told(session, people, K.WINDOW_OPENED) == whose
    assert tell_of_window(session, 2025, window, opened=True, now=at("2024-11-01 00:05")) == 0


def test_nobody_hears_of_a_closing_that_an_extension_holds_off(
    session: Session, tree: Tree, people: dict[str, Actor]
) -> None:
    extend(session, people["municipal"], tree.second)
    tell_of_window(session, 2025, WindowName.GRASSROOTS_SUBMIT, opened=False, now=at("2024-12-26"))
    assert told(session, people, K.WINDOW_CLOSED) == {"straight operator", "other operator"}


@pytest.mark.parametrize(
    ("window", "whose"),
    [
        (WindowName.GRASSROOTS_SUBMIT, {"operator", "sibling"}),
        (WindowName.REVIEW, {"second", "district"}),
    ],
)
def test_an_extension_is_told_to_those_whose_window_it_is(
    session: Session, tree: Tree, people: dict[str, Actor], window: WindowName, whose: set[str]
) -> None:
    extend(session, people["municipal"], tree.second, window)
    assert told(session, people, K.EXTENSION_GRANTED) == whose


def extend(
    session: Session, actor: Actor, union: Union, window: WindowName = WindowName.GRASSROOTS_SUBMIT
) -> None:
    grant_extension(
        session,
        actor,
        year=2025,
        window=window,
        union_code=union.code,
        closes_at=at("2025-01-05"),
        reason="系统故障",
        now=at("2024-12-20"),
    )


def test_the_same_thing_told_again_is_one_message_and_one_letter(
    session: Session, tree: Tree, people: dict[str, Actor]
) -> None:
    batch = make_batch(session, tree.grassroots)
    assert tell_operators(session, K.BATCH_RETURNED, [batch.id], REVIEWING) == 2, "and who submitted"
    assert tell_operators(session, K.BATCH_RETURNED, [batch.id], REVIEWING) == 0
    assert len(messages_of(session, people["operator"])) == 1
    assert letters_to(session, people["operator"]) == 1


def test_somebody_who_works_behind_the_wall_tells_whom_they_do_not_see(
    session: Session, tree: Tree, people: dict[str, Actor]
) -> None:
    """As the application: the writer sees neither the accounts nor the messages nor the letters."""
    members = [make_member(session, tree.grassroots)]
    wanted = [Wanted(members[0].id, tree.other_grassroots.id)]
    with acting_for(session, people["operator"]):
        send_members(session, people["operator"], wanted=wanted, now=REVIEWING)
        assert session.scalars(select(Message)).all() == []
        assert session.scalars(select(Mail)).all() == []
    assert told(session, people, K.TRANSFER_ASKED) == {"other operator"}


def test_a_disabled_account_is_told_nothing(session: Session, tree: Tree, people: dict[str, Actor]) -> None:
    session.get_one(Account, people["operator"].account_id).active = False
    batch = make_batch(session, tree.grassroots)
    session.flush()
    tell_operators(session, K.BATCH_APPROVED, [batch.id], REVIEWING)
    assert not messages_of(session, people["operator"])


def test_a_quiet_kind_comes_in_read_and_without_a_letter(
    session: Session, tree: Tree, people: dict[str, Actor]
) -> None:
    mute_kinds(session, people["operator"], inbox=[K.BATCH_RETURNED], mail=[K.BATCH_RETURNED])
    batch = make_batch(session, tree.grassroots)
    tell_operators(session, K.BATCH_RETURNED, [batch.id], REVIEWING)

    (message,) = messages_of(session, people["operator"])
    assert message.read_at == REVIEWING
    assert letters_to(session, people["operator"]) == 0


def test_mail_and_inbox_are_quiet_each_by_itself(
    session: Session, tree: Tree, people: dict[str, Actor]
) -> None:
    mute_kinds(session, people["operator"], inbox=[], mail=[K.BATCH_LAPSED])
    batch = make_batch(session, tree.grassroots)
    tell_of_lapse(session, [batch.id], why="unpaid", now=REVIEWING)

    (message,) = messages_of(session, people["operator"])
    assert message.read_at is None
    assert letters_to(session, people["operator"]) == 0


@pytest.mark.parametrize("kind", [K.REMINDER, K.BATCH_LAPSED, K.LISTS_LAPSED])
def test_deadlines_and_lapses_cannot_be_quiet(session: Session, operator: Actor, kind: MessageKind) -> None:
    with pytest.raises(RuleViolation, match="message_always_told"):
        mute_kinds(session, operator, inbox=[kind], mail=[])
    assert NATURES[kind].always


def test_choosing_again_replaces_what_was_quiet(session: Session, operator: Actor) -> None:
    mute_kinds(session, operator, inbox=[K.BATCH_FILED], mail=[])
    mute_kinds(session, operator, inbox=[K.BATCH_APPROVED], mail=[K.REMINDER])
    found = session.execute(select(MutedKind.kind, MutedKind.way).order_by(MutedKind.kind)).all()
    assert [tuple(row) for row in found] == [(K.BATCH_APPROVED, Way.INBOX), (K.REMINDER, Way.MAIL)]


def make_messages(session: Session, actor: Actor, tree: Tree, *kinds: MessageKind) -> list[int]:
    batch = make_batch(session, tree.grassroots)
    clear(session)
    for kind in kinds:
        tell_operators(session, kind, [batch.id], REVIEWING)
    own = select(Message.id).where(Message.account_id == actor.account_id).order_by(Message.id)
    return list(session.scalars(own))


def test_marks_are_set_and_taken_back(session: Session, tree: Tree, operator: Actor) -> None:
    returned, approved = make_messages(session, operator, tree, K.BATCH_RETURNED, K.BATCH_APPROVED)
    now = at("2024-12-21 09:00")

    assert mark_messages(session, operator, [returned, approved], Mark.DONE, now) == 1, "only work is done"
    session.expire_all()
    assert session.get_one(Message, returned).read_at == now
    assert session.get_one(Message, approved).read_at is None
    assert undo(session, operator, Mark.DONE, now) == 1
    session.expire_all()
    assert session.get_one(Message, returned).done_at is None

    later = now + timedelta(minutes=1)
    assert read_all(session, operator, later) == 1
    assert undo(session, operator, Mark.READ, later) == 1
    session.expire_all()
    assert session.get_one(Message, approved).read_at is None
    assert session.get_one(Message, returned).read_at == now, "what was read before stays read"


def test_nobody_reads_or_marks_the_message_of_another(
    session: Session, tree: Tree, operator: Actor, municipal: Actor, reviewer: Actor
) -> None:
    (own,) = make_messages(session, operator, tree, K.BATCH_RETURNED)
    for stranger in (municipal, reviewer, actor_of_role(session, tree.grassroots, Role.OPERATOR)):
        with acting_for(session, stranger):
            for attempt in (
                lambda who=stranger: open_message(session, who, own, REVIEWING),
                lambda who=stranger: mark_messages(session, who, [own], Mark.READ, REVIEWING),
            ):
                with pytest.raises(RuleViolation) as refused:
                    attempt()
                assert refused.value.status == 404
            assert undo(session, stranger, Mark.READ, REVIEWING) == 0
            assert session.get(Message, own, populate_existing=True) is None


def test_every_kind_has_a_nature() -> None:
    assert set(NATURES) == set(RECEIVERS) == set(MessageKind)
    assert K.REMINDER in TODO_KINDS
