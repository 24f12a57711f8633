"""定时任务 and 后台任务: who sees and does what, once, and what is said when it can't be done."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.clock import now
from app.jobs import enqueue
from app.models import AuditEntry, ImportRun, SchedulerPause, SchedulerRun
from app.rules.imports import ImportKind, ImportState
from app.security.actor import actor_of
from app.security.roles import Role
from app.services.imports import give_up_abandoned, start_import
from scheduler import runs
from scheduler.tasks.schedule import run_again
from scheduler.timetable import TIMETABLE, YEAR
from tests.factories import Tree, make_account, sign_in
from tests.factories.imports import NOW, passport, sheet_of
from tests.factories.years import at

FORGET = "records.forget_old"


@pytest.fixture
def admin(session: Session, client: FlaskClient, tree: Tree) -> FlaskClient:
    sign_in(client, make_account(session, tree.city, Role.MUNICIPAL_ADMIN, name="赵管理"))
    return client


def failed_run(session: Session, name: str = "cover.starts", year: int | None = 2025) -> SchedulerRun:
    run = SchedulerRun(
        name=name,
        year=year,
        boundary=at("2025-01-01"),
        started_at=at("2025-01-01"),
        finished_at=at("2025-01-01"),
        ok=False,
        result="ValueError: no",
        trace="Traceback: somewhere in the works",
        took_ms=1200,
    )
    session.add(run)
    session.flush()
    return run


class TestWhoMay:
    @pytest.mark.parametrize(
        ("role", "place", "status"),
        [
            (Role.MUNICIPAL_ADMIN, "city", 200),
            (Role.SECURITY_ADMIN, "city", 403),
            (Role.AUDITOR, "city", 403),
            (Role.CENTRE_CLERK, "city", 403),
            (Role.MANAGER, "city", 403),
            (Role.DISTRICT_REVIEWER, "district", 403),
            (Role.SECOND_REVIEWER, "second", 403),
            (Role.OPERATOR, "grassroots", 403),
        ],
    )
    def test_the_console_is_the_municipal_administrators(
        self, session: Session, client: FlaskClient, tree: Tree, role: Role, place: str, status: int
    ) -> None:
        run = failed_run(session)
        sign_in(client, make_account(session, getattr(tree, place), role))
        for page in ("/schedule/", f"/schedule/runs/{run.id}", "/schedule/jobs/"):
            answer = client.get(page)
            assert answer.status_code == status, page
            assert "somewhere in the works" not in answer.text or page.endswith(f"/{run.id}")
        for verb in ("pause", "resume", "run"):
            answer = client.post(f"/schedule/lines/{FORGET}/{verb}")
            assert answer.status_code == (302 if status == 200 else 403)


class TestTheTimetable:
    def test_every_line_has_words(self, admin: FlaskClient) -> None:
        page = admin.get("/schedule/").text
        names = [*(entry.name for entry in TIMETABLE), *(line.name for line in YEAR)]
        assert not [name for name in names if f">{name}<" in page]

    def test_what_comes_next_stands_on_top(self, session: Session, admin: FlaskClient, tree: Tree) -> None:
        session.execute(text("UPDATE protection_window SET closes_at = '2999-12-26 00:00+08'"))
        page = admin.get("/schedule/").text
        assert "2999-12-26 00:00" in page and "确认提交：截止" in page or "：截止" in page

    def test_a_failure_leads_to_its_trace(self, session: Session, admin: FlaskClient) -> None:
        run = failed_run(session)
        assert f"/schedule/runs/{run.id}" in admin.get("/schedule/?failed=1").text
        page = admin.get(f"/schedule/runs/{run.id}").text
        assert "somewhere in the works" in page and "1.2 秒" in page and "重新执行" in page

    def test_an_unknown_run_or_line_is_not_found(self, admin: FlaskClient) -> None:
        assert admin.get("/schedule/runs/999999").status_code == 404
        for verb in ("pause", "run"):
            assert admin.post(f"/schedule/lines/nothing.such/{verb}").status_code == 404


class TestPausing:
    def test_who_paused_a_line_and_when_stands_by_it_until_it_is_resumed(
        self, session: Session, admin: FlaskClient
    ) -> None:
        assert admin.post("/schedule/lines/district_submit.closes/pause").status_code == 302
        page = admin.get("/schedule/").text
        assert "已暂停" in page and "赵管理" in page
        assert admin.post("/schedule/lines/district_submit.closes/resume").status_code == 302
        assert session.scalars(select(SchedulerPause)).all() == []

    def test_the_audit_log_tells_of_both(self, session: Session, admin: FlaskClient) -> None:
        admin.post(f"/schedule/lines/{FORGET}/pause")
        admin.post(f"/schedule/lines/{FORGET}/resume")
        told = select(AuditEntry.action, AuditEntry.actor_name).where(
            AuditEntry.table_name == "scheduler_pause"
        )
        assert [tuple(row) for row in session.execute(told.order_by(AuditEntry.id))] == [
            ("insert", "赵管理"),
            ("delete", "赵管理"),
        ]

    @pytest.mark.parametrize("name", [entry.name for entry in TIMETABLE if entry.guards])
    def test_what_watches_over_the_others_nobody_pauses(
        self, session: Session, admin: FlaskClient, name: str
    ) -> None:
        answer = admin.post(f"/schedule/lines/{name}/pause")
        assert answer.status_code == 409
        assert "任何人不能暂停" in answer.text
        assert session.scalars(select(SchedulerPause)).all() == []


class TestRunningByHand:
    def test_it_runs_once_however_often_the_form_is_sent(
        self, session: Session, admin: FlaskClient, perform_jobs: Callable[[], int]
    ) -> None:
        for _ in range(2):
            answer = admin.post("/schedule/lines/sessions.end/run", data={"idempotency_key": "one"})
            assert answer.status_code == 302
        assert perform_jobs() == 1
        run = session.scalars(select(SchedulerRun)).one()
        assert (run.name, run.ok, run.asked_by is not None) == ("sessions.end", True, True)
        assert "手动" in admin.get("/schedule/").text

    def test_a_failed_boundary_goes_on_and_keeps_who_asked(
        self, session: Session, admin: FlaskClient, perform_jobs: Callable[[], int]
    ) -> None:
        run = failed_run(session)
        assert admin.post(f"/schedule/runs/{run.id}/again").status_code == 302
        perform_jobs()
        session.refresh(run)
        assert (run.ok, run.asked_by is not None, run.touched) == (True, True, {"covered": 0})

    def test_what_did_not_fail_is_not_run_again(self, session: Session, admin: FlaskClient) -> None:
        run = failed_run(session)
        run.ok = True
        session.flush()
        answer = admin.post(f"/schedule/runs/{run.id}/again")
        assert answer.status_code == 409
        assert "无需重新执行" in answer.text

    def test_killed_after_opening_it_again_the_scheduler_finds_it_open(
        self, session: Session, tree: Tree, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run = failed_run(session)
        account = make_account(session, tree.city, Role.MUNICIPAL_ADMIN)

        def killed(*_: object) -> bool:
            raise KeyboardInterrupt

        monkeypatch.setattr(runs, "_go_on", killed)
        with pytest.raises(KeyboardInterrupt):
            run_again(run.id, account.id)
        session.refresh(run)
        assert (run.ok, run.finished_at) == (None, None)


class TestJobs:
    def job(self, session: Session, status: str = "todo", task: str = "housekeeping.forget") -> int:
        job = enqueue(session, task)
        session.execute(
            text(
                "UPDATE procrastinate_jobs SET status = CAST(:status AS procrastinate_job_status) WHERE id = :id"
            ),
            {"id": job, "status": status},
        )
        assert job is not None
        return job

    def state(self, session: Session, job: int) -> tuple[str, bool]:
        found = text("SELECT status::text, abort_requested FROM procrastinate_jobs WHERE id = :id")
        return tuple(session.execute(found, {"id": job}).one())

    def test_what_waits_is_listed_in_words_and_that_nobody_works_is_said(
        self, session: Session, admin: FlaskClient
    ) -> None:
        self.job(session)
        page = admin.get("/schedule/jobs/").text
        assert "清理" in page or "忘记" in page or "旧" in page
        assert "没有后台进程在运行" in page

    def test_a_waiting_job_is_cancelled_and_a_running_one_asked_to_stop(
        self, session: Session, admin: FlaskClient
    ) -> None:
        waiting, running = self.job(session), self.job(session, "doing")
        for job in (waiting, running):
            assert admin.post(f"/schedule/jobs/{job}/cancel").status_code == 302
        assert self.state(session, waiting) == ("cancelled", False)
        assert self.state(session, running) == ("doing", True)
        told = select(AuditEntry.action).where(AuditEntry.table_name == "procrastinate_jobs")
        assert session.scalars(told).all() == ["cancel_job", "cancel_job"]

    @pytest.mark.parametrize("status", ["failed", "cancelled", "aborted"])
    def test_what_ended_badly_is_begun_again(self, session: Session, admin: FlaskClient, status: str) -> None:
        job = self.job(session, status)
        assert admin.post(f"/schedule/jobs/{job}/retry").status_code == 302
        assert self.state(session, job) == ("todo", False)

    @pytest.mark.parametrize(
        ("verb", "status", "task", "words"),
        [
            ("retry", "todo", "housekeeping.forget", "任务状态已变化"),
            ("retry", "succeeded", "housekeeping.forget", "任务状态已变化"),
            ("cancel", "failed", "housekeeping.forget", "任务状态已变化"),
            ("cancel", "todo", "mail.send", "该任务不能取消"),
            ("cancel", "doing", "housekeeping.check", "该任务不能取消"),
        ],
    )
    def test_what_cannot_be_done_is_said(
        self, session: Session, admin: FlaskClient, verb: str, status: str, task: str, words: str
    ) -> None:
        job = self.job(session, status, task)
        before = self.state(session, job)
        answer = admin.post(f"/schedule/jobs/{job}/{verb}")
        assert (answer.status_code, words in answer.text) == (409, True)
        assert self.state(session, job) == before

    def test_the_same_job_does_not_wait_twice(self, session: Session, admin: FlaskClient) -> None:
        first = enqueue(session, "housekeeping.forget", only_one="forget")
        session.execute(text("UPDATE procrastinate_jobs SET status = 'failed'"))
        enqueue(session, "housekeeping.forget", only_one="forget")
        answer = admin.post(f"/schedule/jobs/{first}/retry")
        assert (answer.status_code, "已在排队" in answer.text) == (409, True)

    def test_an_import_whose_job_was_cancelled_ends_and_says_so(
        self, session: Session, admin: FlaskClient, tree: Tree
    ) -> None:
        operator = actor_of(make_account(session, tree.grassroots, Role.OPERATOR))
        run = start_import(
            session,
            operator,
            kind=ImportKind.MEMBERS,
            file_name="名单.xlsx",
            content=sheet_of([passport(1)]),
            now=NOW,
        )
        page = admin.get("/schedule/jobs/").text
        assert "名单.xlsx" in page
        job = session.scalar(text("SELECT id FROM procrastinate_jobs WHERE task_name = 'imports.check'"))
        assert admin.post(f"/schedule/jobs/{job}/cancel").status_code == 302
        assert give_up_abandoned(session, now()) == 1
        assert session.get_one(ImportRun, run.id).state is ImportState.FAILED
