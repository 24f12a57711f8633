"""Workbooks opened again by two other programs say what was written."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from app.rules.enrolment import BatchStatus
from reports.labels import BATCH_STATUS
from reports.people_workbook import PeopleColumn, write_people
from reports.statistics_workbook import StatisticsAbout, StatisticsRow, write_statistics
from reports.workbook import LONG_SHEET_ROWS, About

ASKED = datetime(2024, 12, 20, 8, 30, tzinfo=UTC)
ABOUT = StatisticsAbout(
    title="2025年度集中参保统计表",
    filters=(("统计级别", "基层"), ("区局", "黄浦区总工会")),
    asked_at=ASKED,
    asked_by="王敏（manager）",
    year=2025,
    plans=("A", "B+"),
)
ROW = StatisticsRow(
    name="上海建朗信息科技有限公司工会",
    code="81310101MC1234567X",
    parent_name="外滩街道总工会",
    members=169,
    enrollable=53,
    submitted_member_card=45,
    submitted_social_card=10,
    by_plan={"A": 55},
    batches_by_status={BatchStatus.SUBMITTED: 1, BatchStatus.RETURNED: 2},
    fee=Decimal("1430.10"),
    municipal=Decimal("715.05"),
    district=Decimal("715.05"),
    grassroots=Decimal("0.00"),
    owed=Decimal("715.05"),
    paid=Decimal("0.00"),
    last_submitted_at=datetime(2024, 10, 29, 18, 5, tzinfo=UTC),
)
HEADS = [
    *("单位名称", "组织机构代码", "上级工会", "会员数", "可参保人数"),
    *("已提交人数", "已提交人数（会员卡）", "已提交人数（社保卡）", "A 类人数", "B+ 类人数", "参保率"),
    *("批次数（区局确认中）", "批次数（待提交职保中心）", "批次数（职保中心审核中）"),
    *("批次数（已完成）", "批次数（退回）", "批次数（逾期失效）"),
    *("保障费用", "市总统一划拨", "区局/各级工会缴费", "基层单位缴费", "应缴职保会金额", "已缴金额"),
    "最后提交时间",
]


def statistics(rows: Iterator[StatisticsRow] | list[StatisticsRow], about: StatisticsAbout = ABOUT) -> bytes:
    out = io.BytesIO()
    write_statistics(rows, about, out)
    return out.getvalue()


def values(content: bytes, sheet: str) -> list[list[Any]]:
    book = openpyxl.load_workbook(io.BytesIO(content), data_only=True)
    return [list(row) for row in book[sheet].iter_rows(values_only=True)]


def test_statistics_have_the_columns_in_their_order() -> None:
    assert values(statistics([ROW]), "集中参保统计表")[0] == HEADS


def test_a_union_is_one_row_with_derived_figures() -> None:
    row = dict(zip(HEADS, values(statistics([ROW]), "集中参保统计表")[1], strict=True))
    assert row["单位名称"] == ROW.name
    assert row["组织机构代码"] == "81310101MC1234567X"
    assert (row["已提交人数"], row["A 类人数"], row["B+ 类人数"]) == (55, 55, 0)
    assert row["参保率"] == pytest.approx(55 / 169)
    assert (row["批次数（区局确认中）"], row["批次数（退回）"], row["批次数（已完成）"]) == (1, 2, 0)
    assert row["保障费用"] == 1430.1
    assert row["最后提交时间"] == datetime(2024, 10, 30, 2, 5), "in Shanghai"


def test_the_total_row_is_formulas_with_right_stored_values() -> None:
    other = replace(ROW, name="乙", members=31, fee=Decimal("0.20"), by_plan={"A": 50, "B+": 5})
    content = statistics([ROW, other])
    formulas = [
        list(row)
        for row in openpyxl.load_workbook(io.BytesIO(content))["集中参保统计表"].iter_rows(values_only=True)
    ][-1]
    stored = dict(zip(HEADS, values(content, "集中参保统计表")[-1], strict=True))
    assert formulas[0] == "合计"
    assert formulas[3] == "=SUBTOTAL(109,D2:D3)"
    assert formulas[10] == '=IF(D4=0,"",F4/D4)'
    assert all(str(cell).startswith("=") for cell in formulas[3:-1])
    assert (stored["会员数"], stored["已提交人数"], stored["A 类人数"], stored["B+ 类人数"]) == (
        200,
        110,
        105,
        5,
    )
    assert stored["参保率"] == pytest.approx(0.55)
    assert stored["保障费用"] == 1430.3
    calamine = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_name("集中参保统计表")
    read = dict(zip(HEADS, calamine.to_python()[-1], strict=True))
    assert (read["会员数"], read["保障费用"], read["批次数（退回）"]) == (200, 1430.3, 4)


def test_no_union_at_all_still_makes_a_sound_workbook() -> None:
    rows = values(statistics([]), "集中参保统计表")
    assert rows[0] == HEADS
    assert rows[1][:4] == ["合计", None, None, 0]


def test_a_union_without_members_has_no_rate() -> None:
    empty = replace(ROW, members=0, submitted_member_card=0, submitted_social_card=0, by_plan={})
    rows = values(statistics([empty]), "集中参保统计表")
    assert rows[1][10] is None
    assert rows[2][10] in (None, "")


def test_people_under_a_plan_without_a_column_are_refused() -> None:
    with pytest.raises(ValueError, match="plan without a column"):
        statistics([replace(ROW, by_plan={"C": 1})])


def test_names_that_look_like_formulas_links_or_numbers_stay_text() -> None:
    for name in (
        "=1+1",
        "+1",
        "-1",
        "@SUM(1)",
        "https://x.org",
        "{=A1}",
        "00123",
        "mailto:a@b.c",
        f"𠮷·{'长' * 80}",
    ):
        content = statistics([replace(ROW, name=name)])
        cell = openpyxl.load_workbook(io.BytesIO(content))["集中参保统计表"]["A2"]
        assert (cell.value, cell.data_type, cell.hyperlink) == (name, "s", None)


def test_the_second_sheet_says_filter_time_and_who_asked() -> None:
    lines = dict(row[:2] for row in values(statistics([ROW]), "说明") if row[0] != "说明")
    assert lines == {
        "名称": "2025年度集中参保统计表",
        "行数": 1,
        "生成时间": "2024-12-20 16:30:00",
        "生成人": "王敏（manager）",
        "筛选：保障年度": "2025",
        "筛选：统计级别": "基层",
        "筛选：区局": "黄浦区总工会",
    }


def test_header_is_frozen_and_filterable_without_the_total() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(statistics([ROW, ROW])))["集中参保统计表"]
    assert sheet.freeze_panes == "B2"
    assert sheet.auto_filter.ref == "A1:X3"
    assert sheet["R2"].number_format == "#,##0.00"
    assert sheet["K2"].number_format == "0.00%"


def test_a_long_table_from_a_generator_loses_nothing() -> None:
    count = LONG_SHEET_ROWS + 7
    content = statistics(replace(ROW, name=f"第{number}工会") for number in range(count))
    rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_name("集中参保统计表").to_python()
    assert len(rows) == count + 2
    assert rows[count][0] == f"第{count - 1}工会"
    assert rows[-1][3] == 169 * count
    assert rows[-1][HEADS.index("保障费用")] == float(Decimal("1430.10") * count)


def test_every_state_of_a_batch_has_its_chinese_word() -> None:
    assert set(BATCH_STATUS) == set(BatchStatus)


def test_people_are_written_as_given_with_masked_numbers_as_text() -> None:
    columns = [
        PeopleColumn(head, 20)
        for head in ("会员编号", "姓名", "证件号码", "金额", "人数", "起保日期", "提交时间", "在职", "备注")
    ]
    moment = datetime(2024, 10, 29, 18, 5, tzinfo=UTC)
    row = (
        "0070311350",
        "𠮷·阿依",
        "3411 **** **** 6755",
        Decimal("26.00"),
        3,
        date(2025, 1, 1),
        moment,
        True,
        None,
    )
    about = About(title="可参保人员名单", filters=(), asked_at=ASKED, asked_by="李强")
    out = io.BytesIO()
    assert write_people(columns, [row], about, out) == 1
    rows = values(out.getvalue(), "名单")
    assert rows[0] == [column.head for column in columns]
    assert rows[1] == [
        *("0070311350", "𠮷·阿依", "3411 **** **** 6755", 26, 3),
        *(datetime(2025, 1, 1), datetime(2024, 10, 30, 2, 5), "是", None),
    ]
    assert ["筛选：全部", "无筛选条件"] in [line[:2] for line in values(out.getvalue(), "说明")]


def test_a_row_of_people_must_fill_its_columns() -> None:
    about = About(title="名单", filters=(), asked_at=ASKED, asked_by="李强")
    with pytest.raises(ValueError, match="1 values for 2 columns"):
        write_people([PeopleColumn("姓名"), PeopleColumn("备注")], [("王伟",)], about, io.BytesIO())
