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
    Table,
    bindparam,
    exists,
    func,
    insert,
    literal,
    literal_column,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session, make_transient_to_detached

from app.models import Enrolment, EnrolmentBatch, EventObject, Member, PlanChoice, ProtectionYear, Union
from app.queries.batches import first_live_batch, last_submit
from app.queries.enrolment import bucket_of, standing
from app.queries.terms import open_terms
from app.rules.enrolment import (
    BatchAction,
    BatchStatus,
    Bucket,
    Channel,
    EnrolmentKind,
    EnrolmentStatus,
    Term,
)
from app.rules.fees import Amounts
from app.rules.organisation import UnionLevel
from app.rules.violations import RuleViolation
from app.rules.years import WindowName
from app.security.actor import Actor
from app.security.roles import Permission, require
from app.services.documents import issue_grassroots_notice
from app.services.events import record, scope_of


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
    protection_year, unit = open_terms(
        session, union, year, WindowName.GRASSROOTS_SUBMIT, plan, Term.FULL, now
    )
    batch_id, is_first = _choose_plan(session, union, year, plan)
    people = _enrol_eligible(session, union, protection_year, channel, batch_id, member_ids)
    if people == 0:
        raise _nobody_left(session, union, year, channel, member_ids)
    _check_headcount(people, member_ids, expected_headcount)
    batch = _write_batch(
        session, actor, union, protection_year, channel, kind, plan, unit, batch_id, people, now
    )
    record(
        session,
        actor,
        EventObject.ENROLMENT_BATCH,
        batch.id,
        BatchAction.SUBMIT,
        now=now,
        scope=batch,
        to_state=BatchStatus.SUBMITTED,
        facts={"headcount": people, "plan": plan, "channel": channel},
    )
    issue_grassroots_notice(session, actor, union, protection_year, batch, is_first=is_first, now=now)
    return batch


OWN_UNION = select(Union).where(Union.id == bindparam("own_union")).with_for_update(key_share=True)


def lock_own_union(session: Session, actor: Actor) -> Union:
    """The operator's own grassroots union, locked: submits and decisions of one union queue up here."""
    if actor.level is not UnionLevel.GRASSROOTS:
        raise RuleViolation("not_a_grassroots_union", status=403)
    locked: Union | None = session.scalar(OWN_UNION, {"own_union": actor.union_id})
    assert locked is not None
    return locked


def free_plan(session: Session, union_ids: Sequence[int], year: int) -> None:
    """Forget the plan of unions without a live batch: it may be chosen anew (Q35)."""
    session.execute(
        text(
            """
            DELETE FROM plan_choice p
             WHERE p.year = :year AND p.union_id = ANY(:unions)
               AND NOT EXISTS (SELECT FROM enrolment_batch b
                                WHERE b.union_id = p.union_id AND b.year = p.year AND b.live_plan IS NOT NULL)
            """
        ),
        {"year": year, "unions": list(union_ids)},
    )


def _check_ticks(channel: Channel, member_ids: Sequence[int] | None) -> None:
    if channel is Channel.SOCIAL_CARD and not member_ids:
        raise RuleViolation("nobody_ticked", field="member_ids")
    if channel is Channel.MEMBER_CARD and member_ids is not None:
        raise RuleViolation("no_picking", field="member_ids")


FIX_PLAN = (
    upsert(cast(Table, PlanChoice.__table__))
    # Setting what is there already: the statement then answers it.
    .on_conflict_do_update(index_elements=["union_id", "year"], set_={"plan": PlanChoice.plan})
    .returning(
        PlanChoice.__table__.c.plan,
        text("nextval('enrolment_batch_id_seq')"),
        # The row's own columns, in words: as columns they would name the table once more.
        ~exists().where(
            EnrolmentBatch.union_id == literal_column("plan_choice.union_id"),
            EnrolmentBatch.year == literal_column("plan_choice.year"),
        ),
    )
)


def _choose_plan(session: Session, union: Union, year: int, plan: str) -> tuple[int, bool]:
    """Fix the union's plan of the year; answers the id for the batch that does so, and whether it is the year's first.

    Refuses another plan than the fixed one, naming what fixed it.
    """
    fixed, batch_id, is_first = session.execute(
        FIX_PLAN, {"union_id": union.id, "year": year, "plan": plan}
    ).one()
    if fixed == plan:
        return int(batch_id), is_first
    first = first_live_batch(session, union.id, year)
    raise RuleViolation(
        "plan_locked",
        field="plan",
        plan=fixed,
        asked=plan,
        number=first.number if first else "",
        at=first.submitted_at if first else None,
    )


def _enrol_eligible(
    session: Session,
    union: Union,
    year: ProtectionYear,
    channel: Channel,
    batch_id: int,
    member_ids: Sequence[int] | None,
) -> int:
    """Put the eligible into the batch in one statement; answers how many.

    A person whom another union is enrolling at this moment is waited for, and left out if that succeeds:
    ``one_cover_per_person_and_year`` decides, not this query's snapshot. Everybody inserts in the order of
    the persons, so two unions that share several can't wait for each other.
    """
    statement = _enrolling(year.year, year.cover_start, year.cover_end, channel, member_ids is not None)
    values: dict[str, Any] = {"into_batch": batch_id, "of_union": union.id}
    if member_ids is not None:
        values["ticked"] = list(member_ids)
    return session.execute(statement, values).rowcount  # type: ignore[attr-defined,no-any-return]


@lru_cache(maxsize=64)
def _enrolling(year: int, cover_start: date, cover_end: date, channel: Channel, ticked: bool) -> Insert:
    """The statement that enrols, put together once a year and channel: ``into_batch``, ``of_union``, ``ticked``."""
    values: dict[str, ColumnElement[Any]] = {
        "year": literal(year),
        "batch_id": bindparam("into_batch", type_=BigInteger),
        "member_id": Member.id.expression,
        "person_key": Member.person_key.expression,
        "channel": literal(channel.value),
        "status": literal(EnrolmentStatus.PENDING.value),
        "cover_start": literal(cover_start),
        "cover_end": literal(cover_end),
        "union_id": Member.union_id.expression,
        "second_id": Member.second_id.expression,
        "district_id": Member.district_id.expression,
    }
    eligible = standing(select(*values.values()), year).where(
        Member.union_id == bindparam("of_union", type_=BigInteger),
        bucket_of(channel, cover_start) == Bucket.ELIGIBLE.value,
    )
    if ticked:
        eligible = eligible.where(Member.id == func.any(bindparam("ticked", type_=ARRAY(BigInteger))))
    return (
        upsert(cast(Table, Enrolment.__table__))
        .from_select(list(values), eligible.order_by(Member.person_key), include_defaults=False)
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


NEW_BATCH = insert(cast(Table, EnrolmentBatch.__table__)).inline()


def _write_batch(
    session: Session,
    actor: Actor,
    union: Union,
    year: ProtectionYear,
    channel: Channel,
    kind: EnrolmentKind,
    plan: str,
    unit: Amounts,
    batch_id: int,
    people: int,
    now: datetime,
) -> EnrolmentBatch:
    amounts = unit.times(people)
    values = dict(
        id=batch_id,
        number=f"JC{year.year}{batch_id:08d}",
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
    )
    # By the table, and then as if it had been read: the session's own way takes twice as long.
    session.execute(NEW_BATCH, values)
    batch = EnrolmentBatch(**values)
    make_transient_to_detached(batch)
    session.add(batch)
    return batch
