"""Nobody approves what they submitted themselves: the service refuses it, and so does the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import time_machine
from flask.testing import FlaskClient
from flask_appbuilder.security.sqla.models import Role as RoleRow
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.models import (
    Account,
    AuditEntry,
    DistrictBatch,
    EnrolmentBatch,
    ErasureRequest,
    MemberTransfer,
    PaymentVoucher,
    Union,
)
from app.rules.auditing import AuditKind
from app.rules.enrolment import BatchStatus
from app.rules.erasure import ErasureAsker, ErasureGround
from app.rules.settlement import DistrictBatchStatus
from app.security.actor import Actor, actor_of
from app.security.roles import Role
from app.services.enrolment import Channel, submit_batch
from app.services.erasure import approve_erasure, refuse_erasure, request_erasure, withdraw_erasure
from app.services.filing import file_district_batch
from app.services.review import approve_batches, return_batch
from app.services.settlement import (
    accept_district_batch,
    reject_district_batch,
    reject_voucher,
    settle_voucher,
)
from app.services.transfer_decisions import accept_transfers, refuse_transfers, withdraw_transfers
from app.services.transfers import Wanted, send_members
from tests.factories import (
    Tree,
    actor_of_role,
    at,
    make_account,
    make_employer,
    make_member,
    make_members,
    sign_in,
)
from tests.factories.batches import (
    FILING,
    HANDLER,
    PAYING,
    REVIEWING,
    SUBMITTING,
    bring_to,
    last_voucher,
    make_batch,
    make_filed,
)
from tests.factories.outcomes import outcome

AFTER = at("2026-01-05 10:00")


def with_both(session: Session, union: Union, first: Role, second: Role) -> Actor:
    """An account that holds two roles, as nobody would give it but a database in the wrong hands."""
    account = make_account(session, union, first)
    row = session.scalar(select(RoleRow).where(RoleRow.name == second.value)) or RoleRow(name=second.value)
    account.roles.append(row)
    session.flush()
    session.refresh(account, ["union"])
    return actor_of(account)


@contextmanager
def refused_by(session: Session, constraint: str) -> Iterator[None]:
    step = session.begin_nested()
    with pytest.raises(IntegrityError, match=constraint):
        yield
    step.rollback()


# ---- enrolment batches


@pytest.fixture
def both(session: Session, tree: Tree) -> Actor:
    make_employer(session, tree.grassroots)
    make_members(session, tree.grassroots, 2)
    return with_both(session, tree.grassroots, Role.OPERATOR, Role.SECOND_REVIEWER)


def submitted_by(session: Session, actor: Actor) -> EnrolmentBatch:
    return submit_batch(session, actor, year=2025, channel=Channel.MEMBER_CARD, plan="A", now=SUBMITTING)


def test_who_submitted_a_batch_can_not_approve_it(session: Session, tree: Tree, both: Actor) -> None:
    batch = submitted_by(session, both)
    assert outcome(lambda: approve_batches(session, both, batch_ids=[batch.id], now=REVIEWING)) == "own_batch"
    session.refresh(batch)
    assert batch.status is BatchStatus.SUBMITTED
    (noted,) = session.scalars(select(AuditEntry).where(AuditEntry.kind == AuditKind.REFUSAL)).all()
    assert (noted.table_name, noted.ids, noted.facts) == (
        "enrolment_batch",
        [batch.id],
        {"code": "own_batch"},
    )
    other = actor_of_role(session, tree.second, Role.SECOND_REVIEWER)
    assert outcome(lambda: approve_batches(session, other, batch_ids=[batch.id], now=REVIEWING)) == "ok"


def test_the_other_batches_go_on(session: Session, tree: Tree, both: Actor) -> None:
    own, others = submitted_by(session, both), make_batch(session, tree.straight)
    reviewer = with_both(session, tree.district, Role.DISTRICT_REVIEWER, Role.OPERATOR)
    session.execute(
        update(EnrolmentBatch).where(EnrolmentBatch.id == own.id).values(submitted_by=reviewer.account_id)
    )
    decisions = approve_batches(session, reviewer, batch_ids=[own.id, others.id], now=REVIEWING)
    assert [decision.problem.code if decision.problem else "ok" for decision in decisions] == [
        "own_batch",
        "ok",
    ]


def test_who_submitted_a_batch_may_return_it(session: Session, both: Actor) -> None:
    batch = submitted_by(session, both)
    return_batch(session, both, batch_id=batch.id, reason_code="wrong_list", now=REVIEWING)
    assert batch.status is BatchStatus.RETURNED


@pytest.mark.parametrize("decided_by", ["submitted_by", "NULL"])
def test_the_database_approves_no_batch_without_another_person(
    session: Session, tree: Tree, decided_by: str
) -> None:
    make_batch(session, tree.grassroots)
    with refused_by(session, "nobody_approves_their_own_batch"):
        session.execute(text(f"UPDATE enrolment_batch SET status = 'approved', decided_by = {decided_by}"))


def test_the_screen_says_it_and_changes_nothing(
    client: FlaskClient, session: Session, tree: Tree, both: Actor
) -> None:
    batch = submitted_by(session, both)
    with time_machine.travel(REVIEWING, tick=False):
        sign_in(client, session.get_one(Account, both.account_id))
        answer = client.post("/review/collective/", data={"ids": [batch.id]})
    assert answer.status_code == 403 and "该批次由您本人提交" in answer.text
    session.refresh(batch)
    assert batch.status is BatchStatus.SUBMITTED


# ---- district batches and vouchers


@pytest.fixture
def clerk_and_reviewer(session: Session, tree: Tree) -> Actor:
    return with_both(session, tree.district, Role.DISTRICT_REVIEWER, Role.CENTRE_CLERK)


def filed_by(session: Session, tree: Tree, actor: Actor) -> DistrictBatch:
    batch = make_batch(session, tree.grassroots)
    approve_batches(session, actor, batch_ids=[batch.id], now=REVIEWING)
    return file_district_batch(session, actor, year=2025, handler=HANDLER, now=FILING)


def test_who_filed_a_district_batch_neither_accepts_nor_rejects_it(
    session: Session, tree: Tree, clerk_and_reviewer: Actor, clerk: Actor
) -> None:
    filed = filed_by(session, tree, clerk_and_reviewer)

    def reject() -> object:
        return reject_district_batch(
            session, clerk_and_reviewer, batch_id=filed.id, reason_code="figures_differ", now=FILING
        )

    def accept(by: Actor) -> Callable[[], object]:
        return lambda: accept_district_batch(session, by, batch_id=filed.id, now=FILING)

    assert outcome(reject) == "own_filing"
    assert outcome(accept(clerk_and_reviewer)) == "own_filing"
    assert filed.status is DistrictBatchStatus.CENTRE_REVIEW
    assert outcome(accept(clerk)) == "ok"
    assert (filed.decided_by, filed.decided_at) == (clerk.account_id, FILING)


def test_who_rejects_is_kept_with_the_batch(session: Session, tree: Tree, clerk: Actor) -> None:
    filed = make_filed(session, tree.district, tree.grassroots)
    reject_district_batch(session, clerk, batch_id=filed.id, reason_code="figures_differ", now=FILING)
    assert (filed.decided_by, filed.decided_at) == (clerk.account_id, FILING)


@pytest.mark.parametrize("decided_by", ["submitted_by", "NULL"])
def test_the_database_accepts_nothing_without_another_person(
    session: Session, filed: DistrictBatch, decided_by: str
) -> None:
    with refused_by(session, "nobody_decides_what_they_filed"):
        session.execute(
            text(f"UPDATE district_batch SET status = 'awaiting_payment', decided_by = {decided_by}")
        )


def test_who_uploaded_a_voucher_neither_settles_nor_rejects_it(
    session: Session, tree: Tree, filed: DistrictBatch, clerk_and_reviewer: Actor, clerk: Actor
) -> None:
    bring_to(session, tree, filed, DistrictBatchStatus.VOUCHER_REVIEW)
    voucher = session.get_one(PaymentVoucher, last_voucher(session, filed))
    voucher.uploaded_by = clerk_and_reviewer.account_id
    session.flush()

    def settle(by: Actor) -> Callable[[], object]:
        return lambda: settle_voucher(session, by, voucher_id=voucher.id, now=PAYING)

    def reject() -> object:
        return reject_voucher(
            session, clerk_and_reviewer, voucher_id=voucher.id, reason_code="unreadable", now=PAYING
        )

    assert (outcome(settle(clerk_and_reviewer)), outcome(reject)) == ("own_voucher", "own_voucher")
    assert outcome(settle(clerk)) == "ok"


@pytest.mark.parametrize("decided_by", ["uploaded_by", "NULL"])
def test_the_database_settles_no_voucher_without_another_person(
    session: Session, tree: Tree, filed: DistrictBatch, decided_by: str
) -> None:
    bring_to(session, tree, filed, DistrictBatchStatus.VOUCHER_REVIEW)
    with refused_by(session, "nobody_decides_their_own_voucher"):
        session.execute(text(f"UPDATE payment_voucher SET status = 'settled', decided_by = {decided_by}"))


# ---- erasures


def test_who_asks_for_an_erasure_neither_grants_nor_refuses_it(
    session: Session, tree: Tree, reviewer: Actor
) -> None:
    both = with_both(session, tree.grassroots, Role.OPERATOR, Role.DISTRICT_REVIEWER)
    member = make_member(session, tree.grassroots)
    request = request_erasure(
        session,
        both,
        member_id=member.id,
        ground=ErasureGround.CONSENT_WITHDRAWN,
        asker=ErasureAsker.PERSON,
        note="",
        now=AFTER,
    )
    grant = outcome(lambda: approve_erasure(session, both, request_id=request.id, now=AFTER))
    refuse = outcome(lambda: refuse_erasure(session, both, request_id=request.id, answer="不同意", now=AFTER))
    assert (grant, refuse) == ("erasure_own_request", "erasure_own_request")
    assert outcome(lambda: withdraw_erasure(session, both, request_id=request.id, now=AFTER)) == "ok"


@pytest.mark.parametrize("state", ["erased", "refused"])
@pytest.mark.parametrize("decided_by", ["requested_by", "NULL"])
def test_the_database_decides_no_erasure_without_another_person(
    session: Session, tree: Tree, operator: Actor, state: str, decided_by: str
) -> None:
    member = make_member(session, tree.grassroots)
    session.add(
        ErasureRequest(
            member_id=member.id,
            union_id=member.union_id,
            ground=ErasureGround.UNLAWFUL,
            asker=ErasureAsker.UNION,
            state="requested",
            requested_by=operator.account_id,
            requested_at=AFTER,
        )
    )
    session.flush()
    answer = "'—'" if state == "refused" else "''"
    with refused_by(session, "nobody_decides_their_own_erasure"):
        session.execute(
            text(
                f"UPDATE erasure_request SET state = '{state}', decided_at = now(), answer = {answer},"
                f" decided_by = {decided_by}"
            )
        )


# ---- transfers


@pytest.fixture
def offered(session: Session, tree: Tree, operator: Actor) -> MemberTransfer:
    make_employer(session, tree.grassroots)
    member = make_member(session, tree.grassroots, has_card=False)
    made = send_members(session, operator, wanted=[Wanted(member.id, tree.sibling.id)], now=AFTER)
    return session.get_one(MemberTransfer, made.transfers[0])


def test_who_proposed_a_transfer_neither_accepts_nor_refuses_it(
    session: Session, tree: Tree, offered: MemberTransfer, operator: Actor
) -> None:
    """As happens when somebody changes from the sending to the receiving union meanwhile."""
    account = session.get_one(Account, operator.account_id)
    account.union_id = tree.sibling.id
    session.flush()
    session.refresh(account, ["union"])
    moved = actor_of(account)

    def refuse() -> object:
        return refuse_transfers(
            session, moved, transfer_ids=[offered.id], reason_code="not_joined", now=AFTER
        )

    def accept(by: Actor) -> Callable[[], object]:
        return lambda: accept_transfers(session, by, transfer_ids=[offered.id], now=AFTER)

    assert (outcome(accept(moved)), outcome(refuse)) == ("own_transfer", "own_transfer")
    other = actor_of_role(session, tree.sibling, Role.OPERATOR)
    assert outcome(accept(other)) == "ok"


def test_who_proposed_a_transfer_may_take_it_back(
    session: Session, offered: MemberTransfer, operator: Actor
) -> None:
    taken_back = outcome(lambda: withdraw_transfers(session, operator, transfer_ids=[offered.id], now=AFTER))
    assert taken_back == "ok"


@pytest.mark.parametrize("decided_by", ["proposed_by", "NULL"])
def test_the_database_accepts_no_transfer_without_another_person(
    session: Session, offered: MemberTransfer, decided_by: str
) -> None:
    with refused_by(session, "nobody_decides_their_own_transfer"):
        session.execute(
            text(
                f"UPDATE member_transfer SET state = 'accepted', decided_at = now(), decided_by = {decided_by}"
            )
        )
