"""What every decision of an operator about members goes through: who may, whose they are, who was faster."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, func, literal, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from app.models import (
    EnrolmentExclusion,
    EventObject,
    Member,
    ProtectionYear,
    RetirementKeep,
    Union,
)
from app.queries.enrolment import in_bucket, standing
from app.queries.marks import last_decision, marked_members
from app.queries.years import get_year, require_window
from app.rules.corrections import CorrectionSource
from app.rules.enrolment import Bucket
from app.rules.marks import Marked
from app.rules.violations import RuleViolation, not_found
from app.rules.years import WindowName
from app.security.actor import Actor
from app.security.roles import Permission, require
from app.services.corrections import Correction, record_corrections
from app.services.enrolment import lock_own_union
from app.services.events import record_many, scope_of

REASON_MAX = 200

Seen = Mapping[int, Marked] | None
"""How the members stood when the page that asks was shown; without it nobody can have been faster."""

Mark = type[EnrolmentExclusion] | type[RetirementKeep]
REASON_FIELDS: Mapping[Mark, str] = {EnrolmentExclusion: "exclusion_reason", RetirementKeep: "keep_reason"}
"""What the log of corrections calls them."""


def prepare_marks(session: Session, actor: Actor, year: int, now: datetime) -> tuple[ProtectionYear, Union]:
    """What a decision for a year's list begins with: who may, the union locked, the window open."""
    require(actor, Permission.ENROL)
    protection_year = get_year(session, year)
    union = lock_own_union(session, actor)
    require_window(session, year, WindowName.GRASSROOTS_SUBMIT, union, now)
    return protection_year, union


def require_own(session: Session, union: Union, member_ids: Sequence[int]) -> None:
    """Every id must be a member of this union: a foreign one looks like one that isn't there."""
    if not member_ids:
        raise RuleViolation("nobody_chosen", field="member_ids")
    own = session.scalar(
        select(func.count()).where(
            Member.union_id == union.id,
            Member.id == func.any(list(set(member_ids))),
            Member.erased_at.is_(None),
        )
    )
    if own != len(set(member_ids)):
        raise not_found("member")


def require_words(reason: str) -> str:
    """The reason, trimmed; raises ``reason_missing`` or ``text_too_long``."""
    trimmed = reason.strip()
    if not trimmed:
        raise RuleViolation("reason_missing", field="reason")
    if len(trimmed) > REASON_MAX:
        raise RuleViolation("text_too_long", field="reason", limit=REASON_MAX)
    return trimmed


def refuse_submitted(session: Session, union: Union, year: ProtectionYear, member_ids: Sequence[int]) -> None:
    submitted = session.scalar(
        standing(select(func.count()), year.year).where(
            Member.union_id == union.id,
            Member.id == func.any(list(member_ids)),
            in_bucket(year.cover_start, Bucket.SUBMITTED),
        )
    )
    if submitted:
        raise RuleViolation("already_submitted", status=409, people=submitted)


def refuse_overtaken(session: Session, year: int, seen: Seen, done: Collection[int]) -> None:
    """Somebody has decided since the page was shown: say who and when, and change nothing.

    ``done``: members of whom what is asked holds already. Raises ``decided_meanwhile`` (409).
    """
    for member_id, marked in marked_members(session, year, list(seen or ())).items():
        if seen and marked != seen[member_id] and member_id not in done:
            last = last_decision(session, member_id)
            raise RuleViolation(
                "decided_meanwhile",
                status=409,
                name=session.get_one(Member, member_id).name,
                who=last.actor_name if last else None,
                at=last.at if last else None,
            )


def write_marks(
    session: Session,
    mark: Mark,
    year: int,
    member_ids: Collection[int],
    values: Mapping[str, object],
    union: Union,
) -> list[int]:
    """Set the mark with its ``values``, or give it these where it stands already; answers the members."""
    columns = mark.__table__.columns
    constants = {"year": year, **values, **scope_of(union)}
    people = select(
        Member.id, *(literal(value, columns[name].type) for name, value in constants.items())
    ).where(Member.id == func.any(list(member_ids)))
    statement = upsert(mark).from_select(["member_id", *constants], people.order_by(Member.id))
    statement = statement.on_conflict_do_update(
        index_elements=["year", "member_id"], set_={name: statement.excluded[name] for name in values}
    )
    return list(session.scalars(statement.returning(mark.member_id)))


def remove_marks(
    session: Session,
    actor: Actor,
    mark: Mark,
    year: int,
    member_ids: Sequence[int],
    action: str,
    union: Union,
    now: datetime,
) -> int:
    """Take the mark away from those who have it, with an event each; answers how many."""
    removed = {
        row.member_id: row.reason
        for row in session.execute(
            delete(mark)
            .where(mark.year == year, mark.member_id == func.any(list(member_ids)))
            .returning(mark.member_id, mark.reason)
        )
    }
    record_many(
        session, actor, EventObject.MEMBER, list(removed), action, now=now, scope=union, facts={"year": year}
    )
    record_reasons(session, actor, mark, year, list(removed), removed, "", now)
    return len(removed)


def reasons_of(session: Session, mark: Mark, year: int, member_ids: Collection[int]) -> dict[int, str]:
    """The reasons that stand now, by member."""
    found = session.execute(
        select(mark.member_id, mark.reason).where(
            mark.year == year, mark.member_id == func.any(list(member_ids))
        )
    )
    return {row.member_id: row.reason for row in found}


def record_reasons(
    session: Session,
    actor: Actor,
    mark: Mark,
    year: int,
    member_ids: Collection[int],
    before: Mapping[int, str],
    after: str,
    now: datetime,
) -> None:
    """What was said about people goes where it can be erased; the log only keeps that it was decided."""
    record_corrections(
        session,
        actor,
        [Correction(each, REASON_FIELDS[mark], before.get(each), after, year) for each in member_ids],
        source=CorrectionSource.DECISION,
        now=now,
    )


def without_mark(session: Session, mark: Mark, year: int, member_ids: Sequence[int]) -> set[int]:
    """Those of the members who don't have it."""
    marked = session.scalars(
        select(mark.member_id).where(mark.year == year, mark.member_id == func.any(list(member_ids)))
    )
    return set(member_ids) - set(marked)
