"""Writing large exports in the background."""

from __future__ import annotations

from tempfile import TemporaryFile
from typing import BinaryIO

from flask_babel import force_locale
from procrastinate.exceptions import JobAborted
from sqlalchemy.exc import DBAPIError

from app.clock import now
from app.export_turn import ExportStopped, export_turn
from app.exports import Tell, write_export
from app.models import ExportRun
from app.replica import reading
from app.rules.violations import RuleViolation
from app.security.actor import Actor
from app.services.exports import WRITE, fail_export, keep_export
from app.transaction import transaction
from scheduler.tasks import stop_if_asked, task


@task(WRITE)
def write(export_id: int) -> None:
    """Write the rows to a file of this machine while they are read, then keep it in the database in pieces.

    As the account that asked, with what it may see now. Killed before its end, nothing has been kept: it begins anew.
    """
    with export_turn(export_id) as turn, TemporaryFile(prefix="canbao-export-") as file:
        if turn is None:
            return
        try:
            rows = _write(export_id, file, *turn)
        except RuleViolation as problem:
            _fail(export_id, problem.code)
            return
        except ExportStopped as stopped:
            raise JobAborted from stopped
        except (JobAborted, DBAPIError):
            raise
        except Exception:
            # Another attempt would end the same: whoever waits hears of it now, and the job says what it was.
            _fail(export_id, "export_broken")
            raise
        file.seek(0)
        with transaction() as session:
            keep_export(session, export_id, file, rows, now())


def _write(export_id: int, file: BinaryIO, actor: Actor, tell: Tell) -> int:
    def tell_or_stop(rows: int) -> None:
        stop_if_asked()
        tell(rows)

    with transaction() as session:
        run = session.get_one(ExportRun, export_id)
        with force_locale(run.language), reading(session) as reader:
            return write_export(reader, actor, run, file, now(), tell_or_stop)


def _fail(export_id: int, problem_code: str) -> None:
    with transaction() as session:
        fail_export(session, export_id, problem_code, now())
