"""个人信息: everything that is held about one person, as far as the asker may see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, false, func, literal, select, union_all
from sqlalchemy.orm import Session, aliased

from app.models import (
    Employer,
    EnrolmentConfirmation,
    EnrolmentExclusion,
    ErasureRequest,
    Event,
    EventObject,
    ImportRow,
    ImportRun,
    Member,
    MemberCorrection,
    MemberTransfer,
    RetirementKeep,
    StoredFile,
    Union,
)
from app.queries import beyond
from app.queries.cover import covers_of
from app.rules.enrolment import BatchStatus
from app.rules.erasure import HeldCover
from app.security.actor import Actor
from app.security.visible import visible_to

MENTIONS_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Decision:
    """What the union decided about the member for a year; ``paper`` is the file that a keep rests on."""

    kind: str
    year: int
    union: str
    who: str | None
    at: datetime
    reason: str
    paper: str | None


@dataclass(frozen=True, slots=True)
class PersonalData:
    """By section of the page. ``records`` are all of this person's that the asker sees, the one asked for first.

    ``covers`` as ``queries.cover`` selects them; ``transfers``: (MemberTransfer, from_name, to_name); ``imports``:
    (ImportRun, row, valid, outcome, emptied_at, union_name); ``corrections``: (MemberCorrection, who); ``requests``:
    (ErasureRequest, who).
    """

    records: Sequence[Any]
    covers: Sequence[Any]
    decisions: Sequence[Decision]
    transfers: Sequence[Any]
    imports: Sequence[Any]
    corrections: Sequence[Any]
    events: Sequence[Event]
    requests: Sequence[Any]


def personal_data(session: Session, actor: Actor, member: Member) -> PersonalData:
    """Everything about the person of a member whom the asker sees."""
    records = session.execute(
        select(Member, Union.name.label("union_name"), Employer.name.label("employer_name"))
        .join(Union, Union.id == Member.union_id)
        .outerjoin(Employer, Employer.id == Member.employer_id)
        .where(Member.person_key == member.person_key, visible_to(actor, Member))
        .order_by(Member.id != member.id, Member.id)
    ).all()
    ids = [row.Member.id for row in records]
    return PersonalData(
        records=records,
        covers=covers_of(session, actor, [member.person_key]),
        decisions=_decisions(session, actor, ids),
        transfers=_transfers(session, actor, ids),
        imports=_imports(session, actor, member),
        corrections=_corrections(session, actor, ids),
        events=_events(session, actor, ids),
        requests=requests_about(session, actor, ids),
    )


def rows_naming(member: Member, *, thorough: bool = False) -> Select[*tuple[Any, ...]]:
    """``(import_id, row)`` of the staged rows about a person: each finds its index.

    ``thorough``: also the wrong rows, which tell of nobody, but hold this document number or phone; they are
    looked through one by one.
    """
    return beyond.rows_naming(member.person_key, member.id_number_hash, member.phone, thorough=thorough)


def held_covers(session: Session, member_id: int) -> list[HeldCover]:
    """The covers of one member record that aren't void, of all years."""
    found = beyond.covers_of_member(session, member_id)
    return [HeldCover(row.year, row.cover_end, row.number, BatchStatus(row.status)) for row in found]


def waits_for_transfer(session: Session, member_id: int) -> bool:
    return beyond.waiting_transfer(session, member_id) is not None


def requests_about(session: Session, actor: Actor, member_ids: Sequence[int]) -> Sequence[Any]:
    """(ErasureRequest, who asked) for these members, the newest first."""
    return session.execute(
        select(ErasureRequest, beyond.name_of_account(ErasureRequest.requested_by).label("who"))
        .where(ErasureRequest.member_id.in_(member_ids), visible_to(actor, ErasureRequest))
        .order_by(ErasureRequest.id.desc())
    ).all()


def _decisions(session: Session, actor: Actor, member_ids: Sequence[int]) -> list[Decision]:
    parts = [
        select(
            literal(kind).label("kind"),
            model.year,
            Union.name.label("union"),
            beyond.name_of_account(by).label("who"),
            at.label("at"),
            reason.label("reason"),
            (StoredFile.name if kind == "keep" else literal(None, StoredFile.name.type)).label("paper"),
        )
        .join(Union, Union.id == model.union_id)
        .outerjoin(StoredFile, StoredFile.id == model.file_id if kind == "keep" else false())
        .where(model.member_id.in_(member_ids), visible_to(actor, model))
        for kind, model, by, at, reason in _DECISIONS
    ]
    every = union_all(*parts).subquery()
    return [Decision(*row) for row in session.execute(select(every).order_by(every.c.at.desc()))]


_DECISIONS: tuple[tuple[str, Any, Any, Any, Any], ...] = (
    (
        "confirm",
        EnrolmentConfirmation,
        EnrolmentConfirmation.confirmed_by,
        EnrolmentConfirmation.confirmed_at,
        literal(""),
    ),
    (
        "exclude",
        EnrolmentExclusion,
        EnrolmentExclusion.excluded_by,
        EnrolmentExclusion.excluded_at,
        EnrolmentExclusion.reason,
    ),
    ("keep", RetirementKeep, RetirementKeep.kept_by, RetirementKeep.kept_at, RetirementKeep.reason),
)


def _transfers(session: Session, actor: Actor, member_ids: Sequence[int]) -> Sequence[Any]:
    sender, receiver = aliased(Union), aliased(Union)
    return session.execute(
        select(MemberTransfer, sender.name.label("from_name"), receiver.name.label("to_name"))
        .join(sender, sender.id == MemberTransfer.from_union_id)
        .join(receiver, receiver.id == MemberTransfer.to_union_id)
        .where(MemberTransfer.member_id.in_(member_ids), visible_to(actor, MemberTransfer))
        .order_by(MemberTransfer.id.desc())
    ).all()


def _imports(session: Session, actor: Actor, member: Member) -> Sequence[Any]:
    """The rows of workbooks that name the person: where they stand, never who else stands beside."""
    named = rows_naming(member).subquery()
    return session.execute(
        select(
            ImportRun,
            ImportRow.row,
            ImportRow.valid,
            ImportRow.outcome,
            StoredFile.emptied_at,
            Union.name.label("union_name"),
        )
        .join(named, and_(named.c.import_id == ImportRow.import_id, named.c.row == ImportRow.row))
        .join(ImportRun, ImportRun.id == ImportRow.import_id)
        .join(StoredFile, StoredFile.id == ImportRun.file_id)
        .join(Union, Union.id == ImportRun.union_id)
        .where(visible_to(actor, ImportRun))
        .order_by(ImportRun.id.desc(), ImportRow.row)
        .limit(MENTIONS_SHOWN)
    ).all()


def _corrections(session: Session, actor: Actor, member_ids: Sequence[int]) -> Sequence[Any]:
    return session.execute(
        select(MemberCorrection, beyond.name_of_account(MemberCorrection.corrected_by).label("who"))
        .where(MemberCorrection.member_id.in_(member_ids), visible_to(actor, MemberCorrection))
        .order_by(MemberCorrection.id.desc())
    ).all()


def _events(session: Session, actor: Actor, member_ids: Sequence[int]) -> Sequence[Event]:
    return session.scalars(
        select(Event)
        .where(
            Event.object_kind == EventObject.MEMBER,
            Event.object_id == func.any(list(member_ids)),
            visible_to(actor, Event),
        )
        .order_by(Event.id.desc())
    ).all()
