"""What an erasure empties: everything that tells who somebody was. What the books count stays, and nobody's any more.

The member row and its enrolments stay for their counts and amounts, under a random person; nothing else knows that
person. ``docs/personal-data.md`` says what is kept all the same, and why.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, case, delete, insert, literal, or_, select, text, tuple_, update
from sqlalchemy.orm import Session

from app.models import (
    Enrolment,
    EnrolmentConfirmation,
    EnrolmentExclusion,
    ErasureRequest,
    ImportError,
    ImportRow,
    ImportRun,
    Member,
    MemberCorrection,
    MemberTransfer,
    RetirementKeep,
    StoredFile,
)
from app.models.members import member_no_seq
from app.queries.beyond import reach_for_erasure
from app.queries.personal_data import rows_naming
from app.rules.erasure import ERASED_NAME, ErasureState
from app.rules.imports import AT_WORK, ImportState
from app.rules.members import CardStatus, EmploymentStatus, SocialCardStatus
from app.rules.transfers import Direction
from app.rules.violations import RuleViolation
from app.services.import_judging import FIGURES
from app.services.people_lock import lock_people
from app.services.retention import empty_files

ROW_ERASED = "row_erased"
Rows = Sequence[tuple[int, int]]


def lock_imports_about(session: Session, member_id: int) -> None:
    """Hold the imports that name the person, then whoever creates or moves many: an import takes them in this order,
    and so must an erasure, before any union or member.

    Raises ``erasure_while_importing`` while one of those imports is under way.
    """
    reach_for_erasure(session, member_id)
    runs = _imports_about(session, session.get_one(Member, member_id), lock=True)
    if any(run.state in AT_WORK for run in runs):
        raise RuleViolation("erasure_while_importing", status=409)
    lock_people(session)


def erase_member(session: Session, member: Member, now: datetime) -> dict[str, int]:
    """Empty the member and what stands elsewhere about them; answers how much of each kind went.

    The caller holds the locks of ``lock_imports_about``, the union's and the member's, and has asked whether it may be.
    """
    runs = _imports_about(session, member)
    erased = {
        "import_rows": _forget_rows(session, member, runs),
        "files": _empty_files(session, member, runs, now),
        "corrections": _gone(
            session, delete(MemberCorrection).where(MemberCorrection.member_id == member.id)
        ),
        "decisions": _forget_decisions(session, member.id),
        "transfers": _silence_transfers(session, member.id),
    }
    _silence_requests(session, member.id)
    _empty_member(session, member, now)
    erased["enrolments"] = _gone(
        session,
        update(Enrolment).where(Enrolment.member_id == member.id).values(person_key=member.person_key),
    )
    session.expire_all()
    return {kind: number for kind, number in erased.items() if number}


def _imports_about(session: Session, member: Member, *, lock: bool = False) -> Sequence[ImportRun]:
    """The imports that name the person, and those around the union that nobody could read: who knows whom they name."""
    naming = select(rows_naming(member, thorough=True).subquery().c.import_id)
    unreadable = (ImportRun.state == ImportState.FAILED) & or_(
        ImportRun.union_id.in_([member.union_id, member.second_id, member.district_id]),
        ImportRun.district_id.is_(None),
    )
    query = (
        select(ImportRun)
        .where(or_(ImportRun.id.in_(naming), unreadable), ImportRun.forgotten_at.is_(None))
        .order_by(ImportRun.id)
        .execution_options(populate_existing=True)
    )
    return session.scalars(query.with_for_update() if lock else query).all()


def _forget_rows(session: Session, member: Member, runs: Sequence[ImportRun]) -> int:
    """Empty the staged rows; one that wasn't taken over yet never will be, and says why."""
    named = rows_naming(member, thorough=True).subquery()
    held = {run.id: run for run in runs}
    rows: Rows = [
        (row.import_id, row.row)
        for row in session.execute(select(named.c.import_id, named.c.row))
        if row.import_id in held
    ]
    if not rows:
        return 0
    place = tuple_(ImportRow.import_id, ImportRow.row)
    waiting = [run.id for run in runs if run.state is ImportState.READY]
    session.execute(
        update(ImportRow)
        .where(place.in_(rows))
        .values(raw=[], cells={}, changes=None, id_number=None, id_number_hash=None)
        # Everything is read anew afterwards; a sealed column can't be compared, as synchronising would.
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(ImportRow)
        .where(place.in_(rows), ImportRow.import_id.in_(waiting))
        .values(valid=False, outcome=None)
    )
    session.execute(delete(ImportError).where(tuple_(ImportError.import_id, ImportError.row).in_(rows)))
    session.execute(
        insert(ImportError).from_select(
            ["import_id", "row", "column_name", "code"],
            select(ImportRow.import_id, ImportRow.row, literal(""), literal(ROW_ERASED)).where(
                place.in_(rows), ImportRow.valid.is_(False)
            ),
        )
    )
    for run_id in waiting:
        _count_again(session, held[run_id])
    return len(rows)


def _count_again(session: Session, run: ImportRun) -> None:
    figures = session.execute(text(FIGURES), {"id": run.id}).one()
    run.rows, run.valid, run.invalid = figures.rows, figures.valid, figures.rows - figures.valid
    run.created, run.updated, run.unchanged = figures.created, figures.updated, figures.unchanged


def _empty_files(session: Session, member: Member, runs: Sequence[ImportRun], now: datetime) -> int:
    """The workbooks go whole: a single row can't be cut out of them. A name in a file's name goes too."""
    said = [word for word in (member.name, member.id_number, member.phone) if word]
    for run in runs:
        if any(word in run.file_name for word in said):
            run.file_name = f"{run.id}.xlsx"
            session.execute(update(StoredFile).where(StoredFile.id == run.file_id).values(name=run.file_name))
    return empty_files(session, [run.file_id for run in runs], now)


def _forget_decisions(session: Session, member_id: int) -> int:
    """确认, 本年不参保 and keeps of all years with their reasons; a paper goes with the last keep that rests on it."""
    kinds = (EnrolmentConfirmation, EnrolmentExclusion, RetirementKeep)
    return sum(_gone(session, delete(kind).where(kind.member_id == member_id)) for kind in kinds)


def _silence_transfers(session: Session, member_id: int) -> int:
    """That somebody went from one union to another stays, not what was said about them."""
    asked = case((MemberTransfer.direction == Direction.ASK, ERASED_NAME), else_="")
    return _gone(
        session,
        update(MemberTransfer)
        .where(MemberTransfer.member_id == member_id)
        .values(asked_name=asked, asked_number="", note="", reason_text=""),
    )


def _silence_requests(session: Session, member_id: int) -> None:
    """Earlier requests stay as the proof that they were answered, without what was said in them."""
    answer = case((ErasureRequest.state == ErasureState.REFUSED, "—"), else_="")
    session.execute(
        update(ErasureRequest).where(ErasureRequest.member_id == member_id).values(note="", answer=answer)
    )


def _empty_member(session: Session, member: Member, now: datetime) -> None:
    """Kind and union stay, since counts stand by them; the member number changes, since people know theirs."""
    number = f"{session.execute(member_no_seq.next_value()).scalar_one():010d}"
    emptied: dict[str, Any] = {
        "member_no": number,
        "name": ERASED_NAME,
        "phone": f"E{number}",
        "id_number": "",
        "id_number_hash": secrets.token_bytes(32),
        "person_key": secrets.token_bytes(32),
        "id_never_expires": False,
        "employment_status": EmploymentStatus.UNKNOWN,
        "social_card_status": SocialCardStatus.UNKNOWN,
        "card_status": CardStatus.NONE,
        "erased_at": now,
        "updated_at": now,
    }
    emptied |= dict.fromkeys(("tag", "work_address", "remark", "card_problem"), "")
    emptied |= dict.fromkeys(NULLED, None)
    for name, value in emptied.items():
        setattr(member, name, value)
    session.flush()


NULLED = (
    "employer_id",
    "sex",
    "birth_date",
    "retirement_class",
    "id_expires_on",
    "joined_on",
    "status_checked_on",
    "card_no",
    "card_issued_on",
)


def _gone(session: Session, statement: Any) -> int:
    result = session.execute(statement)
    assert isinstance(result, CursorResult)
    return result.rowcount
