"""查看完整号码 and 完整号码导出: who may, why, and what stays behind in the log."""

from __future__ import annotations

import io

import openpyxl
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Event, EventObject, Member
from app.security.roles import Role
from tests.factories import Tree, make_account, make_fees, make_member, make_tree, make_year, sign_in

WHY = "核对办卡资料"


@pytest.fixture
def tree(session: Session) -> Tree:
    return make_tree(session)


@pytest.fixture
def member(session: Session, tree: Tree) -> Member:
    return make_member(session, tree.grassroots, name="欧阳建国")


@pytest.fixture
def operator(client: FlaskClient, session: Session, tree: Tree) -> FlaskClient:
    sign_in(client, make_account(session, tree.grassroots, Role.OPERATOR, name="王经办"))
    return client


def events(session: Session, action: str) -> list[Event]:
    return list(session.scalars(select(Event).where(Event.action == action)))


def test_the_number_is_shown_once_for_a_reason_and_the_log_says_who_and_why(
    session: Session, operator: FlaskClient, member: Member
) -> None:
    page = f"/members/{member.id}/number"
    assert "查看完整号码" in operator.get(f"/members/{member.id}/").text
    assert member.id_number not in operator.get(page).text
    shown = operator.post(page, data={"reason": WHY})
    assert member.id_number in shown.text and shown.headers["Cache-Control"] == "no-store"
    assert member.id_number not in operator.get(page).text
    (event,) = events(session, "reveal")
    assert (event.object_kind, event.object_id) == (EventObject.MEMBER, member.id)
    assert (event.actor_name, event.text) == ("王经办", WHY)
    log = operator.get(f"/members/{member.id}/").text
    assert WHY in log and "查看完整号码" in log and member.id_number not in log


def test_the_auditor_reads_who_looked(
    session: Session, client: FlaskClient, tree: Tree, operator: FlaskClient, member: Member
) -> None:
    operator.post(f"/members/{member.id}/number", data={"reason": WHY})
    operator.post("/members/export-full", data={"reason": "报送银行"})
    sign_in(client, make_account(session, tree.city, Role.AUDITOR))
    page = client.get("/audit/").text
    for words in (WHY, "查看完整号码", "报送银行", "导出完整号码", "王经办"):
        assert words in page
    assert member.id_number not in page


@pytest.mark.parametrize("reason", ["", "  ", "长" * 201])
def test_without_a_fitting_reason_nothing_is_shown_exported_or_logged(
    session: Session, operator: FlaskClient, member: Member, reason: str
) -> None:
    for page in (f"/members/{member.id}/number", "/members/export-full"):
        refused = operator.post(page, data={"reason": reason})
        assert refused.status_code == 422 and member.id_number not in refused.text
        assert reason.strip() in refused.text
    assert events(session, "reveal") == events(session, "export_numbers") == []


def test_a_reason_must_not_carry_the_number_into_the_log(
    session: Session, operator: FlaskClient, member: Member
) -> None:
    spaced = " ".join(member.id_number[at : at + 6] for at in (0, 6, 12))
    refused = operator.post(f"/members/{member.id}/number", data={"reason": f"核对{spaced.lower()}"})
    assert refused.status_code == 422 and events(session, "reveal") == []


@pytest.mark.parametrize(
    ("role", "place", "status"),
    [
        (Role.DISTRICT_REVIEWER, "district", 200),
        (Role.MUNICIPAL_ADMIN, "city", 200),
        (Role.SECOND_REVIEWER, "second", 403),
        (Role.MANAGER, "city", 403),
        (Role.OPERATOR, "sibling", 404),
    ],
)
def test_only_who_needs_it_for_the_work_sees_a_number(
    session: Session, client: FlaskClient, tree: Tree, member: Member, role: Role, place: str, status: int
) -> None:
    sign_in(client, make_account(session, getattr(tree, place), role))
    answer = client.post(f"/members/{member.id}/number", data={"reason": WHY})
    assert answer.status_code == status
    assert (member.id_number in answer.text) == (status == 200)
    if status == 403:
        assert "完整号码" not in client.get("/members/").text
        assert client.get("/members/export-full").status_code == 403


def test_a_full_export_says_on_its_first_sheet_who_took_it_out_and_why(
    session: Session, operator: FlaskClient, tree: Tree, member: Member
) -> None:
    make_member(session, tree.grassroots, name="张三")
    page = operator.get("/members/export-full?name=欧阳").text
    assert "欧阳" in page and member.id_number not in page
    answer = operator.post("/members/export-full?name=欧阳", data={"reason": "报送银行"})
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    assert book.sheetnames[:2] == ["含个人信息，禁止外传", "名单"]
    said = {row[0]: row[1] for row in book.worksheets[0].iter_rows(min_row=3, values_only=True)}
    assert said["导出人"].startswith("王经办（") and said["所属工会"] == tree.grassroots.name
    assert (said["导出原因"], said["人数"]) == ("报送银行", 1)
    people = book["名单"]
    cells = [cell for row in people.iter_rows(min_row=2, values_only=True) for cell in row]
    assert member.id_number in cells and member.phone in cells and "张三" not in cells
    assert "禁止外传" in people.oddHeader.center.text and "王经办" in people.oddFooter.left.text
    (event,) = events(session, "export_numbers")
    assert (event.text, event.facts) == ("报送银行", {"people": 1, "filters": ["姓名"]})
    assert (event.object_kind, event.union_id) == (EventObject.UNION, tree.grassroots.id)


def test_the_plain_export_stays_masked_and_asks_nothing(
    session: Session, operator: FlaskClient, member: Member
) -> None:
    answer = operator.get("/members/export.xlsx")
    sheets = openpyxl.load_workbook(io.BytesIO(answer.data)).worksheets
    cells = [cell for sheet in sheets for row in sheet.iter_rows(values_only=True) for cell in row]
    assert member.id_number not in cells and member.phone not in cells
    assert events(session, "export_numbers") == []


def test_nobody_to_export_is_no_export(session: Session, operator: FlaskClient, member: Member) -> None:
    answer = operator.post("/members/export-full?name=无此人", data={"reason": WHY})
    assert answer.status_code == 422 and "无可导出" in answer.text
    assert events(session, "export_numbers") == []


def test_the_people_to_be_enrolled_go_out_with_full_numbers_the_same_way(
    session: Session, operator: FlaskClient, tree: Tree, member: Member
) -> None:
    make_year(session)
    make_fees(session)
    make_member(session, tree.grassroots, name="张三")
    page = "/enrolment/2025/member_card/people-full?name=欧阳"
    assert "完整号码导出" in operator.get("/enrolment/2025/member_card/").text
    assert operator.get(page).status_code == 200 and operator.post(page).status_code == 422
    book = openpyxl.load_workbook(io.BytesIO(operator.post(page, data={"reason": "办卡"}).data))
    cells = [cell for row in book["名单"].iter_rows(values_only=True) for cell in row]
    assert member.id_number in cells and "张三" not in cells and member.card_no not in cells
    (event,) = events(session, "export_numbers")
    assert (event.text, event.facts["people"]) == ("办卡", 1)
