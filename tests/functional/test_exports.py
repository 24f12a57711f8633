"""Large exports: written in the background, once, for whoever asked and nobody else, and gone after some days."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient
from python_calamine import CalamineWorkbook
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.acting import acting_for
from app.clock import now
from app.jobs import perform_pending
from app.models import AuditEntry, ExportPart, ExportProgress, ExportRun, Message
from app.rules.auditing import AuditKind
from app.rules.exports import KEPT, ExportKind, ExportState
from app.rules.messages import MessageKind
from app.rules.violations import RuleViolation
from app.security.actor import Actor
from app.security.roles import Role
from app.services.exports import cancel_export, forget_exports, keep_export, start_export
from scheduler.tasks.exports import write
from tests.factories import Tree, actor_of_role, make_account, make_fees, make_members, make_tree, make_year
from tests.factories.accounts import sign_in

PEOPLE = 7


@pytest.fixture
def tree(session: Session) -> Tree:
    made = make_tree(session)
    make_year(session)
    make_fees(session)
    make_members(session, made.grassroots, PEOPLE)
    make_members(session, made.other_grassroots, 2)
    return made


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.exports.LARGE", 5)
    monkeypatch.setattr("app.queries.exports.LARGE", 1)
    monkeypatch.setattr("app.services.exports.PART_BYTES", 1_000)
    monkeypatch.setattr("app.exports.TOLD_EVERY", 2)


def test_a_long_list_becomes_a_job_and_its_file_is_the_list(
    session: Session, tree: Tree, client: FlaskClient
) -> None:
    account = make_account(session, tree.district, Role.DISTRICT_REVIEWER)
    sign_in(client, account)
    asked = client.get("/members/export.xlsx?kind=employed")
    assert asked.status_code == 302 and "/exports/new/members?kind=employed" in asked.location
    assert session.scalar(select(func.count()).select_from(ExportRun)) == 0
    shown = client.post(asked.location, follow_redirects=True)
    assert "取消导出" in shown.text

    perform_pending(session)

    run = session.scalars(select(ExportRun)).one()
    assert (run.state, run.rows, run.asked_by) == (ExportState.READY, PEOPLE, account.id)
    assert session.scalar(select(func.count()).select_from(ExportPart)) == -(-run.size // 1_000)
    answer = client.get(f"/exports/{run.id}/file.xlsx")
    sheet = CalamineWorkbook.from_filelike(BytesIO(answer.data)).get_sheet_by_index(0).to_python()
    assert len(sheet) == PEOPLE + 1
    assert all("*" in row[3] for row in sheet[1:]), "numbers are masked"
    entry = session.scalars(select(AuditEntry).where(AuditEntry.kind == AuditKind.EXPORT)).one()
    assert (entry.action, entry.rows, entry.actor_id) == ("Exports.file", PEOPLE, account.id)
    (told,) = session.scalars(select(Message).where(Message.account_id == account.id)).all()
    assert (told.kind, told.about_id) == (MessageKind.EXPORT_READY, run.id)


def test_a_short_list_is_downloaded_at_once(session: Session, tree: Tree, client: FlaskClient) -> None:
    sign_in(client, make_account(session, tree.other_grassroots, Role.OPERATOR))
    assert client.get("/members/export.xlsx").status_code == 200


def test_the_statistics_of_many_unions_become_a_job_with_the_same_rows(
    session: Session, tree: Tree, client: FlaskClient
) -> None:
    sign_in(client, make_account(session, tree.city, Role.MANAGER))
    asked = client.get("/statistics/workbook.xlsx?year=2025&level=grassroots")
    assert asked.status_code == 302
    client.post(asked.location)
    perform_pending(session)

    run = session.scalars(select(ExportRun)).one()
    assert (run.kind, run.state, run.rows) == (ExportKind.STATISTICS, ExportState.READY, 5)
    answer = client.get(f"/exports/{run.id}/file.xlsx")
    sheet = CalamineWorkbook.from_filelike(BytesIO(answer.data)).get_sheet_by_index(0).to_python()
    assert sum(row[3] for row in sheet[1:-1]) == PEOPLE + 2


@pytest.mark.parametrize(
    ("place", "role"),
    [
        ("district", Role.DISTRICT_REVIEWER),
        ("city", Role.MUNICIPAL_ADMIN),
        ("second", Role.SECOND_REVIEWER),
        ("grassroots", Role.OPERATOR),
        ("other_district", Role.MANAGER),
    ],
)
def test_a_file_is_there_for_whoever_asked_and_for_nobody_else(
    session: Session, tree: Tree, client: FlaskClient, place: str, role: Role
) -> None:
    asker = actor_of_role(session, tree.district, Role.DISTRICT_REVIEWER)
    run = written(session, asker)
    other = make_account(session, getattr(tree, place), role)
    sign_in(client, other)

    for address in (f"/exports/{run.id}", f"/exports/{run.id}/part", f"/exports/{run.id}/file.xlsx"):
        assert client.get(address).status_code == 404
    assert client.post(f"/exports/{run.id}/cancel").status_code == 404
    with acting_for(session, actor_of_role(session, getattr(tree, place), role)):
        assert session.scalars(select(ExportRun.id)).all() == []
        assert session.scalars(select(ExportPart.position)).all() == []


def test_an_export_of_one_place_holds_nobody_of_another(session: Session, tree: Tree) -> None:
    run = written(session, actor_of_role(session, tree.second, Role.SECOND_REVIEWER))
    assert run.rows == PEOPLE


def test_a_repeated_attempt_keeps_the_file_once(session: Session, tree: Tree) -> None:
    asker = actor_of_role(session, tree.district, Role.DISTRICT_REVIEWER)
    run = asked_for(session, asker)
    run.state = ExportState.WORKING
    session.add(ExportPart(export_id=run.id, position=0, content=b"what a killed attempt left"))
    session.flush()
    perform_pending(session)
    write(run.id)

    session.refresh(run)
    parts = session.scalars(
        select(ExportPart.content).where(ExportPart.export_id == run.id).order_by(ExportPart.position)
    ).all()
    assert run.state is ExportState.READY
    assert sum(len(part) for part in parts) == run.size and b"".join(parts)[:2] == b"PK"
    assert session.scalar(select(func.count()).select_from(Message)) == 1


def test_a_cancelled_export_is_not_written(session: Session, tree: Tree) -> None:
    asker = actor_of_role(session, tree.district, Role.DISTRICT_REVIEWER)
    run = asked_for(session, asker)
    cancel_export(session, asker, run.id, now())
    perform_pending(session)

    assert run.state is ExportState.CANCELLED
    assert session.scalars(select(ExportPart.position)).all() == []
    assert session.get_one(ExportProgress, run.id).stop_asked


def test_what_was_cancelled_while_it_was_written_is_not_kept(session: Session, tree: Tree) -> None:
    asker = actor_of_role(session, tree.district, Role.DISTRICT_REVIEWER)
    run = asked_for(session, asker)
    run.state = ExportState.WORKING
    session.flush()
    cancel_export(session, asker, run.id, now())

    assert not keep_export(session, run.id, BytesIO(b"PK"), 1, now())
    assert session.scalars(select(ExportPart.position)).all() == []


def test_who_lost_the_role_meanwhile_gets_nothing(session: Session, tree: Tree, client: FlaskClient) -> None:
    operator = actor_of_role(session, tree.grassroots, Role.OPERATOR)
    with pytest.raises(RuleViolation, match="not_allowed"):
        start_export(session, operator, kind=ExportKind.STATISTICS, **DETAILS, now=now())


def test_more_rows_than_a_sheet_holds_are_said_not_cut(
    session: Session, tree: Tree, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.exports.MOST_ROWS", 3)
    account = make_account(session, tree.district, Role.DISTRICT_REVIEWER)
    sign_in(client, account)
    client.post("/exports/new/members")
    perform_pending(session)

    run = session.scalars(select(ExportRun)).one()
    assert (run.state, run.problem_code) == (ExportState.FAILED, "export_too_long")
    assert "缩小筛选范围" in client.get(f"/exports/{run.id}").text


def test_files_go_after_some_days(session: Session, tree: Tree, client: FlaskClient) -> None:
    run = written(session, actor_of_role(session, tree.district, Role.DISTRICT_REVIEWER))
    assert run.expires_at is not None
    assert forget_exports(session, run.expires_at - timedelta(seconds=1)) == 0
    assert forget_exports(session, run.expires_at) == 1
    assert forget_exports(session, run.expires_at) == 0

    session.refresh(run)
    assert run.state is ExportState.EXPIRED and run.expires_at == run.finished_at + KEPT
    assert session.scalars(select(ExportPart.position)).all() == []


def test_a_filter_by_number_is_never_kept(session: Session, tree: Tree, client: FlaskClient) -> None:
    sign_in(client, make_account(session, tree.district, Role.DISTRICT_REVIEWER))
    assert client.post("/exports/new/members?phone=13800000001").status_code == 404
    assert session.scalars(select(ExportRun.id)).all() == []


DETAILS: dict[str, Any] = {"asked": {}, "expected": 1, "file_name": "会员.xlsx", "language": "zh_Hans_CN"}


def asked_for(session: Session, asker: Actor) -> ExportRun:
    return start_export(session, asker, kind=ExportKind.MEMBERS, **DETAILS, now=now())


def written(session: Session, asker: Actor) -> ExportRun:
    run = asked_for(session, asker)
    perform_pending(session)
    session.refresh(run)
    assert run.state is ExportState.READY
    return run
