"""Importing a workbook: taken in, checked in the background, shown, then its right rows applied at once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.gateways.workbook_container import MEDIA_TYPES, recognise
from app.jobs import enqueue
from app.models import (
    Account,
    Employer,
    EventObject,
    ImportProgress,
    ImportRun,
    StoredFile,
)
from app.rules.import_tables import table_of
from app.rules.imports import ANSWER_KINDS, AT_WORK, SIZE_LIMIT, ImportKind, ImportState, RowError
from app.rules.members import MembershipKind
from app.rules.organisation import UnionLevel
from app.rules.violations import RuleViolation
from app.security.actor import Actor, actor_of
from app.security.roles import Permission, require
from app.security.visible import get_visible, visible_to
from app.services.events import record
from app.services.files import content_of, store_file
from app.services.import_changes import change_stored
from app.services.import_judging import judge
from app.services.import_progress import Tell, nobody, part
from app.services.import_staging import Reading, copy_errors, forget_rows, open_workbook, stage_chunk
from app.services.messages import tell_uploader
from app.services.people_lock import lock_people

Transaction = Callable[[], AbstractContextManager[Session]]

SHARE_OF_READING = 0.75
"""Of a check; the rest is judging."""

PERMISSIONS = {
    ImportKind.ORGANISATIONS: Permission.IMPORT_TREE,
    ImportKind.EMPLOYERS: Permission.IMPORT_TREE,
    ImportKind.MEMBERS: Permission.IMPORT_MEMBERS,
    ImportKind.TRANSFERS: Permission.TRANSFER_MEMBERS,
} | dict.fromkeys(ANSWER_KINDS, Permission.IMPORT_ANSWERS)


def start_import(
    session: Session,
    actor: Actor,
    *,
    kind: ImportKind,
    file_name: str,
    content: bytes,
    member_kind: MembershipKind | None = None,
    employer_code: str | None = None,
    now: datetime,
) -> ImportRun:
    """Keep the workbook and have it checked in the background.

    ``member_kind`` and ``employer_code`` say what the members of a members' workbook are, where its rows
    don't. Raises RuleViolation for what is no table at all, one over 20 MB, an employer unknown to the actor.
    """
    require(actor, PERMISSIONS[kind])
    if len(content) > SIZE_LIMIT:
        raise RuleViolation("file_too_large", field="file", status=413, limit_mb=SIZE_LIMIT // 1024**2)
    try:
        media_type = MEDIA_TYPES[recognise(content)]
    except RuleViolation as problem:
        raise RuleViolation(problem.code, field="file", status=problem.status) from problem
    of_members = kind is ImportKind.MEMBERS
    stored = store_file(session, file_name, media_type, content, now, sealed=True)
    run = ImportRun(
        kind=kind,
        member_kind=(member_kind or MembershipKind.EMPLOYED) if of_members else None,
        employer_id=_employer(session, actor, employer_code).id if of_members and employer_code else None,
        file_name=stored.name,
        file_id=stored.id,
        state=ImportState.QUEUED,
        union_id=actor.union_id,
        second_id=actor.second_id,
        district_id=actor.district_id,
        uploaded_by=actor.account_id,
        uploaded_at=now,
        told=ImportProgress(),
    )
    session.add(run)
    session.flush()
    enqueue(session, "imports.check", import_id=run.id)
    return run


def check_import(transaction: Transaction, import_id: int, now: datetime, tell: Tell = nobody) -> None:
    """Read, check and judge a workbook: afterwards it is ready, or failed as a whole. Repeatable.

    ``transaction`` opens one of the caller's, or joins it: its rows are staged in many short ones and judged in
    one. Nobody else may work on the import meanwhile: take ``app.import_turn``.
    """
    with transaction() as session:
        reading = _begin_check(session, import_id, now)
    if reading is None:
        return
    try:
        _stage(transaction, reading, part(tell, 0, SHARE_OF_READING))
    except RuleViolation as problem:
        with transaction() as session:
            _refuse_workbook(session, _locked(session, import_id), problem, now)
        return
    with transaction() as session:
        run = _locked(session, import_id)
        judge(session, _uploader(session, run), run, now, part(tell, SHARE_OF_READING, 1))
        run.state = ImportState.READY
        tell_uploader(session, run, now)


def _begin_check(session: Session, import_id: int, now: datetime) -> Reading | None:
    """Show that the check is under way, and forget what an earlier one may have left."""
    run = _locked(session, import_id)
    if run.state not in (ImportState.QUEUED, ImportState.CHECKING):
        return None
    run.state, run.told.percent, run.told.rows_read = ImportState.CHECKING, 0, 0
    forget_rows(session, run.id)
    above_grassroots = _uploader(session, run).level is not UnionLevel.GRASSROOTS
    table = table_of(run.kind, above_grassroots=above_grassroots)
    content = content_of(session.get_one(StoredFile, run.file_id))
    return Reading(run.id, run.kind, table, content, now.date())


def _stage(transaction: Transaction, reading: Reading, tell: Tell) -> None:
    rows_read = 0
    with open_workbook(reading) as workbook:
        with transaction() as session:
            run = _locked(session, reading.import_id)
            run.headers, run.remarks = workbook.headers, workbook.remarks
        for chunk in workbook.chunks:
            with transaction() as session:
                stage_chunk(session, reading.import_id, chunk)
                rows_read += len(chunk.rows)
                tell(chunk.share, rows_read)


def commit_import(session: Session, actor: Actor, import_id: int, now: datetime) -> ImportRun:
    """Have the right rows applied in the background; the wrong ones stay in the error workbook.

    Asking again changes nothing. Raises ``import_not_ready`` (409) while it is checked or when it failed.
    """
    run = get_visible(session, actor, ImportRun, import_id, lock=True)
    require(actor, PERMISSIONS[run.kind])
    if run.state in (ImportState.COMMITTING, ImportState.DONE):
        return run
    if run.state is not ImportState.READY:
        raise RuleViolation(
            "import_failed" if run.state is ImportState.FAILED else "import_not_ready", status=409
        )
    run.state, run.told.percent, run.problem_code = ImportState.COMMITTING, 0, None
    enqueue(session, "imports.commit", import_id=run.id)
    return run


def apply_import(session: Session, import_id: int, now: datetime, tell: Tell = nobody) -> None:
    """Apply the right rows, all or nothing. They are judged again first: much may have changed meanwhile."""
    run = _locked(session, import_id)
    if run.state is not ImportState.COMMITTING:
        return
    lock_people(session)
    actor = _uploader(session, run)
    judge(session, actor, run, now, part(tell, 0, 0.5))
    change_stored(session, actor, run, now, part(tell, 0.5, 1))
    run.state, run.finished_at = ImportState.DONE, now
    figures = {"kind": run.kind, "rows": run.rows, "valid": run.valid}
    outcome = {"created": run.created, "updated": run.updated, "unchanged": run.unchanged}
    record(
        session,
        actor,
        EventObject.IMPORT,
        run.id,
        "import",
        now=now,
        scope=run,
        from_state=ImportState.COMMITTING,
        to_state=ImportState.DONE,
        facts=figures | outcome,
    )


def give_up_abandoned(session: Session, now: datetime) -> int:
    """End imports that no job works on any more, since theirs failed again and again; how many there were.

    Nothing of them was taken over: one that was checked can be committed again, another is to be uploaded again.
    """
    abandoned = session.scalars(
        select(ImportRun)
        .where(ImportRun.state.in_(AT_WORK), text(NO_JOB_LEFT))
        .with_for_update(of=ImportRun, skip_locked=True)
    ).all()
    for run in abandoned:
        run.problem_code = "import_given_up"
        if run.state is ImportState.COMMITTING:
            run.state = ImportState.READY
        else:
            run.state, run.finished_at = ImportState.FAILED, now
            forget_rows(session, run.id)
        tell_uploader(session, run, now)
    return len(abandoned)


NO_JOB_LEFT = """
    NOT EXISTS (SELECT
                  FROM procrastinate_jobs AS job
                 WHERE job.task_name IN ('imports.check', 'imports.commit')
                   AND job.args ->> 'import_id' = import_run.id::text
                   AND job.status IN ('todo', 'doing'))
"""


def _locked(session: Session, import_id: int) -> ImportRun:
    return session.scalars(
        select(ImportRun)
        .where(ImportRun.id == import_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def uploader_of(session: Session, import_id: int) -> Actor:
    """Whom the work on an import acts for."""
    return _uploader(session, session.get_one(ImportRun, import_id))


def _uploader(session: Session, run: ImportRun) -> Actor:
    return actor_of(session.scalars(select(Account).where(Account.id == run.uploaded_by)).one())


def _employer(session: Session, actor: Actor, code: str) -> Employer:
    wanted = select(Employer).where(Employer.code == code.strip().upper(), visible_to(actor, Employer))
    found: Employer | None = session.scalar(wanted)
    if found is None:
        raise RuleViolation("employer_code_unknown", field="employer_code")
    return found


def _refuse_workbook(session: Session, run: ImportRun, problem: RuleViolation, now: datetime) -> None:
    forget_rows(session, run.id)
    if problem.code in ("columns_missing", "column_repeated"):
        columns = str(problem.facts.get("columns") or problem.facts.get("column"))
        copy_errors(session, run.id, [RowError(1, columns, problem.code, problem.facts)])
    run.state, run.finished_at = ImportState.FAILED, now
    run.problem_code, run.problem_facts = problem.code, dict(problem.facts)
    tell_uploader(session, run, now)
