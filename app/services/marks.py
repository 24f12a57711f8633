"""What an operator decides about single members for a year: 确认, 本年不参保, and who counts as retired."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, literal, or_, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from app.models import (
    EnrolmentConfirmation,
    EnrolmentExclusion,
    EventObject,
    Member,
    ProtectionYear,
    RetirementKeep,
    Union,
)
from app.queries.enrolment import bucket_of, standing
from app.queries.years import get_year, require_window
from app.rules.enrolment import Bucket, Channel
from app.rules.members import CLASSES_OF_SEX, RetirementClass
from app.rules.violations import RuleViolation, not_found
from app.rules.years import WindowName
from app.security.actor import Actor
from app.security.roles import Permission, require
from app.services.enrolment import lock_own_union
from app.services.events import record, record_many, scope_of

REASON_MAX = 200


def confirm_members(
    session: Session,
    actor: Actor,
    *,
    year: int,
    member_ids: Sequence[int] | None,
    channel: Channel | None = None,
    now: datetime,
) -> int:
    """确认 the given members, or with ``None`` 全部确认: everyone 待确认, in ``channel`` or in either.

    Answers how many were newly confirmed; members who need no confirmation are left as they are.
    """
    protection_year, union = _prepare(session, actor, year, now)
    waiting = standing(
        select(
            literal(year),
            Member.id,
            literal(actor.account_id),
            literal(now),
            Member.union_id,
            Member.second_id,
            Member.district_id,
        ),
        year,
    ).where(Member.union_id == union.id, _in_bucket(protection_year, Bucket.TO_CONFIRM, channel))
    if member_ids is not None:
        _require_own(session, union, member_ids)
        waiting = waiting.where(Member.id == func.any(list(member_ids)))
    statement = (
        upsert(EnrolmentConfirmation)
        .from_select(
            ["year", "member_id", "confirmed_by", "confirmed_at", "union_id", "second_id", "district_id"],
            waiting,
        )
        .on_conflict_do_nothing()
        .returning(EnrolmentConfirmation.member_id)
    )
    confirmed = list(session.scalars(statement))
    record_many(
        session, actor, EventObject.MEMBER, confirmed, "confirm", now=now, scope=union, facts={"year": year}
    )
    return len(confirmed)


def withdraw_confirmations(
    session: Session, actor: Actor, *, year: int, member_ids: Sequence[int], now: datetime
) -> int:
    """Undo 确认, for members who have not been submitted since; answers how many."""
    protection_year, union = _prepare(session, actor, year, now)
    _require_own(session, union, member_ids)
    _refuse_submitted(session, union, protection_year, member_ids)
    removed = session.scalars(
        delete(EnrolmentConfirmation)
        .where(
            EnrolmentConfirmation.year == year, EnrolmentConfirmation.member_id == func.any(list(member_ids))
        )
        .returning(EnrolmentConfirmation.member_id)
    ).all()
    record_many(
        session,
        actor,
        EventObject.MEMBER,
        removed,
        "withdraw_confirmation",
        now=now,
        scope=union,
        facts={"year": year},
    )
    return len(removed)


def exclude_member(
    session: Session, actor: Actor, *, year: int, member_id: int, reason: str, now: datetime
) -> None:
    """本年不参保, with a reason; refused once the member has been submitted."""
    _decide_with_reason(
        session,
        actor,
        EnrolmentExclusion,
        {"excluded_by": actor.account_id, "excluded_at": now},
        "exclude",
        year=year,
        member_id=member_id,
        reason=reason,
        now=now,
    )


def include_member(session: Session, actor: Actor, *, year: int, member_id: int, now: datetime) -> None:
    """Undo 本年不参保."""
    _, union = _prepare(session, actor, year, now)
    _require_own(session, union, [member_id])
    removed = session.scalars(
        delete(EnrolmentExclusion)
        .where(EnrolmentExclusion.year == year, EnrolmentExclusion.member_id == member_id)
        .returning(EnrolmentExclusion.member_id)
    ).all()
    record_many(
        session, actor, EventObject.MEMBER, removed, "include", now=now, scope=union, facts={"year": year}
    )


def keep_member(
    session: Session, actor: Actor, *, year: int, member_id: int, reason: str, now: datetime
) -> None:
    """Keep a member past the statutory retirement line, with a reason (flexible later retirement)."""
    _decide_with_reason(
        session,
        actor,
        RetirementKeep,
        {"kept_by": actor.account_id, "kept_at": now},
        "keep",
        year=year,
        member_id=member_id,
        reason=reason,
        now=now,
    )


def set_retirement_class(
    session: Session, actor: Actor, *, year: int, member_id: int, klass: RetirementClass, now: datetime
) -> None:
    """Decide the class that a document number doesn't tell; raises ``class_of_other_sex``."""
    protection_year, union = _prepare(session, actor, year, now)
    _require_own(session, union, [member_id])
    _refuse_submitted(session, union, protection_year, [member_id])
    member = session.get_one(Member, member_id, with_for_update=True)
    if member.sex is not None and klass not in CLASSES_OF_SEX[member.sex]:
        raise RuleViolation("class_of_other_sex", field="retirement_class", klass=klass, sex=member.sex)
    if member.retirement_class is klass:
        return
    before = member.retirement_class
    member.retirement_class, member.updated_at = klass, now
    record(
        session,
        actor,
        EventObject.MEMBER,
        member_id,
        "set_retirement_class",
        now=now,
        scope=union,
        facts={"year": year, "before": before, "after": klass},
    )


def _prepare(session: Session, actor: Actor, year: int, now: datetime) -> tuple[ProtectionYear, Union]:
    require(actor, Permission.ENROL)
    protection_year = get_year(session, year)
    union = lock_own_union(session, actor)
    require_window(session, year, WindowName.GRASSROOTS_SUBMIT, union, now)
    return protection_year, union


def _decide_with_reason(
    session: Session,
    actor: Actor,
    decision: type[EnrolmentExclusion | RetirementKeep],
    who_and_when: Mapping[str, object],
    action: str,
    *,
    year: int,
    member_id: int,
    reason: str,
    now: datetime,
) -> None:
    """Write the decision, or its newer reason where it stands already, and log it."""
    protection_year, union = _prepare(session, actor, year, now)
    reason = _require_reason(reason)
    _require_own(session, union, [member_id])
    _refuse_submitted(session, union, protection_year, [member_id])
    session.execute(
        upsert(decision)
        .values(year=year, member_id=member_id, reason=reason, **who_and_when, **scope_of(union))
        .on_conflict_do_update(index_elements=["year", "member_id"], set_={"reason": reason, **who_and_when})
    )
    record(
        session,
        actor,
        EventObject.MEMBER,
        member_id,
        action,
        now=now,
        scope=union,
        text=reason,
        facts={"year": year},
    )


def _require_own(session: Session, union: Union, member_ids: Sequence[int]) -> None:
    """Every id must be a member of this union: a foreign one looks like one that isn't there."""
    if not member_ids:
        raise RuleViolation("nobody_ticked", field="member_ids")
    own = session.scalar(
        select(func.count()).where(Member.union_id == union.id, Member.id == func.any(list(set(member_ids))))
    )
    if own != len(set(member_ids)):
        raise not_found("member")


def _require_reason(reason: str) -> str:
    trimmed = reason.strip()
    if not trimmed:
        raise RuleViolation("reason_missing", field="reason")
    if len(trimmed) > REASON_MAX:
        raise RuleViolation("text_too_long", field="reason", limit=REASON_MAX)
    return trimmed


def _refuse_submitted(
    session: Session, union: Union, year: ProtectionYear, member_ids: Sequence[int]
) -> None:
    submitted = session.scalar(
        standing(select(func.count()), year.year).where(
            Member.union_id == union.id,
            Member.id == func.any(list(member_ids)),
            _in_bucket(year, Bucket.SUBMITTED),
        )
    )
    if submitted:
        raise RuleViolation("already_submitted", status=409, people=submitted)


def _in_bucket(year: ProtectionYear, bucket: Bucket, channel: Channel | None = None) -> ColumnElement[bool]:
    """In this bucket of the channel, or of either."""
    wanted = (channel,) if channel else tuple(Channel)
    return or_(*(bucket_of(each, year.cover_start) == bucket.value for each in wanted))
