"""The error workbook: the failed rows as uploaded, a marked cell for everything to mend, and back in as it is."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import date

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet
from sqlalchemy.orm import Session

from app.documents import errors_workbook
from app.models import ImportRun
from app.rules.imports import MENDING_HEADERS, ImportKind, plain_header
from app.rules.members import IdType, Sex
from app.rules.violations import RuleViolation
from app.security.actor import Actor
from app.security.roles import Role
from tests.factories import Tree, actor_of_role, make_employer, make_member
from tests.factories.imports import Row, bring_in, errors_of, member_of, passport, sheet_of, upload
from tests.factories.members import resident_number
from tests.factories.workbooks import Value, make_workbook

pytestmark = pytest.mark.usefixtures("perform_jobs")

MARKED = "FFFDE2E0"
RESIDENT = "11010519491231002X"


def error_sheet(session: Session, actor: Actor, run: ImportRun) -> tuple[openpyxl.Workbook, Worksheet]:
    _run, content = errors_workbook(session, actor, run.id)
    book = openpyxl.load_workbook(io.BytesIO(content))
    return book, book.active


def headers_of(sheet: Worksheet) -> list[str]:
    return [str(cell.value) for cell in sheet[1]]


def mended(book: openpyxl.Workbook, right: Mapping[int, Row]) -> bytes:
    """The workbook with its marked cells put right and nothing else; ``right`` by the row of the first sheet."""
    sheet = book.active
    headers = headers_of(sheet)
    number = headers.index("原行号")
    for row in sheet.iter_rows(min_row=2):
        values = {plain_header(name): value for name, value in right[int(row[number].value)].items()}
        for header, cell in zip(headers, row, strict=True):
            if cell.fill.fgColor.rgb == MARKED:
                cell.value = values.get(plain_header(header), "")
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def filled_in(book: openpyxl.Workbook, header: str, value: str) -> bytes:
    """The workbook of one row with one more cell filled."""
    sheet, out = book.active, io.BytesIO()
    sheet.cell(2, headers_of(sheet).index(header) + 1).value = value
    book.save(out)
    return out.getvalue()


def resident(serial: int, **more: Value) -> Row:
    return passport(serial, **{"证件类型*": "身份证", "证件号码*": RESIDENT, "性别": "女"} | more)


WRONG: list[tuple[str, Row, Row]] = [
    ("cell_required", passport(1), {"姓名*": ""}),
    ("name_character", passport(2), {"姓名*": "王芳<1>"}),
    ("word_unknown", passport(3), {"证件类型*": "工作证"}),
    ("passport_shape", passport(4), {"证件号码*": "P"}),
    ("phone_shape", passport(5), {"手机号*": 1390.0}),
    ("birth_date_disagrees", resident(6), {"出生日期": "1950-01-01"}),
    ("date_invalid", passport(7, 出生日期="1990-01-05"), {"出生日期": "1990-13-05"}),
    ("expiry_invalid", passport(8, 证件到期日="长期"), {"证件到期日": "很久"}),
    ("text_length", passport(9), {"会员标签": "长" * 60}),
    ("address_length", passport(10), {"工作单位详细地址": "太短"}),
    ("date_in_future", passport(11), {"入会日期": "2099-01-01"}),
    ("employer_unknown", passport(12), {"企业统一社会信用代码": "91310000MA1FL0TK0X"}),
    ("phone_taken", passport(13), {"手机号*": "13912345678"}),
    ("phone_repeated_in_file", passport(14), {"手机号*": "13100000015"}),
    ("phone_repeated_in_file", passport(15), {}),
    (
        "sex_disagrees",
        passport(
            16, **{"证件类型*": "身份证", "证件号码*": resident_number(date(1972, 3, 8), Sex.FEMALE, 7)}
        ),
        {"性别": "男"},
    ),
]


def test_whoever_mends_just_the_marked_cells_gets_every_row_in(
    session: Session, operator: Actor, tree: Tree
) -> None:
    make_member(session, tree.sibling, phone="13912345678")
    right = {at: row | {"工号": at} for at, (_code, row, _wrong) in enumerate(WRONG, start=2)}
    rows = [right[at] | wrong for at, (_code, _row, wrong) in enumerate(WRONG, start=2)]
    rows.append(passport(90))
    run = bring_in(session, operator, rows)
    assert [code for _row, _column, code in errors_of(session, run)] == [code for code, _row, _wrong in WRONG]
    assert (run.created, run.invalid) == (1, len(WRONG))

    book, _sheet = error_sheet(session, operator, run)
    again = bring_in(session, operator, mended(book, right))
    assert errors_of(session, again) == []
    assert (again.created, again.invalid) == (len(WRONG), 0)
    assert again.remarks == [{"code": "columns_ignored", "facts": {"columns": "工号"}}]


def test_a_number_that_a_spreadsheet_rounded_is_typed_again_and_kept(
    session: Session, operator: Actor
) -> None:
    run = upload(session, operator, [resident(1, **{"证件号码*": 1.10105194912310e17})])
    assert errors_of(session, run) == [(2, "证件号码", "number_rounded")]
    book, sheet = error_sheet(session, operator, run)
    assert {cell.number_format for row in sheet.iter_rows() for cell in row} == {"@"}
    assert sheet.column_dimensions["C"].number_format == "@"
    again = bring_in(session, operator, mended(book, {2: resident(1)}))
    assert (again.created, again.invalid) == (1, 0)
    assert member_of(session, RESIDENT, IdType.RESIDENT_ID).id_number == RESIDENT


def test_rows_come_back_in_their_columns_with_place_and_reason_behind_them(
    session: Session, operator: Actor
) -> None:
    headers = ["工号", "手机号*", "姓名*", "车间", "证件号码*", "证件类型*"]
    rows = [
        ["001", "13100000001", "王芳", "一", "P0000001", "护照"],
        ["002", "131", "=1+1", "二", "P0000002", "护照"],
    ]
    run = upload(session, operator, make_workbook(headers, rows))
    _book, sheet = error_sheet(session, operator, run)
    assert headers_of(sheet) == [*headers, *MENDING_HEADERS]
    [shown] = list(sheet.iter_rows(min_row=2))
    assert [cell.value for cell in shown][:8] == [*rows[1], "3", "姓名、手机号"]
    assert "手机号：" in str(shown[-1].value) and "姓名：" in str(shown[-1].value)
    marked = {cell.coordinate for cell in shown if cell.fill.fgColor.rgb == MARKED}
    assert marked == {cell.coordinate for cell in shown if cell.comment is not None} == {"B2", "C2"}
    assert shown[1].comment is not None and "11" in shown[1].comment.text
    assert shown[2].data_type == "s"


def test_a_column_that_the_sheet_lacks_is_there_to_be_filled_in(
    session: Session, municipal: Actor, tree: Tree
) -> None:
    make_member(session, tree.grassroots, id_type=IdType.PASSPORT, id_number="P0000001", has_card=False)
    bank: Row = {"证件号码*": "P0000001", "结果*": "成功"}
    run = upload(session, municipal, sheet_of([bank]), ImportKind.BANK)
    assert errors_of(session, run) == [(2, "卡号", "card_number_missing")]
    book, sheet = error_sheet(session, municipal, run)
    assert headers_of(sheet) == ["证件号码*", "结果*", "卡号", *MENDING_HEADERS]
    again = bring_in(
        session, municipal, mended(book, {2: bank | {"卡号": "6231620000000000013"}}), ImportKind.BANK
    )
    assert (again.updated, again.invalid) == (1, 0)


def test_a_real_number_with_a_wrong_check_character_is_let_in_where_the_sheet_had_no_remarks(
    session: Session, operator: Actor
) -> None:
    run = upload(session, operator, [resident(1, **{"证件号码*": RESIDENT[:17] + "1"})])
    assert errors_of(session, run) == [(2, "证件号码", "id_number_check")]
    book, sheet = error_sheet(session, operator, run)
    assert headers_of(sheet) == [
        "姓名*",
        "证件类型*",
        "证件号码*",
        "手机号*",
        "性别",
        "备注",
        *MENDING_HEADERS,
    ]
    again = bring_in(session, operator, filled_in(book, "备注", "已核实原件"))
    assert (again.created, again.invalid) == (1, 0)


def test_a_number_of_several_people_gets_its_type_where_the_sheet_had_none(
    session: Session, municipal: Actor, tree: Tree
) -> None:
    for id_type in (IdType.PASSPORT, IdType.TAIWAN_PERMIT):
        make_member(session, tree.grassroots, id_type=id_type, id_number="12345678")
    answer: Row = {"证件号码*": "12345678", "就业状态": "退休"}
    run = upload(session, municipal, sheet_of([answer]), ImportKind.SOCIAL_SECURITY)
    assert errors_of(session, run) == [(2, "证件号码", "person_ambiguous")]
    book, sheet = error_sheet(session, municipal, run)
    assert headers_of(sheet) == ["证件号码*", "就业状态", "证件类型", *MENDING_HEADERS]
    again = bring_in(session, municipal, filled_in(book, "证件类型", "护照"), ImportKind.SOCIAL_SECURITY)
    assert (again.updated, again.invalid) == (1, 0)


def test_what_a_csv_got_wrong_comes_back_as_a_workbook(session: Session, operator: Actor) -> None:
    text = "姓名,证件类型,证件号码,手机号\n王芳,护照,P0000001,131\n李强,护照,P0000002,13100000002\n"
    run = bring_in(session, operator, text.encode("gb18030"))
    assert (run.created, run.invalid) == (1, 1)
    book, _sheet = error_sheet(session, operator, run)
    again = bring_in(session, operator, mended(book, {2: passport(1)}))
    assert (again.created, again.invalid) == (1, 0)


def test_an_error_workbook_of_an_error_workbook_has_its_columns_once(
    session: Session, operator: Actor
) -> None:
    run = upload(session, operator, [passport(1, **{"手机号*": "131"})])
    book, _sheet = error_sheet(session, operator, run)
    again = upload(session, operator, mended(book, {2: {"手机号*": "1310"}}))
    _book, sheet = error_sheet(session, operator, again)
    assert headers_of(sheet) == ["姓名*", "证件类型*", "证件号码*", "手机号*", *MENDING_HEADERS]
    assert again.remarks == []


def test_whole_numbers_go_only_to_who_may_import(session: Session, tree: Tree, operator: Actor) -> None:
    run = upload(session, operator, [passport(1, **{"手机号*": "131"})])
    manager = actor_of_role(session, tree.city, Role.MANAGER)
    for reader, status in (
        (manager, 403),
        (actor_of_role(session, tree.sibling, Role.OPERATOR), 404),
        (actor_of_role(session, tree.district, Role.DISTRICT_REVIEWER), None),
    ):
        if status is None:
            assert errors_workbook(session, reader, run.id)[0] is run
            continue
        with pytest.raises(RuleViolation) as caught:
            errors_workbook(session, reader, run.id)
        assert caught.value.status == status


def test_an_employer_s_row_and_a_union_s_are_mended_the_same_way(
    session: Session, municipal: Actor, tree: Tree
) -> None:
    employer = make_employer(session, tree.grassroots)
    row: Row = {
        "统一社会信用代码*": employer.code,
        "企业名称*": "新名",
        "所属工会编号*": tree.grassroots.code,
    }
    run = upload(session, municipal, sheet_of([row | {"所属工会编号*": "81"}]), ImportKind.EMPLOYERS)
    book, _sheet = error_sheet(session, municipal, run)
    again = bring_in(session, municipal, mended(book, {2: row}), ImportKind.EMPLOYERS)
    assert (again.updated, again.invalid) == (1, 0)
