"""Writing a large export as whoever asked for it, with its progress seen while the rows are still being read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text

from app.acting import acting_for
from app.clock import now
from app.exports import Tell
from app.extensions import db
from app.security.actor import Actor
from app.services.exports import begin_export
from app.transaction import transaction


class ExportStopped(Exception):
    """Whoever asked for the file doesn't want it any more."""


@contextmanager
def export_turn(export_id: int) -> Iterator[tuple[Actor, Tell] | None]:
    """The account that asked, acted for in the block, and what is to be told; ``None`` where nothing is to be written.

    Telling goes through a connection of its own, so that it is seen at once; it raises ``ExportStopped``.
    """
    with transaction() as session:
        actor = begin_export(session, export_id, now())
    if actor is None:
        yield None
        return
    with (
        db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as own,
        acting_for(db.session(), actor),
    ):

        def tell(rows: int) -> None:
            if own.execute(text(TELL), {"id": export_id, "rows": rows}).scalar():
                raise ExportStopped

        yield actor, tell


TELL = "UPDATE export_progress SET rows_written = :rows WHERE export_id = :id RETURNING stop_asked"
