"""The files that clerks really send: exports of other programs, lists with titles, sheets edited by many hands."""

from __future__ import annotations

import io
from typing import Any

import pytest
import xlsxwriter
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import ImportRun, Member, StoredFile
from app.rules.imports import ImportKind, ImportState
from app.security.actor import Actor
from app.services.imports import start_import
from tests.factories.imports import NOW, bring_in, errors_of, upload
from tests.factories.old_workbooks import make_xls
from tests.factories.workbooks import make_workbook

HEADERS = ["姓名", "证件类型", "证件号码", "手机号"]
PEOPLE = [["王芳", "护照", "E12345678", "13900000001"], ["买买提·艾力", "护照", "E12345679", "13900000002"]]
LINES = "\r\n".join(",".join(row) for row in [HEADERS, *PEOPLE])

pytestmark = pytest.mark.usefixtures("perform_jobs")


def names(session: Session) -> list[str]:
    return list(session.scalars(select(Member.name).order_by(Member.phone)))


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (make_workbook(HEADERS, PEOPLE), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (make_xls([HEADERS, *PEOPLE]), "application/vnd.ms-excel"),
        (LINES.encode(), "text/csv"),
        (LINES.encode("utf-8-sig"), "text/csv"),
        (LINES.encode("gb18030"), "text/csv"),
        (LINES.replace(",", "\t").encode("utf-16"), "text/csv"),
        (LINES.replace(",", ";").encode(), "text/csv"),
    ],
    ids=["xlsx", "xls", "UTF-8", "UTF-8 with its mark", "GB 18030", "Unicode text", "semicolons"],
)
def test_the_same_list_comes_in_from_every_kind_of_file_whatever_its_name(
    session: Session, operator: Actor, content: bytes, media_type: str
) -> None:
    run = bring_in(session, operator, content)
    assert (run.created, run.invalid, run.remarks) == (2, 0, [])
    assert names(session) == ["王芳", "买买提·艾力"]
    assert session.scalars(select(StoredFile.media_type)).one() == media_type


def test_a_sheet_with_a_title_merged_groups_hidden_rows_and_repeated_headers_comes_in(
    session: Session, operator: Actor
) -> None:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    book.add_worksheet("旧表").hide()
    sheet = book.add_worksheet("名单")
    sheet.activate()
    sheet.merge_range("A1:E1", "海城市某厂工会会员名单")
    sheet.merge_range("A3:A4", "姓 名*")
    sheet.merge_range("B3:C3", "证件")
    sheet.write_row(3, 1, ["证件类型＊", "证件\n号码*"])
    sheet.merge_range("D3:D4", "手机号*")
    sheet.merge_range("E3:E4", "工号")
    sheet.write_row(4, 0, PEOPLE[0])
    sheet.write_row(5, 0, ["姓名", "证件类型", "证件号码", "手机号"])
    sheet.write_row(6, 0, PEOPLE[1])
    sheet.set_row(6, None, None, {"hidden": True})
    for row in range(10, 600):
        sheet.write_blank(row, 2, None, book.add_format({"border": 1}) if row == 10 else None)
    book.close()
    run = bring_in(session, operator, out.getvalue())
    assert (run.rows, run.created) == (2, 2)
    assert [remark["code"] for remark in run.remarks] == ["columns_ignored", "sheets_hidden"]


def test_errors_keep_the_numbers_of_the_sheet_below_a_title(session: Session, operator: Actor) -> None:
    lines = ["会员名单,,,", "", ",".join(HEADERS), ",".join(PEOPLE[0]), "", "李强,护照,E9,139"]
    run = upload(session, operator, "\n".join(lines).encode())
    assert run.state is ImportState.READY
    assert {(row, column) for row, column, _ in errors_of(session, run)} == {(6, "证件号码"), (6, "手机号")}


@pytest.mark.parametrize(
    "name", ["../../会员.xlsx", "C:\\表\\会员.xlsx", "会\u202e员\x00.xlsx\n", " 会员.xlsx "]
)
def test_of_a_file_s_name_nothing_is_kept_that_hides_or_leads_elsewhere(
    session: Session, operator: Actor, name: str
) -> None:
    run = start_import(
        session, operator, kind=ImportKind.MEMBERS, file_name=name, content=LINES.encode(), now=NOW
    )
    assert run.file_name == "会员.xlsx"


def test_dates_come_in_however_a_program_left_them(session: Session, operator: Actor) -> None:
    written: list[Any] = [
        "2030年1月2日",
        "2030.1.2",
        "20300102",
        47485,
        "2030/1/2 0:00:00",
        "2010.01.02-2030.01.02",
    ]
    people = [["王芳", "护照", f"E1234567{at}", f"1390000000{at}", day] for at, day in enumerate(written)]
    bring_in(session, operator, make_workbook([*HEADERS, "证件到期日"], people))
    assert {str(day) for day in session.scalars(select(Member.id_expires_on))} == {"2030-01-02"}


def test_the_screen_offers_all_three_kinds_of_file(
    session: Session, client: FlaskClient, operator: Actor
) -> None:
    from app.models import Account
    from tests.factories import sign_in

    sign_in(client, session.get_one(Account, operator.account_id))
    assert 'accept=".xlsx,.xls,.csv"' in client.get("/imports/").text
    answer = client.post(
        "/imports/",
        data={
            "kind": "members",
            "member_kind": "employed",
            "file": (io.BytesIO(LINES.encode("gbk")), "名单.csv"),
        },
    )
    assert answer.status_code == 302
    assert session.scalars(select(ImportRun.file_name)).one() == "名单.csv"
