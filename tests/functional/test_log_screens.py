"""The auditor's log and the list of scheduled jobs: read, filtered, never changed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.models import EventObject, SchedulerRun
from app.security.actor import SYSTEM
from app.security.roles import Role
from app.services.events import record
from scheduler.timetable import TIMETABLE
from tests.factories import Tree, at, make_account, make_tree, sign_in


@pytest.fixture
def tree(session: Session) -> Tree:
    return make_tree(session)


@pytest.fixture
def auditor(session: Session, client: FlaskClient, tree: Tree) -> FlaskClient:
    sign_in(client, make_account(session, tree.city, Role.AUDITOR))
    for at_, kind, number, text in (
        ("2024-11-05 23:59:59", EventObject.YEAR, 2025, "甲"),
        ("2024-11-06 00:00", EventObject.UNION, tree.district.id, "乙"),
        ("2024-11-06 23:59:59", EventObject.UNION, tree.second.id, "丙"),
    ):
        record(session, SYSTEM, kind, number, "change", now=at(at_), scope=tree.district, text=f"理由{text}")
    return client


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ("", "甲乙丙"),
        ("kind=year", "甲"),
        ("kind=union", "乙丙"),
        ("from=2024-11-06", "乙丙"),
        ("to=2024-11-05", "甲"),
        ("from=2024-11-06&to=2024-11-06", "乙丙"),
        ("person=系统", "甲乙丙"),
        ("person=李", ""),
        ("object_id=2025", "甲"),
        ("kind=nonsense&from=never", "甲乙丙"),
    ],
)
def test_the_log_is_filtered_by_object_person_and_day(auditor: FlaskClient, query: str, seen: str) -> None:
    page = auditor.get(f"/audit/?{query}").text
    assert {text for text in "甲乙丙" if f"理由{text}" in page} == set(seen)


def test_the_log_pages_by_key_and_comes_back(session: Session, auditor: FlaskClient, tree: Tree) -> None:
    for second in range(30):
        now = at("2024-12-01") + timedelta(seconds=second)
        record(session, SYSTEM, EventObject.FEE, second, "set", now=now, text=f"第{second:02d}条")
    first = auditor.get("/audit/?kind=fee").text
    assert "第29条" in first and "第15条" in first and "第14条" not in first
    following = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    second_page = auditor.get(following).text
    assert "第14条" in second_page and "第00条" in second_page and "第15条" not in second_page


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.AUDITOR])
def test_only_the_auditor_reads_the_log(
    session: Session, client: FlaskClient, tree: Tree, role: Role
) -> None:
    sign_in(client, make_account(session, tree.city, role))
    assert client.get("/audit/").status_code == 403


def test_scheduled_jobs_show_what_runs_when_and_what_it_did(
    session: Session, client: FlaskClient, tree: Tree
) -> None:
    for name, ok, result in (
        ("jobs.sweep_stalled", True, "2 again, 1 failed"),
        ("check.nightly", False, "ValueError: x"),
    ):
        boundary = at("2024-12-01 02:00")
        run = SchedulerRun(
            name=name, boundary=boundary, started_at=boundary, finished_at=boundary, ok=ok, result=result
        )
        session.add(run)
    sign_in(client, make_account(session, tree.city, Role.MUNICIPAL_ADMIN))
    page = client.get("/schedule/").text
    for words in ("每分钟", "每天 02:00", "2 项重新开始，1 项放弃", "ValueError: x", "从未运行"):
        assert words in page
    only = client.get("/schedule/?name=check.nightly").text
    assert only.count("ValueError: x") == 2 and only.count("2 项重新开始") == 1


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("none stalled", "没有中断的任务"),
        ("none abandoned", "没有无人处理的导入"),
        ("2 given up", "结束 2 项导入"),
        ("job 7", "已交后台执行，任务号 7"),
        ("already waiting", "已在后台排队"),
    ],
)
def test_what_a_scheduled_job_says_is_in_the_readers_language(
    session: Session, client: FlaskClient, tree: Tree, said: str, words: str
) -> None:
    boundary = at("2024-12-01 02:00")
    session.add(
        SchedulerRun(
            name="imports.give_up",
            boundary=boundary,
            started_at=boundary,
            finished_at=boundary,
            ok=True,
            result=said,
        )
    )
    sign_in(client, make_account(session, tree.city, Role.MUNICIPAL_ADMIN))
    page = client.get("/schedule/").text
    assert words in page
    assert said not in page


def test_every_scheduled_job_has_words(session: Session, client: FlaskClient, tree: Tree) -> None:
    sign_in(client, make_account(session, tree.city, Role.MUNICIPAL_ADMIN))
    page = client.get("/schedule/").text
    assert not [entry.name for entry in TIMETABLE if f">{entry.name}<" in page]
