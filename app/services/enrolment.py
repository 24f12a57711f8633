"""Submitting a union's list, and what the operator decides about its members before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Integer,
    Table,
    bindparam,
    func,
    insert,
    literal_column,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session, make_transient_to_detached
from sqlalchemy.orm.attributes import instance_dict

from app.models import Enrolment, EnrolmentBatch, EventObject, Member, Union
from app.queries.batches import last_submit
from app.queries.enrolment import constant, eligible
from app.rules.enrolment import (
    BatchAction,
    BatchStatus,
    Channel,
    EnrolmentKind,
    EnrolmentStatus,
    Term,
)
from app.rules.organisation import UnionLevel
from app.rules.violations import RuleViolation
from app.rules.years import WindowName
from app.security.actor import Actor
from app.security.roles import Permission, require
from app.services.documents import issue_grassroots_notice
from app.services.events import ENTRY, entry, scope_of, with_entry
from app.services.terms import Terms, agree_terms


def submit_batch(
    session: Session,
    actor: Actor,
    *,
    year: int,
    channel: Channel,
    plan: str,
    kind: EnrolmentKind = EnrolmentKind.COLLECTIVE,
    member_ids: Sequence[int] | None = None,
    expected_headcount: int | None = None,
    now: datetime,
) -> EnrolmentBatch:
    """Submit the union's eligible members to its superiors; answers the batch with its frozen amounts.

    MEMBER_CARD takes everyone eligible (M3.1.7), SOCIAL_CARD the ticked ``member_ids`` (M3.2.6).
    ``expected_headcount``: what the operator was shown; another number now means the list has changed.
    Refuses a closed window, a second plan, an empty or changed list; see ``app.sentences.enrolment``.
    """
    require(actor, Permission.ENROL)
    if kind is not EnrolmentKind.COLLECTIVE:
        raise RuleViolation("kind_not_open", field="kind", kind=kind)
    _check_ticks(channel, member_ids)
    union = lock_own_union(session, actor)
    terms = agree_terms(session, union, year, WindowName.GRASSROOTS_SUBMIT, plan, Term.FULL, now)
    people = _enrol_eligible(session, union, terms, channel, member_ids)
    if people == 0:
        raise _nobody_left(session, union, year, channel, member_ids)
    _check_headcount(people, member_ids, expected_headcount)
    batch = _write_batch(session, actor, union, terms, channel, kind, plan, people, now)
    issue_grassroots_notice(session, actor, union, terms.year, batch, is_first=terms.is_first, now=now)
    return batch


OWN_UNION = select(Union).where(Union.id == bindparam("own_union")).with_for_update(key_share=True)


def lock_own_union(session: Session, actor: Actor) -> Union:
    """The operator's own grassroots union, locked: submits and decisions of one union queue up here."""
    if actor.level is not UnionLevel.GRASSROOTS:
        raise RuleViolation("not_a_grassroots_union", status=403)
    locked: Union | None = session.scalar(OWN_UNION, {"own_union": actor.union_id})
    assert locked is not None
    return locked


def _check_ticks(channel: Channel, member_ids: Sequence[int] | None) -> None:
    if channel is Channel.SOCIAL_CARD and not member_ids:
        raise RuleViolation("nobody_ticked", field="member_ids")
    if channel is Channel.MEMBER_CARD and member_ids is not None:
        raise RuleViolation("no_picking", field="member_ids")


def _enrol_eligible(
    session: Session,
    union: Union,
    terms: Terms,
    channel: Channel,
    member_ids: Sequence[int] | None,
) -> int:
    """Put the eligible into the batch in one statement; answers how many.

    A person whom another union is enrolling at this moment is waited for, and left out if that succeeds:
    ``one_cover_per_person_and_year`` decides, not this query's snapshot. Everybody inserts in the order of
    the persons, so two unions that share several can't wait for each other.
    """
    year = terms.year
    statement = _enrolling(year.year, year.cover_start, year.cover_end, channel, member_ids is not None)
    values: dict[str, Any] = {"into_batch": terms.batch_id, "of_union": union.id}
    if member_ids is not None:
        values["ticked"] = list(member_ids)
    return session.execute(statement, values).rowcount  # type: ignore[attr-defined,no-any-return]


@lru_cache(maxsize=64)
def _enrolling(year: int, cover_start: date, cover_end: date, channel: Channel, ticked: bool) -> Insert:
    """The statement that enrols, put together once a year and channel: ``into_batch``, ``of_union``, ``ticked``."""
    values: dict[str, ColumnElement[Any]] = {
        "year": literal_column(str(year), Integer),
        "batch_id": bindparam("into_batch", type_=BigInteger),
        "member_id": Member.id.expression,
        "person_key": Member.person_key.expression,
        "channel": constant(channel),
        "status": constant(EnrolmentStatus.PENDING),
        "cover_start": constant(cover_start),
        "cover_end": constant(cover_end),
        "union_id": Member.union_id.expression,
        "second_id": Member.second_id.expression,
        "district_id": Member.district_id.expression,
    }
    people = eligible(select(*values.values()), year, cover_start, channel)
    if ticked:
        people = people.where(Member.id == func.any(bindparam("ticked", type_=ARRAY(BigInteger))))
    return (
        upsert(cast(Table, Enrolment.__table__))
        .from_select(list(values), people.order_by(Member.person_key), include_defaults=False)
        # one_cover_per_person_and_year, and only that index, is asked before each row.
        .on_conflict_do_nothing(index_elements=["year", "person_key"], index_where=text("status <> 'void'"))
        .execution_options(preserve_rowcount=True)
    )


def _nobody_left(
    session: Session, union: Union, year: int, channel: Channel, member_ids: Sequence[int] | None
) -> RuleViolation:
    """Why nobody was enrolled: a colleague has submitted these people, and when; or nobody can be."""
    submitted = last_submit(session, union.id, year, channel, member_ids)
    if submitted is not None:
        return RuleViolation("just_submitted", status=409, **submitted._asdict())
    if member_ids is not None:
        return RuleViolation("ticked_not_eligible", status=409, ticked=len(set(member_ids)), eligible=0)
    return RuleViolation("nobody_eligible")


def _check_headcount(people: int, member_ids: Sequence[int] | None, expected: int | None) -> None:
    if member_ids is not None and people != len(set(member_ids)):
        raise RuleViolation("ticked_not_eligible", status=409, ticked=len(set(member_ids)), eligible=people)
    if expected is not None and expected != people:
        raise RuleViolation("list_changed", status=409, expected=expected, found=people)


NEW_BATCH = insert(cast(Table, EnrolmentBatch.__table__)).inline().add_cte(ENTRY)


def _write_batch(
    session: Session,
    actor: Actor,
    union: Union,
    terms: Terms,
    channel: Channel,
    kind: EnrolmentKind,
    plan: str,
    people: int,
    now: datetime,
) -> EnrolmentBatch:
    year, unit, amounts = terms.year, terms.unit, terms.unit.times(people)
    values = dict(
        id=terms.batch_id,
        number=f"JC{year.year}{terms.batch_id:08d}",
        year=year.year,
        **scope_of(union),
        channel=channel,
        kind=kind,
        plan=plan,
        term=Term.FULL,
        status=BatchStatus.SUBMITTED,
        headcount=people,
        unit_fee=unit.fee,
        unit_municipal=unit.municipal,
        unit_district=unit.district,
        unit_grassroots=unit.grassroots,
        fee=amounts.fee,
        municipal_share=amounts.municipal,
        district_share=amounts.district,
        grassroots_share=amounts.grassroots,
        cover_start=year.cover_start,
        cover_end=year.cover_end,
        pay_by=year.grassroots_payment_due,
        submitted_by=actor.account_id,
        submitted_at=now,
        updated_at=now,
        return_text="",
    )
    submitted = entry(
        actor,
        EventObject.ENROLMENT_BATCH,
        terms.batch_id,
        BatchAction.SUBMIT,
        now=now,
        scope=union,
        to_state=BatchStatus.SUBMITTED,
        facts={"headcount": people, "plan": plan, "channel": channel},
    )
    # By the table, and then as if it had been read: the session's own way takes twice as long.
    session.execute(NEW_BATCH, with_entry(values, submitted))
    batch = EnrolmentBatch()
    instance_dict(batch).update(values)
    make_transient_to_detached(batch)
    session.add(batch)
    return batch
