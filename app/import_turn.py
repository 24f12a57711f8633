"""Whose turn it is to work on an import, and how far it has come, seen while its transaction is open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text

from app.acting import acting_for
from app.extensions import db
from app.services.import_progress import Tell
from app.services.imports import uploader_of
from app.transaction import transaction

TURN_LOCK = 0x696D7072


@contextmanager
def import_turn(import_id: int) -> Iterator[Tell]:
    """Work on an import while nobody else does, whatever process it is; the others wait.

    Both go through a connection of their own: the server ends the turn of a process that dies, and what is told is
    to be seen at once. If that connection is lost, the next telling raises, before more is done.
    """
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as own:
        turn = {"lock": TURN_LOCK, "id": import_id % 2**31}
        own.execute(text("SELECT pg_advisory_lock(:lock, :id)"), turn)

        def tell(share: float, rows_read: int = 0) -> None:
            percent = min(99, int(share * 100))
            own.execute(text(TELL), {"id": import_id, "percent": percent, "rows": rows_read})

        try:
            yield tell
        finally:
            own.execute(text("SELECT pg_advisory_unlock(:lock, :id)"), turn)


@contextmanager
def for_uploader(import_id: int) -> Iterator[None]:
    """Work as the account that uploaded the workbook: what it doesn't see, its rows neither find nor change."""
    with transaction() as session:
        actor = uploader_of(session, import_id)
    with acting_for(db.session(), actor):
        yield


# Whoever holds the row is about to begin or end the work; telling never waits for it.
TELL = """
    UPDATE import_progress
       SET percent = :percent, rows_read = greatest(rows_read, :rows)
     WHERE import_id = (SELECT import_id FROM import_progress WHERE import_id = :id FOR UPDATE SKIP LOCKED)
"""
