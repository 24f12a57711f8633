"""Large exports: written in the background, once, for whoever asked and nobody else, and gone after some days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from flask import current_app
from flask.testing import FlaskClient
from python_calamine import CalamineWorkbook
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.acting import acting_for
from app.clock import now
from app.jobs import perform_pending
from app.models import Account, AuditEntry, Event, ExportPart, ExportProgress, ExportRun, Member, Message
from app.queries.sealed_places import sealed_places
from app.queries.years import get_year
from app.rules.auditing import AuditKind
from app.rules.exports import KEPT, ExportKind, ExportState
from app.rules.messages import MessageKind
from app.rules.organisation import UnionLevel
from app.rules.violations import RuleViolation
from app.sealing import KeyRing, Purpose, key_number, key_ring
from app.security.actor import Actor, actor_of
from app.security.roles import Role
from app.services.accounts import role_row
from app.services.exports import cancel_export, forget_exports, keep_export, pieces_of, start_export
from app.services.rotation import reseal
from app.statistics import statistics_of, total_of
from config import Settings
from reports.statistics_workbook import StatisticsRow
from scheduler.tasks.exports import write
from tests.databases import statements
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


def first_sheet(client: FlaskClient, run: ExportRun) -> list[list[Any]]:
    """The rows of the file, with their headings, as whoever asked downloads it."""
    content = client.get(f"/exports/{run.id}/file.xlsx").data
    return CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_index(0).to_python()


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
    sheet = first_sheet(client, run)
    assert len(sheet) == PEOPLE + 1
    assert all("*" in row[3] for row in sheet[1:]), "numbers are masked"
    entry = session.scalars(select(AuditEntry).where(AuditEntry.kind == AuditKind.EXPORT)).one()
    assert (entry.action, entry.rows, entry.actor_id) == ("Exports.file", PEOPLE, account.id)
    (told,) = session.scalars(select(Message).where(Message.account_id == account.id)).all()
    assert (told.kind, told.about_id) == (MessageKind.EXPORT_READY, run.id)


def test_a_long_list_of_a_counters_people_becomes_a_job_with_the_same_people(
    session: Session, tree: Tree, client: FlaskClient
) -> None:
    account = make_account(session, tree.grassroots, Role.OPERATOR)
    sign_in(client, account)
    asked = client.get("/enrolment/2025/member_card/people.xlsx?bucket=all&year=1&what=members")
    assert asked.status_code == 302
    assert asked.location.startswith("/exports/new/people?bucket=all&year=2025&what=members&channel=")
    client.post(asked.location)
    perform_pending(session)

    run = session.scalars(select(ExportRun)).one()
    assert (run.kind, run.state, run.rows) == (ExportKind.PEOPLE, ExportState.READY, PEOPLE)
    rows = first_sheet(client, run)
    assert len(rows) == PEOPLE + 1
    assert all("*" in row[rows[0].index("证件号码")] for row in rows[1:]), "numbers are masked"


def test_a_short_list_of_a_counters_people_is_downloaded_at_once(
    session: Session, tree: Tree, client: FlaskClient
) -> None:
    sign_in(client, make_account(session, tree.grassroots, Role.OPERATOR))
    assert client.get("/enrolment/2025/member_card/people.xlsx?bucket=deceased").status_code == 200
    number = "/enrolment/2025/member_card/people.xlsx?bucket=all&id_number=110101199003074477"
    assert client.get(number).status_code == 200, "a filter by number finds one person, and is never kept"


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
    sheet = first_sheet(client, run)
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


def test_more_rows_than_a_sheet_holds_go_on_in_the_next_sheet(
    session: Session, tree: Tree, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reports.people_workbook.ROWS_OF_A_SHEET", 3)
    sign_in(client, make_account(session, tree.district, Role.DISTRICT_REVIEWER))
    client.post("/exports/new/members")
    perform_pending(session)

    run = session.scalars(select(ExportRun)).one()
    assert (run.state, run.rows) == (ExportState.READY, PEOPLE)
    book = CalamineWorkbook.from_filelike(BytesIO(client.get(f"/exports/{run.id}/file.xlsx").data))
    assert book.sheet_names == ["名单", "名单2", "名单3", "说明"]
    sheets = [book.get_sheet_by_index(at).to_python() for at in range(3)]
    assert [len(sheet) - 1 for sheet in sheets] == [3, 3, 1]
    assert sheets[0][0] == sheets[2][0], "each sheet has its heads"
    assert len({row[0] for sheet in sheets for row in sheet[1:]}) == PEOPLE


WHY = "报送银行办卡"


@pytest.fixture
def operator(session: Session, tree: Tree, client: FlaskClient) -> Account:
    account = make_account(session, tree.grassroots, Role.OPERATOR, name="王经办")
    sign_in(client, account)
    return account


FULL_LISTS = ("/members/export-full?name=", "/enrolment/2025/member_card/people-full?name=")


@pytest.mark.parametrize("address", FULL_LISTS)
def test_a_long_list_with_full_numbers_is_written_in_the_background_under_its_watermark(
    session: Session, tree: Tree, client: FlaskClient, operator: Account, address: str
) -> None:
    assert "在后台生成" in client.get(address).text
    asked = client.post(address, data={"reason": WHY})
    run = session.scalars(select(ExportRun)).one()
    assert asked.location.endswith(f"/exports/{run.id}")
    perform_pending(session)

    session.refresh(run)
    assert (run.state, run.rows) == (ExportState.READY, PEOPLE)
    book = CalamineWorkbook.from_filelike(BytesIO(client.get(f"/exports/{run.id}/file.xlsx").data))
    assert book.sheet_names[:2] == ["含个人信息，禁止外传", "名单"]
    said = {row[0]: row[1] for row in book.get_sheet_by_index(0).to_python() if row[0]}
    assert (said["导出原因"], said["人数"], said["所属工会"]) == (WHY, PEOPLE, tree.grassroots.name)
    numbers = {row[3] for row in book.get_sheet_by_index(1).to_python()[1:]}
    theirs = select(Member.id_number).where(Member.union_id == tree.grassroots.id)
    assert numbers == set(session.scalars(theirs))
    (event,) = session.scalars(select(Event).where(Event.action == "export_numbers")).all()
    assert (event.text, event.facts["people"], event.actor_id) == (WHY, PEOPLE, operator.id)


def test_pieces_with_full_numbers_are_sealed_and_sealed_anew_with_a_new_key(
    session: Session, tree: Tree, operator: Account, client: FlaskClient
) -> None:
    client.post(FULL_LISTS[0], data={"reason": WHY})
    perform_pending(session)

    pieces = session.scalars(select(ExportPart.content)).all()
    assert len(pieces) > 1
    assert all(key_ring().unseal(piece, Purpose.EXPORT) for piece in pieces), "each opens by itself"
    assert not any(piece.startswith(b"PK") for piece in pieces)
    (place,) = [place for place in sealed_places() if place.table == "export_part"]
    newer = KeyRing({7: bytes(range(32)), **load_keys()})
    step = reseal(session, newer, place, after=None, most=100, wait=True)
    assert step.count == len(pieces)
    session.expire_all()
    assert {key_number(piece) for piece in session.scalars(select(ExportPart.content))} == {7}


def load_keys() -> dict[int, bytes]:
    settings: Settings = current_app.config["SETTINGS"]
    return settings.sealing_keys


@pytest.mark.parametrize("meanwhile", ["lost the role", "closed", "moved"])
def test_who_may_no_longer_have_full_numbers_gets_neither_the_file_nor_its_download(
    session: Session, tree: Tree, client: FlaskClient, operator: Account, meanwhile: str
) -> None:
    client.post(FULL_LISTS[0], data={"reason": WHY})
    perform_pending(session)
    ready = session.scalars(select(ExportRun)).one()
    client.post(FULL_LISTS[0], data={"reason": WHY})
    match meanwhile:
        case "lost the role":
            operator.roles = [role_row(session, Role.SECOND_REVIEWER)]
        case "closed":
            operator.active = False
        case "moved":
            operator.union_id, operator.union = tree.sibling.id, tree.sibling
    session.flush()
    perform_pending(session)

    waiting = session.scalars(select(ExportRun).where(ExportRun.id > ready.id)).one()
    assert (waiting.state, waiting.problem_code) == (ExportState.FAILED, "not_allowed")
    actor = actor_of(operator)
    if meanwhile != "closed":  # whom nobody lets in at all
        with pytest.raises(RuleViolation, match="not_allowed"):
            list(pieces_of(session, actor, ready.id, now()))


def test_full_numbers_are_not_asked_for_without_a_reason(
    session: Session, client: FlaskClient, operator: Account
) -> None:
    assert client.post(FULL_LISTS[0], data={"reason": " "}).status_code == 422
    assert client.post("/exports/new/members_full").status_code == 404
    assert session.scalars(select(ExportRun.id)).all() == []


def test_the_same_form_sent_twice_has_one_file_written(
    session: Session, client: FlaskClient, operator: Account
) -> None:
    body = {"reason": WHY, "idempotency_key": "once"}
    first, second = (client.post(FULL_LISTS[0], data=body) for _ in range(2))
    assert first.location == second.location
    assert session.scalar(select(func.count()).select_from(ExportRun)) == 1


def test_the_board_of_many_unions_becomes_a_job_with_what_the_screen_says(
    session: Session, tree: Tree, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.exports.LARGE", 1)
    sign_in(client, make_account(session, tree.district, Role.DISTRICT_REVIEWER))
    asked = client.get("/progress/workbook.xlsx?year=2025&stage=not_started")
    assert asked.status_code == 302 and "/exports/new/progress?" in asked.location
    client.post(asked.location)
    perform_pending(session)

    run = session.scalars(select(ExportRun)).one()
    assert (run.kind, run.state) == (ExportKind.PROGRESS, ExportState.READY)
    sheet = first_sheet(client, run)
    assert {row[0] for row in sheet[1:]} == {tree.grassroots.name, tree.sibling.name, tree.straight.name}


def test_the_screen_of_many_unions_shows_all_but_what_only_the_workbook_counts(
    session: Session, tree: Tree, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.views.statistics.ROWS_SHOWN", 2)
    sign_in(client, make_account(session, tree.city, Role.MANAGER))
    with statements(session) as sent:
        page = client.get("/statistics/?year=2025&level=grassroots").text
    assert tree.grassroots.name in page and tree.other_grassroots.name not in page
    assert "共 5 行" in page and "在后台生成" in page
    whole = total_of(list(counted(session, tree, one_by_one=True)), ("A",))
    kept = total_of(list(counted(session, tree, one_by_one=False)), ("A",))
    assert (kept.members, whole.members) == (PEOPLE + 2, PEOPLE + 2)
    assert (kept.enrollable, whole.enrollable) == (None, PEOPLE + 2)
    assert not any("retirement_keep" in statement for statement in sent), "nobody was looked at one by one"


def counted(session: Session, tree: Tree, *, one_by_one: bool) -> Iterator[StatisticsRow]:
    actor, year = actor_of_role(session, tree.city, Role.MANAGER), get_year(session, 2025)
    return statistics_of(session, actor, year, UnionLevel.DISTRICT, None, one_by_one=one_by_one).rows


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
