"""Batches as the services make them, and as one statement makes them where a test needs thousands of people."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.models import DistrictBatch, EnrolmentBatch, FeeSplit, PaymentVoucher, Union
from app.rules.contacts import Handler
from app.rules.enrolment import BatchStatus, Channel, Term
from app.rules.members import IdType
from app.rules.organisation import UnionCategory
from app.rules.papers import SafePaper
from app.rules.settlement import DistrictBatchStatus
from app.security.actor import SYSTEM, Actor
from app.security.persons import sealed_document
from app.security.roles import Role
from app.services.enrolment import submit_batch
from app.services.filing import file_district_batch
from app.services.lapse import lapse_batches
from app.services.review import approve_batches, return_batch
from app.services.settlement import (
    VoucherDetails,
    accept_district_batch,
    reject_district_batch,
    settle_voucher,
    upload_voucher,
)
from tests.factories.accounts import actor_of_role
from tests.factories.city import Tree
from tests.factories.members import make_members
from tests.factories.papers import make_picture
from tests.factories.years import at

SUBMITTING = at("2024-12-01 10:00")
REVIEWING = at("2024-12-20 10:00")
FILING = at("2024-12-27 10:00")
PAYING = at("2025-01-08 10:00")
PNG = make_picture()
HANDLER = Handler("李经办", "13800000000", "li@example.org")


def make_batch(
    session: Session,
    union: Union,
    people: int = 2,
    *,
    channel: Channel = Channel.MEMBER_CARD,
    plan: str = "A",
    year: int = 2025,
    now: datetime = SUBMITTING,
    **changes: Any,
) -> EnrolmentBatch:
    """A submitted batch of fresh members of the union."""
    social = channel is Channel.SOCIAL_CARD
    members = make_members(session, union, people, has_card=not social, **changes)
    return submit_batch(
        session,
        actor_of_role(session, union, Role.OPERATOR),
        year=year,
        channel=channel,
        plan=plan,
        member_ids=[member.id for member in members] if social else None,
        now=now,
    )


def make_owing(session: Session, union: Union, now: datetime = SUBMITTING) -> EnrolmentBatch:
    """A batch of two people of which the union pays 5 yuan each itself, as its district has decided."""
    session.add(
        FeeSplit(
            year=2025,
            plan="A",
            union_category=UnionCategory.ORDINARY,
            term=Term.FULL,
            district_id=union.district_id,
            union_id=union.id,
            fee=Decimal("26.00"),
            municipal_share=Decimal("13.00"),
            district_share=Decimal("8.00"),
            grassroots_share=Decimal("5.00"),
            set_at=at("2024-10-26"),
        )
    )
    session.flush()
    return make_batch(session, union, now=now)


def make_filed(
    session: Session, district: Union, *unions: Union, people: int = 2, reviewer: Actor | None = None
) -> DistrictBatch:
    """What the district filed of these unions: submitted, approved and filed."""
    reviewer = reviewer or actor_of_role(session, district, Role.DISTRICT_REVIEWER)
    ids = [make_batch(session, union, people).id for union in unions]
    decisions = approve_batches(session, reviewer, batch_ids=ids, now=REVIEWING)
    assert all(decision.problem is None for decision in decisions)
    return file_district_batch(session, reviewer, year=2025, handler=HANDLER, now=FILING)


def batch_in(session: Session, tree: Tree, status: BatchStatus) -> EnrolmentBatch:
    """A batch of the tree's ``grassroots`` that the services have brought to ``status``."""
    reviewer = actor_of_role(session, tree.district, Role.DISTRICT_REVIEWER)
    batch = make_batch(session, tree.grassroots)
    if status is BatchStatus.RETURNED:
        return_batch(session, reviewer, batch_id=batch.id, reason_code="wrong_list", now=REVIEWING)
    if status is BatchStatus.LAPSED:
        lapse_batches(session, SYSTEM, batch_ids=[batch.id], now=REVIEWING)
    if status in (BatchStatus.APPROVED, BatchStatus.FORWARDED, BatchStatus.COMPLETED):
        approve_batches(session, reviewer, batch_ids=[batch.id], now=REVIEWING)
    if status in (BatchStatus.FORWARDED, BatchStatus.COMPLETED):
        filed = file_district_batch(session, reviewer, year=2025, handler=HANDLER, now=FILING)
        if status is BatchStatus.COMPLETED:
            bring_to(session, tree, filed, DistrictBatchStatus.COMPLETED)
    session.flush()
    session.refresh(batch)
    assert batch.status is status
    return batch


def bring_to(session: Session, tree: Tree, filed: DistrictBatch, status: DistrictBatchStatus) -> None:
    """Move a district batch, fresh from filing, to ``status`` by the services."""
    clerk = actor_of_role(session, tree.city, Role.CENTRE_CLERK)
    if status is DistrictBatchStatus.REJECTED:
        reject_district_batch(session, clerk, batch_id=filed.id, reason_code="figures_differ", now=FILING)
    order = [s for s in DistrictBatchStatus if s is not DistrictBatchStatus.REJECTED]
    if status in order[1:]:
        accept_district_batch(session, clerk, batch_id=filed.id, now=FILING)
    if status in order[2:]:
        voucher = pay(session, filed)
        if status is DistrictBatchStatus.COMPLETED:
            settle_voucher(session, clerk, voucher_id=voucher.id, now=PAYING)
    session.flush()


def pay(
    session: Session, filed: DistrictBatch, amount: Decimal | None = None, now: datetime = PAYING
) -> PaymentVoucher:
    """The district's voucher, by default over what is owed."""
    district = session.get_one(Union, filed.union_id)
    return upload_voucher(
        session,
        actor_of_role(session, district, Role.DISTRICT_REVIEWER),
        batch_id=filed.id,
        paper=SafePaper("凭证.png", "image/png", PNG),
        details=VoucherDetails("贷记凭证", filed.owed if amount is None else amount, now.date()),
        now=now,
    )


def last_voucher(session: Session, batch: DistrictBatch) -> int:
    """Its id, 0 if nothing has been uploaded."""
    vouchers = select(PaymentVoucher.id).where(PaymentVoucher.district_batch_id == batch.id)
    return session.scalars(vouchers.order_by(PaymentVoucher.id.desc())).first() or 0


def make_many_members(session: Session, union: Union, people: int) -> None:
    """Thousands of enrollable members in one statement; their numbers belong to nobody."""
    documents = [sealed_document(IdType.RESIDENT_ID, f"T{union.id:08d}{n:09d}") for n in range(1, people + 1)]
    session.execute(
        text(
            """
            INSERT INTO member (kind, name, id_type, id_number, id_number_hash, person_key, phone, sex, birth_date,
                                employment_status, social_card_status, card_status, card_no,
                                created_at, updated_at, union_id, second_id, district_id)
            SELECT 'employed', '会员' || n, 'resident_id', document.number, document.hash, document.person,
                   '17' || lpad((u.id % 1000)::text, 3, '0') || lpad(n::text, 6, '0'), 'male', '1990-05-17',
                   'employed', 'normal', 'issued', '6231' || lpad(u.id::text, 7, '0') || lpad(n::text, 8, '0'),
                   '2024-06-01 00:00+08', '2024-06-01 00:00+08', u.id, u.second_id, u.district_id
              FROM trade_union u,
                   unnest(CAST(:numbers AS bytea[]), CAST(:hashes AS bytea[]), CAST(:people AS bytea[]))
                       WITH ORDINALITY AS document (number, hash, person, n)
             WHERE u.id = :union
            """
        ),
        {
            "union": union.id,
            "numbers": [each["id_number"] for each in documents],
            "hashes": [each["id_number_hash"] for each in documents],
            "people": [each["person_key"] for each in documents],
        },
    )


def make_large_batch(session: Session, union: Union, people: int, *, plan: str = "A") -> EnrolmentBatch:
    """A submitted batch of thousands."""
    make_many_members(session, union, people)
    operator = actor_of_role(session, union, Role.OPERATOR)
    return submit_batch(session, operator, year=2025, channel=Channel.MEMBER_CARD, plan=plan, now=SUBMITTING)
