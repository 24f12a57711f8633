"""Uploaded workbooks are forgotten when their time is over: rows, errors and file go, figures and history stay."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.models import ImportError, ImportRow, ImportRun, StoredFile
from app.rules.imports import AT_WORK, ImportState

RUNS_AT_ONCE = 50


def forget_imports(session: Session, *, uploaded_before: datetime, now: datetime) -> int:
    """Forget some of the imports that were uploaded before; answers how many, 0 when there are none left.

    One that nobody took over till then fails: its rows are gone. Those at work are left for the next night.
    """
    runs = session.scalars(
        select(ImportRun)
        .where(
            ImportRun.uploaded_at < uploaded_before,
            ImportRun.forgotten_at.is_(None),
            ImportRun.state.not_in(AT_WORK),
        )
        .order_by(ImportRun.id)
        .limit(RUNS_AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    ids = [run.id for run in runs]
    session.execute(delete(ImportError).where(ImportError.import_id.in_(ids)))
    session.execute(delete(ImportRow).where(ImportRow.import_id.in_(ids)))
    empty_files(session, [run.file_id for run in runs], now)
    for run in runs:
        run.forgotten_at = now
        if run.state is ImportState.READY:
            run.state, run.finished_at = ImportState.FAILED, now
            run.problem_code, run.problem_facts = "import_forgotten", {}
    session.flush()
    return len(runs)


def empty_files(session: Session, file_ids: Sequence[int], now: datetime) -> int:
    """Drop the contents of these files, those that still have any; answers how many."""
    emptied = session.scalars(
        update(StoredFile)
        .where(StoredFile.id.in_(file_ids), StoredFile.emptied_at.is_(None))
        .values(content=b"", sealed=False, emptied_at=now)
        .returning(StoredFile.id)
    )
    return len(emptied.all())
