"""The workbench: what the asker's union counts, and the work that waits for the asker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.models import (
    Account,
    DistrictBatch,
    Employer,
    EnrolmentBatch,
    FeeSetting,
    Member,
    ProtectionYear,
    Union,
)
from app.queries.batches import waiting_returns
from app.queries.enrolment import bucket_counts
from app.queries.transfers import Box, count_waiting
from app.rules.enrolment import BatchStatus, Bucket, Channel
from app.rules.imports import ImportKind
from app.rules.organisation import UnionLevel
from app.rules.settlement import DistrictBatchStatus
from app.security.actor import Actor
from app.security.roles import Permission, may
from app.security.visible import visible_to


@dataclass(frozen=True, slots=True)
class TreeFigures:
    members: int
    grassroots_unions: int
    employers: int


@dataclass(frozen=True, slots=True)
class Todo:
    """Work that waits: ``code`` names it, ``endpoint`` and ``arguments`` lead there."""

    code: str
    count: int
    endpoint: str
    arguments: dict[str, Any]


def tree_figures(session: Session, actor: Actor) -> TreeFigures:
    """会员数, 基层工会组织数, 覆盖企业数 of the asker's part of the tree (M3.3)."""
    return TreeFigures(
        members=_count(session, select(Member.id).where(visible_to(actor, Member))),
        grassroots_unions=_count(
            session,
            select(Union.id).where(visible_to(actor, Union), Union.level == UnionLevel.GRASSROOTS),
        ),
        employers=_count(session, select(Employer.id).where(visible_to(actor, Employer))),
    )


@dataclass(frozen=True, slots=True)
class Preparation:
    """One thing that must stand before a year can run; ``endpoint`` and ``arguments`` lead to where it is done."""

    code: str
    done: bool
    endpoint: str
    arguments: dict[str, Any]


def preparations(session: Session, year: ProtectionYear | None) -> list[Preparation]:
    """What a new city sets up, in its order; empty once everything stands."""
    fees = select(FeeSetting.id).where(FeeSetting.year == year.year) if year else None
    steps = [
        Preparation(
            "tree",
            _any(session, select(Union.id).where(Union.level == UnionLevel.GRASSROOTS)),
            "Imports.list",
            {"kind": ImportKind.ORGANISATIONS.value},
        ),
        Preparation(
            "employers",
            _any(session, select(Employer.id)),
            "Imports.list",
            {"kind": ImportKind.EMPLOYERS.value},
        ),
        Preparation("year", year is not None, "Years.list", {}),
        Preparation("fees", fees is not None and _any(session, fees), "Fees.municipal", {}),
        Preparation(
            "accounts",
            _any(session, select(Account.id).join(Union).where(Union.level == UnionLevel.GRASSROOTS)),
            "Accounts.list",
            {},
        ),
        Preparation(
            "members",
            _any(session, select(Member.id)),
            "Imports.list",
            {"kind": ImportKind.MEMBERS.value},
        ),
    ]
    return [] if all(step.done for step in steps) else steps


def todos(session: Session, actor: Actor, year: ProtectionYear) -> list[Todo]:
    """What the asker's roles have to do in the year, zeros included so that "nothing to do" shows."""
    found: list[Todo] = []
    if may(actor, Permission.ENROL):
        found += _operators(session, actor, year)
    if may(actor, Permission.TRANSFER_MEMBERS) and actor.level is UnionLevel.GRASSROOTS:
        found.append(
            Todo("to_decide_transfers", count_waiting(session, actor)[Box.MINE], "Transfers.review", {})
        )
    if may(actor, Permission.REVIEW):
        found.append(_batches(session, actor, year, "to_review", BatchStatus.SUBMITTED, "Review.collective"))
    if may(actor, Permission.FILE_DISTRICT):
        found.append(_batches(session, actor, year, "to_file", BatchStatus.APPROVED, "Review.approved"))
    if may(actor, Permission.UPLOAD_VOUCHER):
        awaiting = DistrictBatchStatus.AWAITING_PAYMENT
        found.append(_filed(session, actor, year, "to_pay", awaiting, "DistrictBatches.list"))
    if may(actor, Permission.CENTRE):
        arrived, paid = DistrictBatchStatus.CENTRE_REVIEW, DistrictBatchStatus.VOUCHER_REVIEW
        found.append(_filed(session, actor, year, "to_accept", arrived, "Centre.queue"))
        found.append(_filed(session, actor, year, "to_settle", paid, "Centre.vouchers"))
    return found


def _operators(session: Session, actor: Actor, year: ProtectionYear) -> list[Todo]:
    union = session.get_one(Union, actor.union_id)
    by_card, _ = bucket_counts(session, union, year, Channel.MEMBER_CARD)
    by_social, _ = bucket_counts(session, union, year, Channel.SOCIAL_CARD)
    card = {"year": year.year, "channel": Channel.MEMBER_CARD.value}
    social = {"year": year.year, "channel": Channel.SOCIAL_CARD.value}
    of_card, of_social = (
        _count(
            session, waiting_returns(actor.union_id, year.year, channel).with_only_columns(EnrolmentBatch.id)
        )
        for channel in (Channel.MEMBER_CARD, Channel.SOCIAL_CARD)
    )
    only_returned = {"status": BatchStatus.RETURNED.value}
    return [
        Todo("to_submit_by_card", by_card[Bucket.ELIGIBLE], "Confirmation.screen", card),
        Todo("to_submit_by_social", by_social[Bucket.ELIGIBLE], "Confirmation.screen", social),
        Todo("to_confirm", by_card[Bucket.TO_CONFIRM], "Marks.waiting", card),
        Todo("to_confirm_by_social", by_social[Bucket.TO_CONFIRM], "Marks.waiting", social),
        Todo("to_verify", by_card[Bucket.RETIREMENT_UNCLEAR], "Retirement.list", {"year": year.year}),
        Todo(
            "to_check",
            by_social[Bucket.TO_CHECK],
            "Confirmation.screen",
            {**social, "bucket": Bucket.TO_CHECK.value},
        ),
        Todo("returned_by_card", of_card, "Enrolment.member_card", only_returned),
        Todo("returned_by_social", of_social, "Enrolment.social_card", only_returned),
    ]


def _batches(
    session: Session,
    actor: Actor,
    year: ProtectionYear,
    code: str,
    status: BatchStatus,
    endpoint: str,
) -> Todo:
    waiting = select(EnrolmentBatch.id).where(
        visible_to(actor, EnrolmentBatch),
        EnrolmentBatch.year == year.year,
        EnrolmentBatch.status == status,
    )
    return Todo(code, _count(session, waiting), endpoint, {})


def _filed(
    session: Session,
    actor: Actor,
    year: ProtectionYear,
    code: str,
    status: DistrictBatchStatus,
    endpoint: str,
) -> Todo:
    waiting = select(DistrictBatch.id).where(
        visible_to(actor, DistrictBatch),
        DistrictBatch.year == year.year,
        DistrictBatch.status == status,
    )
    return Todo(code, _count(session, waiting), endpoint, {})


def _any(session: Session, statement: Select[*tuple[Any, ...]]) -> bool:
    return session.scalar(select(statement.exists())) or False


def _count(session: Session, statement: Select[*tuple[Any, ...]]) -> int:
    return session.scalar(select(func.count()).select_from(statement.subquery())) or 0
