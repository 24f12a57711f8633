"""What an administrator asked for besides the timetable's times."""

from __future__ import annotations

from datetime import datetime

from app.models import SchedulerRun
from app.rules.boundaries import Boundary
from app.services.schedule import RUN_AGAIN, RUN_NOW
from app.transaction import transaction
from scheduler.runs import POSITIONS, run_boundary, run_year_boundary
from scheduler.tasks import task
from scheduler.timetable import TIMETABLE, YEAR


@task(RUN_NOW)
def run_now(name: str, boundary: str, asked_by: int) -> None:
    """Once, however often the job is done: the instant of the asking is the boundary."""
    (entry,) = (entry for entry in TIMETABLE if entry.name == name)
    run_boundary(entry, datetime.fromisoformat(boundary), asked_by=asked_by)


@task(RUN_AGAIN)
def run_again(run_id: int, asked_by: int) -> None:
    """Open a failed boundary again and work it off; killed on the way, the scheduler finds it open."""
    with transaction() as session:
        run = session.get_one(SchedulerRun, run_id, with_for_update=True)
        if run.ok is False:
            run.ok, run.finished_at, run.attempts, run.asked_by = None, None, 0, asked_by
        assert run.year is not None, "only boundaries of years are asked for again"
        line, boundary = YEAR[POSITIONS[run.name]], Boundary(run.name, run.year, run.boundary)
    run_year_boundary(line, boundary)
