"""Every boundary of the year runs exactly once, in order, however it came about that it was missed or moved."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from threading import Barrier, Thread

import pytest
import time_machine
from flask import Flask
from psycopg.errors import DeadlockDetected
from sqlalchemy import create_engine, select, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.models import (
    EnrolmentBatch,
    ProtectionWindow,
    ProtectionYear,
    SchedulerPause,
    SchedulerRun,
    Union,
    WindowExtension,
)
from app.queries.boundaries import boundaries_ahead, boundaries_to_run
from app.queries.check import find_lies
from app.rules.boundaries import COVER_ENDS, COVER_STARTS, PAYMENT_DUE, VOUCHER_DUE, Boundary
from app.rules.enrolment import BatchStatus
from app.rules.settlement import DistrictBatchStatus
from app.rules.years import WindowName
from app.services.events import scope_of
from app.transaction import transaction
from scheduler import runs, year_work
from scheduler.runs import run_year
from scheduler.timetable import YEAR
from scheduler.year_work import Step
from tests.factories import Tree, make_fees, make_tree, make_year
from tests.factories.batches import FILING, bring_to, make_batch, make_filed
from tests.factories.years import at


def run_at(moment: str) -> None:
    with time_machine.travel(at(moment), tick=False):
        run_year()


def ran(session: Session) -> list[tuple[str, datetime]]:
    """What has ended, in the order of ending."""
    found = select(SchedulerRun).where(SchedulerRun.finished_at.is_not(None)).order_by(SchedulerRun.id)
    return [(run.name, run.boundary) for run in session.scalars(found)]


def move(session: Session, name: WindowName, closes_at: str) -> None:
    window = update(ProtectionWindow).where(ProtectionWindow.name == name)
    session.execute(window.values(closes_at=at(closes_at)))
    session.expire_all()


IN_ORDER = [
    ("fee_setting.opens", "2024-10-25"),
    ("fee_setting.closes", "2024-11-01"),
    ("grassroots_submit.opens", "2024-11-01"),
    ("review.opens", "2024-11-01"),
    ("grassroots_payment.due", "2024-12-26"),
    ("grassroots_submit.closes", "2024-12-26"),
    ("district_submit.opens", "2024-12-26"),
    ("review.closes", "2025-01-01"),
    ("district_submit.closes", "2025-01-01"),
    ("cover.starts", "2025-01-01"),
    ("instant.opens", "2025-01-01"),
    ("instant.closes", "2026-01-01"),
    ("cover.ends", "2026-01-01"),
]


def test_after_a_long_pause_everything_that_was_missed_runs_in_order_and_once(
    session: Session, tree: Tree
) -> None:
    run_at("2026-01-01 00:00")
    run_at("2026-01-01 00:01")
    assert ran(session) == [(name, at(day)) for name, day in IN_ORDER]
    assert all(run.ok and run.year == 2025 for run in session.scalars(select(SchedulerRun)))


def test_a_boundary_runs_at_its_very_instant_and_not_before(session: Session, tree: Tree) -> None:
    run_at("2024-10-24 23:59:59.999999")
    assert ran(session) == []
    run_at("2024-10-25 00:00")
    assert ran(session) == [("fee_setting.opens", at("2024-10-25"))]


def test_every_kind_of_boundary_has_its_line(session: Session, tree: Tree) -> None:
    filed = make_filed(session, tree.district, tree.grassroots)
    bring_to(session, tree, filed, DistrictBatchStatus.AWAITING_PAYMENT)
    for window in WindowName:
        extend(session, tree.district, window, "2024-12-30")
    names = {boundary.name for boundary in boundaries_ahead(session, at("2024-10-01"), 100)}
    assert names == {line.name for line in YEAR} - {"refiling.due"}


def extend(session: Session, union: Union, window: WindowName, until: str) -> None:
    session.add(
        WindowExtension(
            year=2025,
            window=window,
            opens_at=at("2024-12-20"),
            closes_at=at(until),
            reason="系统故障",
            granted_at=at("2024-12-20"),
            **scope_of(union),
        )
    )
    session.flush()


class TestMovedBoundaries:
    def test_one_that_ran_and_is_moved_later_runs_again_at_its_new_instant(
        self, session: Session, tree: Tree
    ) -> None:
        run_at("2025-01-01 00:00")
        move(session, WindowName.DISTRICT_SUBMIT, "2025-01-05")
        batch = make_batch(session, tree.grassroots)
        run_at("2025-01-04 23:59:59")
        assert session.get_one(EnrolmentBatch, batch.id).status is BatchStatus.SUBMITTED
        run_at("2025-01-05")
        session.expire_all()
        assert session.get_one(EnrolmentBatch, batch.id).status is BatchStatus.LAPSED
        closings = [instant for name, instant in ran(session) if name == "district_submit.closes"]
        assert closings == [at("2025-01-01"), at("2025-01-05")]

    def test_one_that_is_moved_into_the_past_runs_once_when_that_is_noticed(
        self, session: Session, tree: Tree
    ) -> None:
        run_at("2024-12-28 12:00")
        batch = make_batch(session, tree.grassroots)
        move(session, WindowName.DISTRICT_SUBMIT, "2024-12-28")
        run_at("2024-12-28 12:00:02")
        run_at("2025-01-01 12:00")
        session.expire_all()
        assert session.get_one(EnrolmentBatch, batch.id).status is BatchStatus.LAPSED
        assert [instant for name, instant in ran(session) if name == "district_submit.closes"] == [
            at("2024-12-28")
        ]

    def test_one_that_is_moved_before_it_came_never_runs_at_its_old_instant(
        self, session: Session, tree: Tree
    ) -> None:
        move(session, WindowName.DISTRICT_SUBMIT, "2025-02-01")
        run_at("2025-01-15")
        assert "district_submit.closes" not in [name for name, _ in ran(session)]


class TestExtensions:
    def test_all_that_end_at_one_instant_are_one_boundary(self, session: Session, tree: Tree) -> None:
        for union in (tree.district, tree.other_district):
            extend(session, union, WindowName.REVIEW, "2025-01-03")
        run_at("2025-01-03")
        assert [name for name, _ in ran(session)].count("review.extension_ends") == 1


class TestPaused:
    def test_a_paused_line_loses_nothing_and_runs_all_it_missed_when_it_is_resumed(
        self, session: Session, tree: Tree
    ) -> None:
        batch = make_batch(session, tree.grassroots)
        session.add(SchedulerPause(name="district_submit.closes", paused_at=at("2024-12-31")))
        session.flush()
        run_at("2025-01-02")
        assert "district_submit.closes" not in [name for name, _ in ran(session)]
        assert ("cover.starts", at("2025-01-01")) in ran(session)
        session.execute(text("DELETE FROM scheduler_pause"))
        run_at("2025-01-03")
        session.expire_all()
        assert session.get_one(EnrolmentBatch, batch.id).status is BatchStatus.LAPSED


class TestSteps:
    @pytest.fixture
    def one_at_a_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("app.services.lapse.BATCHES_AT_ONCE", 1)

    def test_what_all_steps_touched_adds_up_in_the_record(
        self, session: Session, tree: Tree, one_at_a_time: None
    ) -> None:
        for union in (tree.grassroots, tree.sibling, tree.straight):
            make_batch(session, union)
        run_at("2025-01-01")
        run = session.scalars(select(SchedulerRun).where(SchedulerRun.name == "district_submit.closes")).one()
        assert (run.touched["lapsed_unfiled"], run.touched["people"], run.ok) == (3, 6, True)
        assert find_lies(session) == []

    def test_each_step_takes_as_many_people_as_the_pace_of_the_one_before_allows(
        self, session: Session, tree: Tree, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for union in (tree.grassroots, tree.sibling, tree.straight):
            make_batch(session, union)
        steps = []

        def paced(size: int, people: int, seconds: float) -> int:
            steps.append((size, people))
            return 3 if people else 4

        monkeypatch.setattr(runs, "next_step", paced)
        with time_machine.travel(at("2025-01-01"), tick=False):
            line = YEAR[runs.POSITIONS["district_submit.closes"]]
            assert runs.run_year_boundary(line, Boundary(line.name, 2025, at("2025-01-01")))
        assert [step for step in steps if step[1]] == [(4, 4), (3, 2)]

    def test_killed_between_two_steps_the_next_goes_on_and_counts_once(
        self, session: Session, tree: Tree, one_at_a_time: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for union in (tree.grassroots, tree.sibling, tree.straight):
            make_batch(session, union)
        whole, calls = runs._go_on, []

        def killed(*told: object) -> bool:
            calls.append(told)
            if len(calls) == 3:
                raise KeyboardInterrupt
            return whole(*told)

        with time_machine.travel(at("2025-01-01"), tick=False):
            monkeypatch.setattr(runs, "boundaries_to_run", only("district_submit.closes"))
            monkeypatch.setattr(runs, "_go_on", killed)
            with pytest.raises(KeyboardInterrupt):
                run_year()
            run = session.scalars(select(SchedulerRun)).one()
            assert (run.finished_at, run.touched["lapsed_unfiled"]) == (None, 1)
            monkeypatch.setattr(runs, "_go_on", whole)
            run_year()
        session.expire_all()
        run = session.scalars(select(SchedulerRun)).one()
        assert (run.ok, run.touched["lapsed_unfiled"]) == (True, 3)

    def test_cover_that_is_over_ends_for_all_of_the_year(
        self, session: Session, tree: Tree, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("app.services.covers.PEOPLE_AT_ONCE", 2)
        filed = make_filed(session, tree.district, tree.grassroots, tree.straight, people=3)
        bring_to(session, tree, filed, DistrictBatchStatus.COMPLETED)
        run_at("2025-01-01")
        run_at("2026-01-01")
        records = {run.name: run.touched for run in session.scalars(select(SchedulerRun))}
        assert records[COVER_STARTS] == {"covered": 6}
        assert records[COVER_ENDS] == {"covers_ended": 6}
        states = session.scalars(text("SELECT DISTINCT status FROM enrolment")).all()
        assert states == ["ended"]
        assert find_lies(session) == []

    def test_a_voucher_is_overdue_from_the_day_after_its_last(self, session: Session, tree: Tree) -> None:
        filed = make_filed(session, tree.district, tree.grassroots)
        bring_to(session, tree, filed, DistrictBatchStatus.AWAITING_PAYMENT)
        assert filed.voucher_due_on == at("2025-01-11").date()
        run_at("2025-01-11 23:59:59")
        assert VOUCHER_DUE not in [name for name, _ in ran(session)]
        run_at("2025-01-12")
        run = session.scalars(select(SchedulerRun).where(SchedulerRun.name == VOUCHER_DUE)).one()
        assert run.touched == {"overdue": 1}

    def test_people_are_told_of_a_window_only_while_it_is_news(
        self, session: Session, tree: Tree, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(year_work, "tell_of_window", lambda *_told, **_more: 7)
        run_at("2024-10-25 23:59")
        run_at("2024-11-03")
        told = {run.name: run.touched for run in session.scalars(select(SchedulerRun))}
        assert (told["fee_setting.opens"], told["fee_setting.closes"]) == ({"told": 7}, {})


def only(name: str) -> object:
    return lambda session, now: [each for each in boundaries_to_run(session, now) if each.name == name]


class TestFailures:
    def fail(self, monkeypatch: pytest.MonkeyPatch, problem: Exception) -> None:
        def failing(*_told: object, **_more: object) -> Step:
            raise problem

        monkeypatch.setattr(year_work, "people_covered", failing)

    def test_a_failure_is_kept_with_its_trace_and_the_next_boundary_runs(
        self, session: Session, tree: Tree, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.fail(monkeypatch, ValueError("no"))
        run_at("2025-01-01")
        run = session.scalars(select(SchedulerRun).where(SchedulerRun.name == COVER_STARTS)).one()
        assert (run.ok, run.result) == (False, "ValueError: no")
        assert "Traceback" in run.trace and "failing" in run.trace
        assert ran(session)[-1] == ("instant.opens", at("2025-01-01"))

    def test_a_deadlock_is_no_failure_until_it_has_come_five_times_and_later_ones_wait(
        self, session: Session, tree: Tree, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.fail(monkeypatch, OperationalError("SELECT", {}, DeadlockDetected("deadlock")))
        for attempt in range(4):
            run_at(f"2025-01-01 00:00:0{attempt}")
            assert COVER_STARTS not in [name for name, _ in ran(session)]
        assert ran(session)[-1][0] == "district_submit.closes"
        run_at("2025-01-01 00:00:05")
        run = session.scalars(select(SchedulerRun).where(SchedulerRun.name == COVER_STARTS)).one()
        assert (run.ok, run.attempts) == (False, 5)


class TestTwoSchedulers:
    @pytest.fixture
    def city(self, committing: Flask) -> Iterator[Flask]:
        with transaction() as session:
            tree = make_tree(session)
            make_year(session)
            make_fees(session)
            for union in (tree.grassroots, tree.sibling, tree.straight, tree.other_grassroots):
                make_batch(session, union, now=FILING.replace(day=1))
        yield committing

    def test_racing_they_lapse_each_batch_once_and_leave_one_record_a_boundary(
        self, city: Flask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("app.services.lapse.BATCHES_AT_ONCE", 1)
        start = Barrier(2)

        def lead() -> None:
            with city.app_context():
                start.wait()
                run_year()

        leaders = [Thread(target=lead) for _ in range(2)]
        with time_machine.travel(at("2025-01-01 00:00"), tick=True):
            for leader in leaders:
                leader.start()
            for leader in leaders:
                leader.join()
        with transaction() as session:
            lapses = session.scalar(text("SELECT count(*) FROM event WHERE action = 'lapse'"))
            done = {run.name: run for run in session.scalars(select(SchedulerRun))}
            assert lapses == 4
            assert done["district_submit.closes"].touched["lapsed_unfiled"] == 4
            assert all(run.ok for run in done.values())
            assert len(done) == len(session.scalars(select(SchedulerRun.id)).all()) == 11
            assert find_lies(session) == []

    def test_whoever_is_at_work_is_left_for_the_end_and_waited_for(
        self, city: Flask, committed_database: str
    ) -> None:
        """A submit or a review holds its union for a moment: the others lapse meanwhile."""
        with transaction() as session:
            held = session.scalars(select(EnrolmentBatch).order_by(EnrolmentBatch.id)).first()
            assert held is not None
            held_id, union_id = held.id, held.union_id
        with create_engine(committed_database).connect() as colleague:
            colleague.execute(
                text("SELECT FROM trade_union WHERE id = :id FOR NO KEY UPDATE"), {"id": union_id}
            )

            def lead() -> None:
                with city.app_context(), time_machine.travel(at("2025-01-01"), tick=True):
                    run_year()

            leader = Thread(target=lead)
            leader.start()
            waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            lapsed = text("SELECT count(*) FROM enrolment_batch WHERE status = 'lapsed'")
            while colleague.scalar(waiting) == 0:
                assert leader.is_alive()
            assert colleague.scalar(lapsed) == 3
            colleague.rollback()
            leader.join()
        with transaction() as session:
            assert session.get_one(EnrolmentBatch, held_id).status is BatchStatus.LAPSED


def test_the_payment_date_is_a_boundary_of_its_own(session: Session, tree: Tree) -> None:
    session.execute(update(ProtectionYear).values(grassroots_payment_due=at("2024-12-20")))
    (first, *_) = boundaries_ahead(session, at("2024-12-01"), 1)
    assert first == Boundary(PAYMENT_DUE, 2025, at("2024-12-20"))
