"""One commit owner; jobs exist if and only if their cause was committed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from app.clock import now
from app.extensions import db
from app.jobs import enqueue, known_tasks, perform_pending
from app.models.schedule import SchedulerRun
from app.transaction import transaction
from scheduler.routines import WORKER_LOCK, sweep_stalled_jobs
from scheduler.runs import run_boundary, run_due
from scheduler.timetable import Entry


@pytest.fixture
def performed() -> Iterator[list[dict[str, object]]]:
    calls: list[dict[str, object]] = []
    known_tasks["test.note"] = lambda **arguments: calls.append(arguments)
    yield calls
    del known_tasks["test.note"]


def count(database: str, table: str) -> int:
    engine = create_engine(database)
    with engine.connect() as connection:
        found = connection.scalar(text(f"SELECT count(*) FROM {table}"))
    engine.dispose()
    return int(found or 0)


def test_a_job_is_there_once_its_cause_is_committed(committing: Flask, committed_database: str) -> None:
    with transaction() as session:
        enqueue(session, "test.note", number=1)
        assert count(committed_database, "procrastinate_jobs") == 0
    assert count(committed_database, "procrastinate_jobs") == 1


def test_a_refused_cause_leaves_no_job_and_no_row(committing: Flask, committed_database: str) -> None:
    with pytest.raises(ZeroDivisionError), transaction() as session:
        session.add(SchedulerRun(name="x", boundary=now(), started_at=now()))
        enqueue(session, "test.note", number=1)
        session.flush()
        raise ZeroDivisionError
    assert count(committed_database, "procrastinate_jobs") == 0
    assert count(committed_database, "scheduler_run") == 0


def test_a_transaction_inside_another_commits_with_it(committing: Flask, committed_database: str) -> None:
    with transaction() as outer:
        with transaction() as inner:
            assert inner is outer
            inner.add(SchedulerRun(name="x", boundary=now(), started_at=now()))
        assert count(committed_database, "scheduler_run") == 0
    assert count(committed_database, "scheduler_run") == 1


def test_only_one_job_of_a_name_waits(session: Session) -> None:
    assert enqueue(session, "test.note", only_one="note") is not None
    assert enqueue(session, "test.note", only_one="note") is None
    assert session.scalar(text("SELECT count(*) FROM procrastinate_jobs")) == 1


def test_waiting_jobs_run_in_order_and_once(session: Session, performed: list[dict[str, object]]) -> None:
    for number in (1, 2):
        enqueue(session, "test.note", number=number)
    assert perform_pending(session) == 2
    assert perform_pending(session) == 0
    assert performed == [{"number": 1}, {"number": 2}]


def test_a_task_that_fails_is_marked_and_tells(session: Session) -> None:
    known_tasks["test.fail"] = lambda: 1 / 0  # type: ignore[assignment, return-value]
    enqueue(session, "test.fail")
    with pytest.raises(ZeroDivisionError):
        perform_pending(session)
    assert session.scalar(text("SELECT status::text FROM procrastinate_jobs")) == "failed"


def test_the_job_of_a_dead_worker_goes_back_to_the_queue(session: Session) -> None:
    job = enqueue(session, "test.note")
    session.execute(text("UPDATE procrastinate_jobs SET status = 'doing' WHERE id = :id"), {"id": job})
    assert sweep_stalled_jobs(session, now()) == "1 again, 0 failed"
    row = session.execute(text("SELECT status::text, attempts FROM procrastinate_jobs")).one()
    assert tuple(row) == ("todo", 1)


def test_a_job_that_kills_its_worker_again_and_again_ends_as_failed(session: Session) -> None:
    job = enqueue(session, "test.note")
    kill = text("UPDATE procrastinate_jobs SET status = 'doing', attempts = 4 WHERE id = :id")
    session.execute(kill, {"id": job})
    assert sweep_stalled_jobs(session, now()) == "0 again, 1 failed"


def test_the_job_of_a_living_worker_is_left_alone(session: Session) -> None:
    job = enqueue(session, "test.note")
    worker = session.scalar(text("INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id"))
    start = text("UPDATE procrastinate_jobs SET status = 'doing', worker_id = :worker WHERE id = :id")
    session.execute(start, {"id": job, "worker": worker})
    with db.engine.connect() as process:
        process.execute(text("SELECT pg_advisory_lock(:lock, :id)"), {"lock": WORKER_LOCK, "id": worker})
        assert sweep_stalled_jobs(session, now()) == "none stalled"
        process.execute(text("SELECT pg_advisory_unlock(:lock, :id)"), {"lock": WORKER_LOCK, "id": worker})
        assert sweep_stalled_jobs(session, now()) == "1 again, 0 failed"


class TestScheduledRuns:
    def entry(self, work: Callable[..., str]) -> Entry:
        return Entry("test.entry", "* * * * *", work)

    def test_a_boundary_runs_once_and_says_what_it_did(self, session: Session) -> None:
        boundary = now().replace(second=0, microsecond=0)
        entry = self.entry(lambda session, boundary: "done")
        assert run_boundary(entry, boundary) is True
        assert run_boundary(entry, boundary) is False
        run = session.query(SchedulerRun).one()
        assert (run.ok, run.result, run.boundary) == (True, "done", boundary)

    def test_a_failure_is_undone_recorded_and_not_repeated(self, session: Session) -> None:
        def fail(session: Session, boundary: object) -> str:
            enqueue(session, "test.note")
            raise ValueError("no")

        entry = self.entry(fail)
        assert run_due(entry) == 1
        assert run_due(entry) == 0
        run = session.query(SchedulerRun).one()
        assert (run.ok, run.result) == (False, "ValueError: no")
        assert session.scalar(text("SELECT count(*) FROM procrastinate_jobs")) == 0


def test_a_scheduled_run_that_loses_its_connection_is_done_after_all(committing: Flask) -> None:
    """It would be missing for a day otherwise: nobody asks for it before its next time."""
    tried: list[object] = []

    def lose_it_once(session: Session, boundary: object) -> str:
        tried.append(boundary)
        if len(tried) == 1:
            session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        return "done"

    assert run_boundary(Entry("test.entry", "5 0 * * *", lose_it_once), now()) is True
    with transaction() as session:
        run = session.query(SchedulerRun).one()
        assert (run.ok, run.result) == (True, "done")
    assert len(tried) == 2


def test_the_nightly_jobs_are_known_to_the_worker(session: Session, perform_jobs: Callable[[], int]) -> None:
    from scheduler.routines import enqueue_forget

    assert enqueue_forget(session, now()).startswith("job ")
    assert perform_jobs() == 1
