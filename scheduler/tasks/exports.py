"""Writing large exports in the background."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile

from flask_babel import force_locale
from procrastinate.exceptions import JobAborted
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.acting import acting_for
from app.clock import now
from app.exports import Tell, write_export
from app.extensions import db
from app.models import ExportRun
from app.rules.violations import RuleViolation
from app.services.exports import WRITE, begin_export, fail_export, keep_export
from app.transaction import transaction
from scheduler.tasks import stop_if_asked, task


@task(WRITE)
def write(export_id: int) -> None:
    """Write the rows to a file of this machine while they are read, then keep it in the database in pieces.

    As the account that asked, with what it may see now. Killed before its end, nothing has been kept: it begins anew.
    """
    with transaction() as session:
        actor = begin_export(session, export_id)
    if actor is None:
        return
    with TemporaryFile(prefix="canbao-export-") as file, acting_for(db.session(), actor):
        try:
            with _telling(export_id) as tell, transaction() as session:
                run = session.get_one(ExportRun, export_id)
                with force_locale(run.language):
                    rows = write_export(session, actor, run, file, now(), tell)
        except RuleViolation as problem:
            with transaction() as session:
                fail_export(session, export_id, problem.code, now())
            return
        except (JobAborted, DBAPIError):
            raise
        except Exception:
            # Another attempt would end the same: whoever waits hears of it now, and the job says what it was.
            with transaction() as session:
                fail_export(session, export_id, "export_broken", now())
            raise
        file.seek(0)
        with transaction() as session:
            keep_export(session, export_id, file, rows, now())


@contextmanager
def _telling(export_id: int) -> Iterator[Tell]:
    """By a connection of its own: what is told is to be seen at once."""
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as own:

        def tell(rows: int) -> None:
            stop_if_asked()
            if own.execute(text(TELL), {"id": export_id, "rows": rows}).scalar():
                raise JobAborted

        yield tell


TELL = "UPDATE export_progress SET rows_written = :rows WHERE export_id = :id RETURNING stop_asked"
