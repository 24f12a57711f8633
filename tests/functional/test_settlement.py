"""The centre accepts or rejects, the district pays, the centre settles: every state and role (M4.7, Q38–Q43)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import DistrictBatch, Enrolment, EnrolmentBatch
from app.queries.check import find_lies
from app.rules.enrolment import BatchStatus, EnrolmentStatus
from app.rules.settlement import DistrictBatchStatus, VoucherStatus
from app.rules.violations import RuleViolation
from app.security.actor import Actor
from app.security.roles import Role
from app.services.filing import file_district_batch
from app.services.settlement import (
    VoucherDetails,
    accept_district_batch,
    reject_district_batch,
    reject_voucher,
    settle_voucher,
    upload_voucher,
)
from tests.factories import Tree, actor_of_role, at
from tests.factories.batches import FILING, HANDLER, PAYING, bring_to, last_voucher, pay
from tests.factories.outcomes import outcome
from tests.factories.papers import make_paper

S = DistrictBatchStatus
V = VoucherStatus


def accept(session: Session, actor: Actor, batch: DistrictBatch) -> str:
    return outcome(lambda: accept_district_batch(session, actor, batch_id=batch.id, now=PAYING))


def reject(session: Session, actor: Actor, batch: DistrictBatch) -> str:
    return outcome(
        lambda: reject_district_batch(
            session, actor, batch_id=batch.id, reason_code="figures_differ", now=PAYING
        )
    )


def upload(session: Session, actor: Actor, batch: DistrictBatch) -> str:
    return outcome(
        lambda: upload_voucher(
            session,
            actor,
            batch_id=batch.id,
            paper=make_paper(),
            details=VoucherDetails("", batch.owed, PAYING.date()),
            now=PAYING,
        )
    )


def settle(session: Session, actor: Actor, batch: DistrictBatch) -> str:
    return outcome(
        lambda: settle_voucher(session, actor, voucher_id=last_voucher(session, batch), now=PAYING)
    )


def refuse_voucher(session: Session, actor: Actor, batch: DistrictBatch) -> str:
    return outcome(
        lambda: reject_voucher(
            session, actor, voucher_id=last_voucher(session, batch), reason_code="unreadable", now=PAYING
        )
    )


def doer(session: Session, tree: Tree, act: Any) -> Actor:
    if act is upload:
        return actor_of_role(session, tree.district, Role.DISTRICT_REVIEWER)
    return actor_of_role(session, tree.city, Role.CENTRE_CLERK)


WRONG = "wrong_district_state"


@pytest.mark.parametrize(
    ("story", "state", "act", "said", "becomes"),
    [
        ("the centre accepts what was filed", S.CENTRE_REVIEW, accept, "ok", S.AWAITING_PAYMENT),
        ("it accepts once", S.AWAITING_PAYMENT, accept, WRONG, S.AWAITING_PAYMENT),
        ("nothing to accept while a voucher is checked", S.VOUCHER_REVIEW, accept, WRONG, S.VOUCHER_REVIEW),
        ("what is settled isn't accepted again", S.COMPLETED, accept, WRONG, S.COMPLETED),
        ("what was rejected is filed anew, not accepted", S.REJECTED, accept, WRONG, S.REJECTED),
        ("the centre rejects what was filed", S.CENTRE_REVIEW, reject, "ok", S.REJECTED),
        ("an accepted batch isn't rejected", S.AWAITING_PAYMENT, reject, WRONG, S.AWAITING_PAYMENT),
        ("a paid batch isn't rejected", S.VOUCHER_REVIEW, reject, WRONG, S.VOUCHER_REVIEW),
        ("a settled batch isn't rejected", S.COMPLETED, reject, WRONG, S.COMPLETED),
        ("a rejected batch isn't rejected again", S.REJECTED, reject, WRONG, S.REJECTED),
        ("nobody pays before the centre accepts (Q39)", S.CENTRE_REVIEW, upload, WRONG, S.CENTRE_REVIEW),
        ("an accepted batch is paid", S.AWAITING_PAYMENT, upload, "ok", S.VOUCHER_REVIEW),
        ("one voucher at a time", S.VOUCHER_REVIEW, upload, WRONG, S.VOUCHER_REVIEW),
        ("a settled batch is paid already", S.COMPLETED, upload, WRONG, S.COMPLETED),
        ("a rejected batch isn't paid", S.REJECTED, upload, WRONG, S.REJECTED),
        (
            "without a voucher there is nothing to settle",
            S.AWAITING_PAYMENT,
            settle,
            "not_found",
            S.AWAITING_PAYMENT,
        ),
        ("a voucher of what is owed is settled", S.VOUCHER_REVIEW, settle, "ok", S.COMPLETED),
        ("a voucher is settled once", S.COMPLETED, settle, "voucher_decided", S.COMPLETED),
        (
            "a voucher is returned, the batch waits again",
            S.VOUCHER_REVIEW,
            refuse_voucher,
            "ok",
            S.AWAITING_PAYMENT,
        ),
        ("a settled voucher isn't returned", S.COMPLETED, refuse_voucher, "voucher_decided", S.COMPLETED),
    ],
)
def test_each_state_and_action(
    session: Session, tree: Tree, filed: DistrictBatch, story: str, state: S, act: Any, said: str, becomes: S
) -> None:
    bring_to(session, tree, filed, state)

    assert act(session, doer(session, tree, act), filed) == said, story
    session.refresh(filed)
    assert filed.status is becomes, story
    assert find_lies(session) == [], story


@pytest.mark.parametrize(
    ("act", "state", "allowed"),
    [
        (accept, S.CENTRE_REVIEW, {(Role.CENTRE_CLERK, "city")}),
        (reject, S.CENTRE_REVIEW, {(Role.CENTRE_CLERK, "city")}),
        (upload, S.AWAITING_PAYMENT, {(Role.DISTRICT_REVIEWER, "district")}),
        (settle, S.VOUCHER_REVIEW, {(Role.CENTRE_CLERK, "city")}),
        (refuse_voucher, S.VOUCHER_REVIEW, {(Role.CENTRE_CLERK, "city")}),
    ],
)
def test_each_role_and_action(
    session: Session, tree: Tree, filed: DistrictBatch, act: Any, state: S, allowed: set[tuple[Role, str]]
) -> None:
    bring_to(session, tree, filed, state)
    everybody = [
        (Role.CENTRE_CLERK, "city", "not_allowed"),
        (Role.DISTRICT_REVIEWER, "district", "not_allowed"),
        (Role.DISTRICT_REVIEWER, "other_district", "not_found" if act is upload else "not_allowed"),
        (Role.SECOND_REVIEWER, "second", "not_allowed"),
        (Role.OPERATOR, "grassroots", "not_allowed"),
        (Role.MUNICIPAL_ADMIN, "city", "not_allowed"),
        (Role.MANAGER, "city", "not_allowed"),
        (Role.AUDITOR, "city", "not_allowed"),
        (Role.SECURITY_ADMIN, "city", "not_allowed"),
    ]
    for role, union, refusal in everybody:
        if (role, union) in allowed:
            continue
        assert act(session, actor_of_role(session, getattr(tree, union), role), filed) == refusal, (
            role,
            union,
        )
    session.refresh(filed)
    assert filed.status is state
    for role, union in allowed:
        assert act(session, actor_of_role(session, getattr(tree, union), role), filed) == "ok"


def test_acceptance_sets_the_day_until_which_the_voucher_is_due(
    session: Session, filed: DistrictBatch, clerk: Actor
) -> None:
    accept_district_batch(session, clerk, batch_id=filed.id, now=at("2025-01-03 23:59:59"))

    assert filed.voucher_due_on == date(2025, 1, 18)


def test_settling_makes_all_its_people_covered_and_its_batches_complete(
    session: Session, tree: Tree, filed: DistrictBatch
) -> None:
    bring_to(session, tree, filed, S.COMPLETED)

    inside = session.scalars(select(EnrolmentBatch).where(EnrolmentBatch.district_batch_id == filed.id)).all()
    assert {batch.status for batch in inside} == {BatchStatus.COMPLETED}
    people = session.scalars(select(Enrolment)).all()
    assert {(p.status, p.cover_start, p.cover_end) for p in people} == {
        (EnrolmentStatus.ACTIVE, date(2025, 1, 1), date(2025, 12, 31))
    }
    assert len(people) == filed.headcount == 4
    assert filed.settled_at == PAYING


def test_a_rejection_brings_the_batches_back_and_the_district_files_anew(
    session: Session, tree: Tree, filed: DistrictBatch, clerk: Actor
) -> None:
    bring_to(session, tree, filed, S.REJECTED)
    back = session.scalars(select(EnrolmentBatch)).all()
    assert {(batch.status, batch.district_batch_id) for batch in back} == {(BatchStatus.APPROVED, None)}
    assert {p.status for p in session.scalars(select(Enrolment))} == {EnrolmentStatus.PENDING}

    reviewer = actor_of_role(session, tree.district, Role.DISTRICT_REVIEWER)
    again = file_district_batch(session, reviewer, year=2025, handler=HANDLER, now=FILING)
    bring_to(session, tree, again, S.COMPLETED)

    assert (again.headcount, again.owed) == (filed.headcount, filed.owed)
    assert again.number != filed.number
    assert find_lies(session) == []


@pytest.mark.parametrize(
    ("story", "difference"),
    [("a cent too little", "-0.01"), ("a cent too much", "0.01"), ("ten times as much", "468.00")],
)
def test_what_differs_from_what_is_owed_is_never_settled(
    session: Session, tree: Tree, filed: DistrictBatch, clerk: Actor, story: str, difference: str
) -> None:
    bring_to(session, tree, filed, S.AWAITING_PAYMENT)
    voucher = pay(session, filed, filed.owed + Decimal(difference))

    with pytest.raises(RuleViolation) as refused:
        settle_voucher(session, clerk, voucher_id=voucher.id, now=PAYING)

    assert refused.value.code == "paid_differs_from_owed", story
    assert refused.value.facts == {"paid": voucher.amount, "owed": filed.owed}
    session.refresh(filed)
    assert filed.status is S.VOUCHER_REVIEW


def test_after_a_returned_voucher_the_next_one_settles_and_the_first_stays_on_record(
    session: Session, tree: Tree, filed: DistrictBatch, clerk: Actor
) -> None:
    bring_to(session, tree, filed, S.AWAITING_PAYMENT)
    first = pay(session, filed, Decimal("1.00"))
    reject_voucher(session, clerk, voucher_id=first.id, reason_code="other", text="金额少了", now=PAYING)
    second = pay(session, filed)

    settle_voucher(session, clerk, voucher_id=second.id, now=PAYING)

    session.refresh(first)
    assert (first.status, first.reject_text, second.status) == (V.REJECTED, "金额少了", V.SETTLED)
    assert find_lies(session) == []


def test_who_comes_second_learns_who_was_first_and_when(
    session: Session, tree: Tree, filed: DistrictBatch, clerk: Actor
) -> None:
    accept_district_batch(session, clerk, batch_id=filed.id, now=at("2025-01-03 09:30"))
    colleague = actor_of_role(session, tree.city, Role.CENTRE_CLERK)

    with pytest.raises(RuleViolation) as refused:
        reject_district_batch(session, colleague, batch_id=filed.id, reason_code="figures_differ", now=PAYING)

    assert refused.value.status == 409
    assert (refused.value.facts["who"], refused.value.facts["at"]) == (clerk.name, at("2025-01-03 09:30"))


@pytest.mark.parametrize(
    ("reason", "text", "said"), [("", "", "reason_unknown"), ("other", " ", "reason_text_missing")]
)
def test_rejections_need_a_reason(
    session: Session, tree: Tree, filed: DistrictBatch, clerk: Actor, reason: str, text: str, said: str
) -> None:
    with pytest.raises(RuleViolation, match=said):
        reject_district_batch(session, clerk, batch_id=filed.id, reason_code=reason, text=text, now=PAYING)
    bring_to(session, tree, filed, S.VOUCHER_REVIEW)
    with pytest.raises(RuleViolation, match=said):
        reject_voucher(
            session, clerk, voucher_id=last_voucher(session, filed), reason_code=reason, text=text, now=PAYING
        )
