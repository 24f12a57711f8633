"""批量导入 on the screen: choose, upload, watch, look, take over, mend."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import ImportRun, Member, Union
from app.rules.imports import ImportKind, ImportState
from app.rules.members import MembershipKind
from app.security.roles import Role
from tests.factories import Tree, make_account, make_employer, make_tree, sign_in
from tests.factories.workbooks import make_workbook

CITY = Path(__file__).parent.parent / "data" / "city-7"
HEADERS = ["姓名*", "证件类型*", "证件号码*", "手机号*"]
RIGHT = ["王芳", "护照", "E12345678", "13900000001"]
WRONG = ["李强", "护照", "E12345679", "1390"]


@pytest.fixture
def tree(session: Session) -> Tree:
    return make_tree(session)


@pytest.fixture
def operator(session: Session, client: FlaskClient, tree: Tree) -> FlaskClient:
    sign_in(client, make_account(session, tree.grassroots, Role.OPERATOR))
    return client


def send(client: FlaskClient, content: bytes, name: str = "会员.xlsx", **form: str) -> Any:
    data = {"kind": "members", "member_kind": "employed", "employer_code": "", **form}
    return client.post("/imports/", data=data | {"file": (io.BytesIO(content), name)})


def test_a_workbook_goes_from_upload_over_preview_to_result(
    session: Session, operator: FlaskClient, perform_jobs: Callable[[], int]
) -> None:
    page = send(operator, make_workbook(HEADERS, [RIGHT, WRONG])).headers["Location"]
    waiting = operator.get(page).text
    assert "排队中" in waiting and f'data-refresh="{page}/part"' in waiting
    assert operator.get(f"{page}/part").status_code == 200

    perform_jobs()
    assert operator.get(f"{page}/part").headers["Location"] == page
    preview = operator.get(page).text
    assert "共 2 行，将导入 1 行：新增 1 行，修改 0 行。" in preview and "确认导入" in preview
    assert "data-refresh" not in preview
    assert session.scalar(select(func.count()).select_from(Member)) == 0

    assert operator.post(f"{page}/commit").headers["Location"] == page
    perform_jobs()
    done = operator.get(page).text
    assert "导入完成：新增 1 行，修改 0 行，无变化 0 行。" in done and "确认导入" not in done
    assert [member.name for member in session.scalars(select(Member))] == ["王芳"]


def test_errors_are_shown_with_the_sheet_s_own_row_the_cell_and_how_to_mend_it(
    operator: FlaskClient, perform_jobs: Callable[[], int]
) -> None:
    page = send(operator, make_workbook(HEADERS, [RIGHT, WRONG])).headers["Location"]
    perform_jobs()
    preview = operator.get(page).text
    assert '<th scope="row">3<' in preview and '<th scope="row">2<' not in preview
    assert '<th scope="col"><small>D</small>手机号*</th>' in preview
    cell = re.search('<td class="wrong" id="cell-3-D">(.+?)</td>', preview, re.DOTALL)
    assert cell is not None and ">1390<" in cell[1] and "手机号应为 11 位" in cell[1]
    assert "李强" in preview


def test_the_rows_to_mend_come_back_as_a_workbook(
    operator: FlaskClient, perform_jobs: Callable[[], int]
) -> None:
    page = send(operator, make_workbook(HEADERS, [RIGHT, WRONG])).headers["Location"]
    perform_jobs()
    answer = operator.get(f"{page}/errors.xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    assert [cell.value for cell in sheet[2]][:4] == WRONG
    assert sheet.max_row == 2
    assert "UTF-8''%E4%BC%9A%E5%91%98-" in answer.headers["Content-Disposition"]


@pytest.mark.parametrize(
    ("rows", "said"),
    [([RIGHT, WRONG], "已校验，待导入"), ([WRONG], "有误待修改"), ([RIGHT], "已校验，待导入")],
)
def test_the_history_says_what_a_checked_workbook_waits_for(
    operator: FlaskClient, perform_jobs: Callable[[], int], rows: list[list[str]], said: str
) -> None:
    send(operator, make_workbook(HEADERS, rows))
    perform_jobs()
    history = operator.get("/imports/").text.partition('class="rows"')[2]
    assert [said] == re.findall(r'<span class="tag [a-z]*">([^<]+)</span>', history)


def test_a_workbook_without_its_columns_fails_as_a_whole_with_a_sentence(
    operator: FlaskClient, perform_jobs: Callable[[], int]
) -> None:
    page = send(operator, make_workbook(["姓名*", "手机号*"], [["王芳", "13900000001"]])).headers["Location"]
    perform_jobs()
    failed = operator.get(page).text
    assert "证件类型" in failed and "重新上传" in failed and "确认导入" not in failed


@pytest.mark.parametrize(
    ("content", "name", "status"),
    [
        (b"\x89PNG\r\n", "照片.xlsx", 415),
        (b"", "空.xlsx", 422),
        (b"PK\x03\x04 and no more", "坏.xlsx", 422),
    ],
)
def test_what_is_no_workbook_is_refused_at_the_field_and_the_choices_stay(
    session: Session, operator: FlaskClient, content: bytes, name: str, status: int
) -> None:
    answer = send(operator, content, name, member_kind="flexible", employer_code="91310000X")
    assert answer.status_code == status
    assert 'id="file-error"' in answer.text
    assert 'value="91310000X"' in answer.text and '<option selected value="flexible">' in answer.text
    assert session.scalars(select(ImportRun)).all() == []


def test_no_file_is_a_sentence_too(operator: FlaskClient) -> None:
    answer = operator.post("/imports/", data={"kind": "members", "member_kind": "employed"})
    assert answer.status_code == 422 and "请选择要上传的表格。" in answer.text


def test_kind_and_employer_of_members_are_kept_with_the_run(
    session: Session, operator: FlaskClient, tree: Tree
) -> None:
    employer = make_employer(session, tree.grassroots)
    send(
        operator, make_workbook(HEADERS, [RIGHT]), member_kind="external", employer_code=employer.code
    ).headers["Location"]
    run = session.scalars(select(ImportRun)).one()
    assert (run.member_kind, run.employer_id) == (MembershipKind.EXTERNAL, employer.id)


def test_an_employer_of_another_union_is_refused_at_its_field(
    session: Session, operator: FlaskClient, tree: Tree
) -> None:
    foreign = make_employer(session, tree.sibling)
    answer = send(operator, make_workbook(HEADERS, [RIGHT]), employer_code=foreign.code)
    assert answer.status_code == 422 and 'id="employer_code-error"' in answer.text


@pytest.mark.parametrize(
    ("role", "level", "kinds"),
    [
        (Role.MUNICIPAL_ADMIN, "city", set(ImportKind)),
        (Role.DISTRICT_REVIEWER, "district", {ImportKind.MEMBERS, ImportKind.TRANSFERS}),
        (Role.OPERATOR, "grassroots", {ImportKind.MEMBERS, ImportKind.TRANSFERS}),
    ],
)
def test_everybody_is_offered_the_kinds_that_they_may_bring_in(
    session: Session, client: FlaskClient, tree: Tree, role: Role, level: str, kinds: set[ImportKind]
) -> None:
    sign_in(client, make_account(session, getattr(tree, level), role))
    page = client.get("/imports/").text
    for kind in ImportKind:
        assert (f"/imports/template/{kind.value}.xlsx" in page) is (kind in kinds)
        assert client.get(f"/imports/template/{kind.value}.xlsx").status_code == (
            200 if kind in kinds else 404
        )
    if ImportKind.EMPLOYERS not in kinds:
        assert send(client, make_workbook(HEADERS, [RIGHT]), kind="employers").status_code == 422


def test_the_template_of_members_requires_the_union_only_above_the_grassroots(
    session: Session, client: FlaskClient, tree: Tree
) -> None:
    def headers() -> set[str]:
        content = client.get("/imports/template/members.xlsx").data
        return {str(cell.value) for cell in openpyxl.load_workbook(io.BytesIO(content)).active[1]}

    sign_in(client, make_account(session, tree.grassroots, Role.OPERATOR))
    assert {"姓名*", "证件号码*"} <= headers() and "工会编号*" not in headers()
    sign_in(client, make_account(session, tree.district, Role.DISTRICT_REVIEWER))
    assert "工会编号*" in headers()


def test_nobody_opens_takes_over_or_downloads_the_import_of_a_sibling(
    session: Session, operator: FlaskClient, tree: Tree, perform_jobs: Callable[[], int]
) -> None:
    page = send(operator, make_workbook(HEADERS, [RIGHT, WRONG])).headers["Location"]
    perform_jobs()
    sign_in(operator, make_account(session, tree.sibling, Role.OPERATOR))
    assert "会员.xlsx" not in operator.get("/imports/").text
    for address in (page, f"{page}/part", f"{page}/errors.xlsx"):
        assert operator.get(address).status_code == 404
    assert operator.post(f"{page}/commit").status_code == 404
    assert session.scalars(select(ImportRun)).one().state is ImportState.READY


def test_taking_over_too_early_is_a_sentence_on_the_page(session: Session, operator: FlaskClient) -> None:
    page = send(operator, make_workbook(HEADERS, [RIGHT])).headers["Location"]
    answer = operator.post(f"{page}/commit")
    assert answer.status_code == 409 and 'role="alert"' in answer.text


def test_the_municipal_administrator_brings_in_the_tree_by_workbook(
    session: Session, client: FlaskClient, perform_jobs: Callable[[], int]
) -> None:
    from app.services.first_account import create_first_account
    from tests.factories import at

    admin = create_first_account(
        session, username="admin", password="Haicheng-2025", must_change=False, now=at("2026-11-20")
    )
    sign_in(client, admin)
    content = (CITY / "organisations.xlsx").read_bytes()
    page = send(client, content, "organisations.xlsx", kind="organisations").headers["Location"]
    perform_jobs()
    client.post(f"{page}/commit")
    perform_jobs()
    assert "导入完成" in client.get(page).text
    assert session.scalar(select(func.count()).select_from(Union)) > 40
    assert "organisations.xlsx" in client.get("/imports/").text
