"""Checking and applying workbooks in the background."""

from __future__ import annotations

from app.clock import now
from app.services.imports import apply_import, begin_check, check_import
from app.transaction import transaction
from scheduler.tasks import task


@task("imports.check")
def check(import_id: int) -> None:
    """Say that it is under way, then check the workbook in one transaction."""
    with transaction() as session:
        begin_check(session, import_id)
    with transaction() as session:
        check_import(session, import_id, now())


@task("imports.commit")
def commit(import_id: int) -> None:
    """Apply the right rows in one transaction: killed before its end, nothing has happened."""
    with transaction() as session:
        apply_import(session, import_id, now())
