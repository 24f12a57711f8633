from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules.import_tables import TABLES, table_of
from app.rules.imports import ImportKind, body_of, lay_out, plain_header, read_row
from app.rules.members import IdType, RetirementClass, Sex
from app.rules.violations import RuleViolation

TODAY = date(2026, 11, 20)
MEMBERS = table_of(ImportKind.MEMBERS)
RESIDENT = "11010519491231002X"
GOOD = {"姓名": "王一", "证件类型": "身份证", "证件号码": RESIDENT, "手机号": "13800000001"}


def read(cells, kind=ImportKind.MEMBERS):
    """Values and (column, code) pairs of one row whose cells are given by header."""
    table = TABLES[kind]
    layout = lay_out(table, list(cells))
    values, errors = read_row(table, layout, 7, list(cells.values()), TODAY)
    return values, [(error.column, error.code) for error in errors]


@pytest.mark.parametrize("header", ["姓名", "姓名*", " 姓 名 * ", "\u3000姓名＊", "*姓名"])
def test_headers_are_matched_without_blanks_and_stars(header):
    assert plain_header(header) == "姓名"


def test_columns_may_stand_in_any_order_and_unknown_ones_are_named():
    layout = lay_out(MEMBERS, ["手机号", "出错原因", "证件号码*", "", "姓名", "证件类型"])
    assert layout.positions == {"手机号": 0, "证件号码": 2, "姓名": 4, "证件类型": 5}
    assert layout.unknown == ("出错原因",)


def test_missing_required_columns_are_one_problem():
    with pytest.raises(RuleViolation) as caught:
        lay_out(MEMBERS, ["姓名", "手机号"])
    assert caught.value.code == "columns_missing"
    assert caught.value.facts == {"columns": "证件类型、证件号码", "found": "姓名、手机号"}


def test_a_known_column_twice_is_a_problem():
    with pytest.raises(RuleViolation) as caught:
        lay_out(MEMBERS, ["姓名", "证件类型", "证件号码", "手机号", "姓名*"])
    assert caught.value.code == "column_repeated"


NEEDED = ["姓名", "证件类型", "证件号码", "手机号"]
PERSON = ["王一", "身份证", RESIDENT, "13800000001"]


def body(*rows):
    """The layout, and the rows below the header by number; blank rows are left out as a reader does."""
    layout, below = body_of(MEMBERS, iter([(at, cells) for at, cells in enumerate(rows, 1) if any(cells)]))
    return layout, list(below)


@pytest.mark.parametrize(
    "above",
    [
        [],
        [["海城市总工会会员名单"]],
        [["海城市总工会会员名单"], [], ["单位：甲厂", "", "", "2026年11月"]],
        [["个人信息", "", "", "联系方式"]],
        [["", "姓名"], ["", "手机号"]],
    ],
)
def test_titles_groups_and_blanks_may_stand_above_the_header(above):
    layout, below = body(*above, NEEDED, PERSON)
    assert (layout.row, layout.headers) == (len(above) + 1, tuple(NEEDED))
    assert below == [(len(above) + 2, PERSON)]


def test_a_header_of_two_rows_is_read_by_its_lower_names_and_the_upper_ones_over_blanks():
    layout, below = body(["姓名", "证件", "", "手机号", "备注"], ["", "证件类型", "证件号码"], PERSON)
    assert layout.positions == {"姓名": 0, "证件类型": 1, "证件号码": 2, "手机号": 3, "备注": 4}
    assert (layout.row, below) == (2, [(3, PERSON)])


def test_a_header_written_by_hand_is_recognised():
    layout, _ = body(["姓\n名＊", " 证件\u3000类型", "＊证件号码", "手机号 *"])
    assert layout.positions == {"姓名": 0, "证件类型": 1, "证件号码": 2, "手机号": 3}


def test_the_header_repeated_on_each_page_is_no_row():
    _, below = body(NEEDED, PERSON, [header + "*" for header in NEEDED], PERSON)
    assert [row for row, _ in below] == [2, 4]


def test_the_rows_of_people_are_never_taken_for_a_header():
    _, below = body(NEEDED, ["姓名", "护照", "E1", "1"], PERSON)
    assert [row for row, _ in below] == [2, 3]


def test_where_columns_are_missing_the_row_that_comes_nearest_is_told():
    with pytest.raises(RuleViolation) as caught:
        body(["名单", "甲厂"], ["姓名", "证件号码", "工号"], ["王一", "1", "2"])
    assert caught.value.facts == {"columns": "证件类型、手机号", "found": "姓名、证件号码、工号"}


def test_the_sentence_about_headers_stays_one_whatever_the_file_says():
    with pytest.raises(RuleViolation) as caught:
        body(["长" * 30_000] * 200)
    assert len(str(caught.value.facts["found"])) < 2_000


@pytest.mark.parametrize(
    ("cell", "code"), [("#N/A", "cell_error"), ("#DIV/0!", "cell_error"), ("=A1", "cell_formula")]
)
@pytest.mark.parametrize("header", ["姓名", "手机号", "备注", "出生日期"])
def test_a_cell_without_a_value_is_named_as_such_in_every_column(header, cell, code):
    assert read(GOOD | {header: cell})[1] == [(header, code)]


def test_above_the_grassroots_level_the_union_of_each_member_is_required():
    required = {c.header for c in table_of(ImportKind.MEMBERS, above_grassroots=True).columns if c.required}
    assert required - {c.header for c in MEMBERS.columns if c.required} == {"工会编号"}


def test_sex_and_birth_date_are_taken_from_the_number_when_blank():
    values, errors = read(GOOD)
    assert errors == []
    assert (values["sex"], values["birth_date"]) == (Sex.FEMALE, date(1949, 12, 31))


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"性别": "女", "出生日期": "1949年12月31日"}, []),
        ({"性别": "男"}, [("性别", "sex_disagrees")]),
        ({"出生日期": "1949-12-30"}, [("出生日期", "birth_date_disagrees")]),
        ({"出生日期": "1990-13-01"}, [("出生日期", "date_invalid")]),
        ({"退休类别": "女50"}, []),
        ({"退休类别": "男60"}, [("退休类别", "retirement_class_disagrees")]),
        ({"退休类别": "女60"}, [("退休类别", "word_unknown")]),
        ({"姓名": " "}, [("姓名", "cell_required")]),
        ({"证件类型": "学生证"}, [("证件类型", "word_unknown")]),
        ({"证件号码": 3.10101199001011e17}, [("证件号码", "number_rounded")]),
        ({"证件号码": "110105194912310021"}, [("证件号码", "id_number_check")]),
        ({"证件号码": "110105194912310021", "备注": "已核实原件"}, []),
        ({"工作单位详细地址": "上海"}, [("工作单位详细地址", "address_length")]),
        ({"姓名": "", "手机号": "1"}, [("姓名", "cell_required"), ("手机号", "phone_shape")]),
        ({"入会日期": "2026-11-21"}, [("入会日期", "date_in_future")]),
        ({"备注": "长" * 501}, [("备注", "text_length")]),
    ],
)
def test_a_members_row_is_told_every_cell_that_is_wrong(changes, errors):
    assert read(GOOD | changes)[1] == errors


def test_a_document_that_never_expires():
    values, _ = read(GOOD | {"证件到期日": "长期"})
    assert values["id_never_expires"] is True and values["id_expires_on"] is None


def test_a_passport_leaves_sex_and_birth_date_to_their_cells():
    values, errors = read(GOOD | {"证件类型": "护照", "证件号码": "e12345678", "退休类别": "女55"})
    assert errors == []
    assert values["id_type"] is IdType.PASSPORT and values["id_number"] == "E12345678"
    assert "sex" not in values and values["retirement_class"] is RetirementClass.F55


@given(st.sampled_from(ImportKind), st.data())
def test_whatever_a_cell_holds_is_a_value_or_an_error(kind, data):
    cell = st.text() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    words = sorted({word for column in TABLES[kind].columns for word in column.words})
    known = st.sampled_from([*words, RESIDENT, "2026-01-05", "13800000001"])
    cells = {column.header: data.draw(cell | known) for column in TABLES[kind].columns}
    values, errors = read(cells, kind)
    assert {column for column, _ in errors} <= set(cells)
    json.dumps(values, default=str)


UNION = {
    "工会编号": "81310000007000001B",
    "工会名称": "甲工会",
    "工会类型": "工会委员会",
    "工会层级": "基层",
    "上级工会编号": "x",
}


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({}, []),
        ({"工会层级": "区局"}, [("工会层级", "level_not_of_type")]),
        ({"工会层级": ""}, [("工会层级", "level_required")]),
        ({"工会类型": "联合工会", "工会层级": "二级"}, []),
        ({"工会类型": "联合工会"}, []),
        ({"工会类型": "街道总工会"}, [("工会层级", "level_not_of_type")]),
        ({"工会类型": "分工会/工会小组", "工会层级": ""}, []),
        ({"工会类型": "工会联合会"}, []),
        ({"工会层级": "三级"}, [("工会层级", "word_unknown")]),
        ({"上级工会编号": 8.1310000007e17}, [("上级工会编号", "number_rounded")]),
        ({"上级工会编号": ""}, [("上级工会编号", "parent_required")]),
        ({"工会类型": "市总工会", "工会层级": "市级"}, [("上级工会编号", "top_has_parent")]),
        ({"工会编号": "91310000007000001A"}, [("工会编号", "union_code_prefix")]),
    ],
)
def test_a_unions_row_fits_its_type(changes, errors):
    assert read(UNION | changes, ImportKind.ORGANISATIONS)[1] == errors


def test_a_bank_success_brings_its_card_number():
    answer = {"证件号码": "1", "结果": "成功", "卡号": ""}
    assert read(answer, ImportKind.BANK)[1] == [("卡号", "card_number_missing")]
    assert read(answer | {"结果": "失败", "错误原因": "地址不详"}, ImportKind.BANK)[1] == []
    assert read(answer | {"卡号": "6231621234567890124"}, ImportKind.BANK)[1] == [
        ("卡号", "card_number_check")
    ]


def test_every_code_of_an_import_has_its_sentence():
    from app.sentences import SENTENCES
    from app.services.import_judging import JUDGED_CODES

    root = Path(__file__).parents[3] / "app"
    files = [
        *(root / "rules").glob("*.py"),
        *root.glob("services/import*.py"),
        *root.glob("gateways/workbook*.py"),
    ]
    mine = {"identity", "dates", "writing", "imports", "import_tables", "import_staging"}
    raised = {
        code
        for file in files
        if file.stem in mine or file.parent.name == "gateways"
        for code in re.findall(r'(?:RuleViolation|Unreadable)\(\s*"(\w+)"', file.read_text())
    }
    assert (raised | JUDGED_CODES) - set(SENTENCES) == set()


def test_what_is_found_in_the_database_never_shares_a_code_with_what_is_read():
    from app.services.import_judging import JUDGED_CODES

    rules = Path(__file__).parents[3] / "app" / "rules"
    read_codes = {
        code
        for name in ("identity", "dates", "writing", "imports", "import_tables")
        for code in re.findall(r'"([a-z]+(?:_[a-z]+)+)"', (rules / f"{name}.py").read_text())
    }
    assert JUDGED_CODES & read_codes == set()
