"""What an operator decides about single members for a year: 确认, and 本年不参保."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    DateTime,
    Integer,
    Table,
    bindparam,
    delete,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from app.models import EnrolmentConfirmation, EnrolmentExclusion, EventObject, Member
from app.queries.enrolment import IN_YEAR, OF_UNION, in_bucket, standing_in_a_year
from app.rules.enrolment import Bucket, Channel
from app.security.actor import Actor
from app.services.events import record_many
from app.services.marking import (
    Seen,
    prepare_marks,
    reasons_of,
    record_reasons,
    refuse_overtaken,
    refuse_submitted,
    remove_marks,
    require_own,
    require_words,
    without_mark,
    write_marks,
)


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
    protection_year, union = prepare_marks(session, actor, year, now)
    asked = {"standing_year": year, "of_union": union.id, "by_account": actor.account_id, "at_time": now}
    if member_ids is not None:
        require_own(session, union, member_ids)
        asked["chosen"] = list(member_ids)
    statement = _confirming(protection_year.cover_start, channel, member_ids is not None)
    confirmed = list(session.scalars(statement, asked))
    record_many(
        session, actor, EventObject.MEMBER, confirmed, "confirm", now=now, scope=union, facts={"year": year}
    )
    return len(confirmed)


@lru_cache(maxsize=32)
def _confirming(cover_start: date, channel: Channel | None, some: bool) -> ReturningInsert[int]:
    """The statement that confirms whoever waits, or ``chosen`` ones of them; put together once."""
    values: dict[str, ColumnElement[Any]] = {
        "year": IN_YEAR,
        "member_id": Member.id.expression,
        "confirmed_by": bindparam("by_account", type_=Integer),
        "confirmed_at": bindparam("at_time", type_=DateTime(timezone=True)),
        "union_id": Member.union_id.expression,
        "second_id": Member.second_id.expression,
        "district_id": Member.district_id.expression,
    }
    waiting = standing_in_a_year(select(*values.values())).where(
        Member.union_id == OF_UNION, in_bucket(cover_start, Bucket.TO_CONFIRM, channel)
    )
    if some:
        waiting = waiting.where(Member.id == func.any(bindparam("chosen", type_=ARRAY(BigInteger))))
    confirmations = cast(Table, EnrolmentConfirmation.__table__)
    return (
        upsert(confirmations)
        .from_select(list(values), waiting)
        .on_conflict_do_nothing()
        .returning(confirmations.c.member_id)
    )


def withdraw_confirmations(
    session: Session, actor: Actor, *, year: int, member_ids: Sequence[int], now: datetime
) -> int:
    """Undo 确认, for members who have not been submitted since; answers how many."""
    protection_year, union = prepare_marks(session, actor, year, now)
    require_own(session, union, member_ids)
    refuse_submitted(session, union, protection_year, member_ids)
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


def exclude_members(
    session: Session,
    actor: Actor,
    *,
    year: int,
    member_ids: Sequence[int],
    reason: str,
    seen: Seen = None,
    now: datetime,
) -> int:
    """本年不参保, with one reason for all; refused once a member has been submitted. Answers how many it is new for."""
    protection_year, union = prepare_marks(session, actor, year, now)
    reason = require_words(reason)
    require_own(session, union, member_ids)
    refuse_submitted(session, union, protection_year, member_ids)
    done = session.scalars(
        select(EnrolmentExclusion.member_id).where(
            EnrolmentExclusion.year == year,
            EnrolmentExclusion.member_id == func.any(list(member_ids)),
            EnrolmentExclusion.reason == reason,
        )
    ).all()
    refuse_overtaken(session, year, seen, done)
    marks = {"reason": reason, "excluded_by": actor.account_id, "excluded_at": now}
    before = reasons_of(session, EnrolmentExclusion, year, member_ids)
    excluded = write_marks(session, EnrolmentExclusion, year, set(member_ids) - set(done), marks, union)
    record_many(
        session, actor, EventObject.MEMBER, excluded, "exclude", now=now, scope=union, facts={"year": year}
    )
    record_reasons(session, actor, EnrolmentExclusion, year, excluded, before, reason, now)
    return len(excluded)


def include_members(
    session: Session,
    actor: Actor,
    *,
    year: int,
    member_ids: Sequence[int],
    seen: Seen = None,
    now: datetime,
) -> int:
    """Undo 本年不参保; answers how many were out. Who is in already is left as is."""
    _, union = prepare_marks(session, actor, year, now)
    require_own(session, union, member_ids)
    refuse_overtaken(session, year, seen, without_mark(session, EnrolmentExclusion, year, member_ids))
    return remove_marks(session, actor, EnrolmentExclusion, year, member_ids, "include", union, now)
