"""Checking and applying workbooks in the background."""

from __future__ import annotations

from app.clock import now
from app.import_turn import for_uploader, import_turn
from app.services.import_progress import Tell
from app.services.imports import apply_import, check_import
from app.transaction import transaction
from scheduler.tasks import stop_if_asked, task


@task("imports.check")
def check(import_id: int) -> None:
    """Read the workbook in many short transactions, judge it in one; killed before its end, it begins anew."""
    with import_turn(import_id) as tell, for_uploader(import_id):
        check_import(transaction, import_id, now(), stoppable(tell))


@task("imports.commit")
def commit(import_id: int) -> None:
    """Apply the right rows in one transaction: killed before its end, nothing has happened."""
    with import_turn(import_id) as tell, for_uploader(import_id), transaction() as session:
        apply_import(session, import_id, now(), stoppable(tell))


def stoppable(tell: Tell) -> Tell:
    """Telling how far the work is, and stopping there if somebody asked for it."""

    def tell_or_stop(share: float, rows_read: int = 0) -> None:
        stop_if_asked()
        tell(share, rows_read)

    return tell_or_stop
