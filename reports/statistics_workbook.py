"""集中参保统计表: one row a union, a total row of formulas, and the sheet that says how it was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import BinaryIO

from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from app.rules.enrolment import BatchStatus
from reports.labels import BATCH_STATUS, plan_words
from reports.workbook import (
    About,
    Cell,
    Formats,
    add_sheet,
    check_room,
    formats_of,
    is_long,
    open_workbook,
    shanghai_time,
    write_about,
    write_heads,
    write_row,
)

SHEET = "集中参保统计表"
RATE_REMARK = "参保率 = 已提交人数 ÷ 会员数。"
MONEY_REMARK = "金额单位：元。应缴职保会金额 = 保障费用 − 市总统一划拨。"
TOTAL_REMARK = "合计行为公式，筛选后只合计所显示的行。"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsRow:
    """One union and all below it, money in yuan; ``last_submitted_at`` is None before the first submit."""

    name: str
    code: str
    parent_name: str
    members: int
    enrollable: int | None
    submitted_member_card: int
    submitted_social_card: int
    by_plan: Mapping[str, int]
    batches_by_status: Mapping[BatchStatus, int]
    fee: Decimal
    municipal: Decimal
    district: Decimal
    grassroots: Decimal
    owed: Decimal
    paid: Decimal
    last_submitted_at: datetime | None

    @property
    def submitted(self) -> int:
        return self.submitted_member_card + self.submitted_social_card

    @property
    def rate(self) -> Decimal | None:
        return _rate(self.submitted, self.members)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsAbout(About):
    """``plans``: the plans of the year in their order, one column each."""

    year: int
    plans: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Column:
    head: str
    width: float
    value: Callable[[StatisticsRow], Cell]
    summed: bool = False


HEAD_NAME = "单位名称"
HEAD_MEMBERS = "会员数"
HEAD_SUBMITTED = "已提交人数"
HEAD_RATE = "参保率"
HEAD_LAST = "最后提交时间"


def write_statistics(rows: Iterable[StatisticsRow], about: StatisticsAbout, out: BinaryIO) -> int:
    """Writes the workbook and returns how many unions it has; ``rows`` come in the order to print and may be a
    generator.

    Raises ``ValueError`` for people under a plan that ``about.plans`` doesn't name: it has no column.
    """
    long, rows = is_long(rows)
    columns = columns_of(about.plans)
    workbook = open_workbook(out, about, long=long)
    formats = formats_of(workbook)
    sheet = add_sheet(workbook, SHEET)
    percents = {position for position, column in enumerate(columns) if column.head == HEAD_RATE}
    summed = [position for position, column in enumerate(columns) if column.summed]
    write_heads(sheet, formats, ((column.head, column.width) for column in columns))
    totals: list[int | Decimal] = [0] * len(columns)
    latest: datetime | None = None
    count = 0
    for count, row in enumerate(rows, start=1):
        check_room(count + 1)
        _check_plans(row, about.plans)
        values = [column.value(row) for column in columns]
        write_row(sheet, formats, count, values, percents)
        for position in summed:
            value = values[position]
            if isinstance(value, int | Decimal):
                totals[position] += value
        latest = max(filter(None, (latest, row.last_submitted_at)), default=None)
    sheet.autofilter(0, 0, count, len(columns) - 1)
    _write_totals(sheet, formats, count, columns, totals, latest)
    write_about(workbook, formats, _with_remarks(about), count)
    workbook.close()
    return count


def columns_of(plans: Iterable[str]) -> tuple[Column, ...]:
    """The columns from left to right."""
    return (
        Column(HEAD_NAME, 36, lambda row: row.name),
        Column("组织机构代码", 22, lambda row: row.code),
        Column("上级工会", 28, lambda row: row.parent_name),
        Column(HEAD_MEMBERS, 11, lambda row: row.members, True),
        Column("可参保人数", 11, lambda row: row.enrollable, True),
        Column(HEAD_SUBMITTED, 11, lambda row: row.submitted, True),
        Column("已提交人数（会员卡）", 12, lambda row: row.submitted_member_card, True),
        Column("已提交人数（社保卡）", 12, lambda row: row.submitted_social_card, True),
        *(Column(f"{plan_words(plan)}人数", 11, _people_of(plan), True) for plan in plans),
        Column(HEAD_RATE, 10, lambda row: row.rate),
        *(
            Column(f"批次数（{name}）", 13, _batches_in(status), True)
            for status, name in BATCH_STATUS.items()
        ),
        Column("保障费用", 16, lambda row: row.fee, True),
        Column("市总统一划拨", 16, lambda row: row.municipal, True),
        Column("区局/各级工会缴费", 18, lambda row: row.district, True),
        Column("基层单位缴费", 16, lambda row: row.grassroots, True),
        Column("应缴职保会金额", 16, lambda row: row.owed, True),
        Column("已缴金额", 16, lambda row: row.paid, True),
        Column(HEAD_LAST, 18, lambda row: row.last_submitted_at),
    )


def _people_of(plan: str) -> Callable[[StatisticsRow], Cell]:
    return lambda row: row.by_plan.get(plan, 0)


def _batches_in(status: BatchStatus) -> Callable[[StatisticsRow], Cell]:
    return lambda row: row.batches_by_status.get(status, 0)


def _check_plans(row: StatisticsRow, plans: tuple[str, ...]) -> None:
    unknown = [plan for plan, people in row.by_plan.items() if people and plan not in plans]
    if unknown:
        raise ValueError(f"{row.name} has people under {unknown}, a plan without a column")


def _write_totals(
    sheet: Worksheet,
    formats: Formats,
    count: int,
    columns: tuple[Column, ...],
    totals: list[int | Decimal],
    latest: datetime | None,
) -> None:
    """Row 合计: formulas whose stored results are already right, for readers that don't calculate."""
    last, row = max(count, 1) + 1, count + 1
    letters = {column.head: xl_col_to_name(position) for position, column in enumerate(columns)}
    for position, column in enumerate(columns):
        letter = xl_col_to_name(position)
        summed: Format = formats.total_money if isinstance(totals[position], Decimal) else formats.total_count
        if column.head == HEAD_NAME:
            sheet.write_string(row, position, "合计", formats.total_text)
        elif column.summed and count:
            formula = f"=SUBTOTAL(109,{letter}2:{letter}{last})"
            sheet.write_formula(row, position, formula, summed, totals[position])
        elif column.summed:
            sheet.write_number(row, position, 0, summed)
        elif column.head == HEAD_RATE and count:
            members, submitted = (f"{letters[head]}{row + 1}" for head in (HEAD_MEMBERS, HEAD_SUBMITTED))
            rate = _total_rate(columns, totals)
            formula = f'=IF({members}=0,"",{submitted}/{members})'
            sheet.write_formula(row, position, formula, formats.total_percent, "" if rate is None else rate)
        elif column.head == HEAD_LAST and latest is not None:
            sheet.write_datetime(row, position, shanghai_time(latest), formats.total_moment)
        else:
            sheet.write_blank(row, position, None, formats.total_text)


def _total_rate(columns: tuple[Column, ...], totals: list[int | Decimal]) -> Decimal | None:
    by_head = {column.head: total for column, total in zip(columns, totals, strict=True)}
    return _rate(int(by_head[HEAD_SUBMITTED]), int(by_head[HEAD_MEMBERS]))


def _rate(submitted: int, members: int) -> Decimal | None:
    return Decimal(submitted) / Decimal(members) if members else None


def _with_remarks(about: StatisticsAbout) -> About:
    return About(
        title=about.title,
        filters=(("保障年度", str(about.year)), *about.filters),
        asked_at=about.asked_at,
        asked_by=about.asked_by,
        remarks=(*about.remarks, RATE_REMARK, MONEY_REMARK, TOTAL_REMARK),
    )
