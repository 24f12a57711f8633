"""Any roster written into the template, imported and exported is the same roster."""

from __future__ import annotations

import io
from datetime import date, datetime

import openpyxl
import pytest
import time_machine
from hypothesis import HealthCheck, given, settings

from app.rules.identity import check_document
from app.rules.imports import ImportKind
from app.rules.members import ID_TYPE_WORDS, SEX_WORDS, Sex
from app.security.masking import mask_id_number, mask_phone
from app.security.roles import Role
from reports.template_workbook import write_template
from tests.factories import actor_of_role, make_account, make_tree, make_union, sign_in
from tests.factories.imports import NOW, Row, bring_in, errors_of, upload
from tests.factories.rosters import DOCUMENTS, TODAY, rosters

SAME = ("姓名", "证件类型", "退休类别", "会员标签", "工作单位详细地址", "备注")
DAYS = ("证件到期日", "入会日期")
WORDS_OF_SEX = {sex: word for word, sex in SEX_WORDS.items()}


def filled_template(roster: list[Row]) -> bytes:
    """The template as it is downloaded, with the roster typed into it."""
    empty, out = io.BytesIO(), io.BytesIO()
    write_template(ImportKind.MEMBERS, empty)
    book = openpyxl.load_workbook(empty)
    sheet = book.worksheets[0]
    at = {cell.value.rstrip("*"): cell.column for cell in sheet[1]}
    for number, row in enumerate(roster, start=2):
        for header, value in row.items():
            cell = sheet.cell(number, at[header])
            cell.value = value if value != "" else None
            if isinstance(value, str) and value:
                cell.data_type = "s"
    book.save(out)
    return out.getvalue()


def sheet_of(content: bytes) -> list[dict[str, str]]:
    """The rows of 名单 by header, as text; dates as ISO days."""
    sheet = openpyxl.load_workbook(io.BytesIO(content))["名单"]
    heads, *lines = sheet.iter_rows(values_only=True)
    return [{str(head): _text(value) for head, value in zip(heads, line, strict=True)} for line in lines]


def _text(value: object) -> str:
    return value.date().isoformat() if isinstance(value, datetime) else "" if value is None else str(value)


def told(row: Row) -> tuple[str, str]:
    """Sex and birth date that are stored: what was typed, or else what the number tells."""
    document = check_document(ID_TYPE_WORDS[str(row["证件类型"])], str(row["证件号码"]), today=TODAY)
    sex = str(row["性别"]) or (WORDS_OF_SEX[document.sex] if document.sex else "")
    birth = str(row["出生日期"]) or (document.birth.isoformat() if document.birth else "")
    return sex, birth


@pytest.fixture
def tree(session):
    return make_tree(session)


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_every_kind_of_document_has_a_valid_number(kind: str) -> None:
    for serial in (1, 2, 499, 777):
        number = DOCUMENTS[kind](date(1990, 5, 17), Sex.FEMALE, serial)
        assert check_document(ID_TYPE_WORDS[kind], number, today=TODAY).number == number


@given(roster=rosters)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_roster_comes_back_as_it_went_in(session, client, perform_jobs, tree, roster) -> None:
    union = make_union(session, tree.grassroots.level, tree.second)
    actor = actor_of_role(session, union, Role.OPERATOR)
    run = bring_in(session, actor, filled_template(roster))
    assert errors_of(session, run) == [] and run.created == len(roster)

    with time_machine.travel(NOW, tick=False):
        sign_in(client, make_account(session, union, Role.OPERATOR))
        masked = sheet_of(client.get("/members/export.xlsx").data)
        whole = client.post("/members/export-full", data={"reason": "核对名单"}).data
    full = sheet_of(whole)

    assert len(masked) == len(full) == len(roster)
    for row, line, open_line in zip(roster, masked, full, strict=True):
        for header in SAME:
            assert line[header] == open_line[header] == row[header], header
        for header in DAYS:
            assert line[header] == str(row[header]), header
        assert (line["性别"], line["出生日期"]) == told(row)
        assert line["证件号码"] == mask_id_number(str(row["证件号码"]))
        assert line["手机号"] == mask_phone(str(row["手机号"]))
        assert (open_line["证件号码"], open_line["手机号"]) == (row["证件号码"], row["手机号"])

    again = upload(session, actor, filled_template([_as_typed(line, roster[0]) for line in full]))
    assert errors_of(session, again) == [] and again.unchanged == len(roster)


def _as_typed(line: dict[str, str], like: Row) -> Row:
    return {header: line[header] for header in like}
