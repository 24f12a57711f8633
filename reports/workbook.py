"""What every workbook has: safe options, one hand of formats, and the sheet 说明 that says what it is.

Text stays text: no cell becomes a formula, a link or a number because of how it begins. Money is ``Decimal``
in, a number with two places out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import chain, count, islice
from typing import BinaryIO, TypeVar, cast

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from app.rules.years import SHANGHAI
from reports.long_sheet import LongSheet, Written

LONG_SHEET_ROWS = 5_000
"""Above this a workbook is written row by row to disk instead of being kept in memory."""

LAST_SHEET_ROW = 1_048_576
ROWS_OF_A_SHEET = LAST_SHEET_ROW - 1
"""Below its heading."""
DAY_BEFORE_THE_FIRST = date(1899, 12, 30).toordinal()
"""Days count from here, as sheets do since March 1900; nobody's date is older."""

Row = TypeVar("Row")
Cell = str | int | Decimal | date | datetime | bool | None


class SheetTooLong(ValueError):
    """More rows than a sheet holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What the sheet 说明 says: ``filters`` as (name, value) in the reader's words, ``asked_at`` aware."""

    title: str
    filters: tuple[tuple[str, str], ...]
    asked_at: datetime
    asked_by: str
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Watermark:
    """Who answers for a workbook that holds personal data in full."""

    account: str
    union: str
    reason: str
    people: int


@dataclass(frozen=True, slots=True)
class Formats:
    head: Format
    text: Format
    count: Format
    money: Format
    percent: Format
    day: Format
    moment: Format
    total_text: Format
    total_count: Format
    total_money: Format
    total_percent: Format
    total_moment: Format


def is_long(rows: Iterable[Row]) -> tuple[bool, Iterator[Row]]:
    """Whether ``rows`` has more than ``LONG_SHEET_ROWS``, and the same rows, none lost."""
    rest = iter(rows)
    start = list(islice(rest, LONG_SHEET_ROWS + 1))
    return len(start) > LONG_SHEET_ROWS, chain(start, rest)


def sheets_of(rows: Iterable[Row], most: int) -> Iterator[tuple[int, Iterator[Row]]]:
    """``rows`` in parts of at most ``most``, each with its number from 1; the first is there even without a row.

    A part must be used up before the next is asked for.
    """
    rest = iter(rows)
    yield 1, islice(rest, most)
    for number in count(2):
        first = next(rest, rest)
        if first is rest:
            return
        yield number, chain((cast(Row, first),), islice(rest, most - 1))


def open_workbook(out: BinaryIO, about: About, *, long: bool) -> xlsxwriter.Workbook:
    workbook = xlsxwriter.Workbook(
        out,
        {
            "constant_memory": long,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "remove_timezone": True,
        },
    )
    created = shanghai_time(about.asked_at)
    workbook.set_properties({"title": about.title, "author": about.asked_by, "created": created})
    return workbook


def formats_of(workbook: xlsxwriter.Workbook) -> Formats:
    total = {"bold": True, "bg_color": "#F3F4F6", "top": 1}
    count, money, percent, moment = "#,##0", "#,##0.00", "0.00%", "yyyy-mm-dd hh:mm"
    head = {"bold": True, "bg_color": "#F3F4F6", "bottom": 1, "text_wrap": True}
    return Formats(
        head=workbook.add_format(head | {"valign": "vcenter", "align": "center"}),
        text=workbook.add_format({"num_format": "@"}),
        count=workbook.add_format({"num_format": count}),
        money=workbook.add_format({"num_format": money}),
        percent=workbook.add_format({"num_format": percent}),
        day=workbook.add_format({"num_format": "yyyy-mm-dd", "align": "left"}),
        moment=workbook.add_format({"num_format": moment, "align": "left"}),
        total_text=workbook.add_format(total),
        total_count=workbook.add_format(total | {"num_format": count}),
        total_money=workbook.add_format(total | {"num_format": money}),
        total_percent=workbook.add_format(total | {"num_format": percent}),
        total_moment=workbook.add_format(total | {"num_format": moment, "align": "left"}),
    )


def write_heads(sheet: Worksheet, formats: Formats, heads: Iterable[tuple[str, float]]) -> None:
    """The header row and column widths (characters); frozen, repeated on every printed page."""
    sheet.set_row(0, 32)
    for column, (head, width) in enumerate(heads):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, head, formats.head)
    sheet.freeze_panes(1, 1)
    sheet.repeat_rows(0)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&C第 &P 页，共 &N 页")


def write_cell(sheet: Worksheet, formats: Formats, row: int, column: int, value: Cell) -> None:
    """One cell, its format by the kind of its value; ``None`` stays empty."""
    written = _written(formats, value)
    if written is None:
        return
    if isinstance(written[0], str):
        sheet.write_string(row, column, *written)
    else:
        sheet.write_number(row, column, *written)


def write_row(
    sheet: Worksheet, formats: Formats, row: int, values: Iterable[Cell], percents: Collection[int] = ()
) -> None:
    """The cells of a row; in the columns ``percents`` a ``Decimal`` is a share. A long sheet's is written at once."""
    written = [
        (value, formats.percent)
        if position in percents and isinstance(value, Decimal)
        else _written(formats, value)
        for position, value in enumerate(values)
    ]
    if isinstance(sheet, LongSheet) and sheet.constant_memory:
        sheet.write_line(row, written)
        return
    for position, cell in enumerate(written):
        if cell is not None and isinstance(cell[0], str):
            sheet.write_string(row, position, *cell)
        elif cell is not None:
            sheet.write_number(row, position, *cell)


def add_sheet(workbook: xlsxwriter.Workbook, name: str) -> Worksheet:
    """A sheet for many rows."""
    return workbook.add_worksheet(name, worksheet_class=LongSheet)


def _written(formats: Formats, value: Cell) -> Written:
    kind = type(value)
    if kind is str:
        return value, formats.text  # type: ignore[return-value]
    if value is None:
        return None
    if isinstance(value, bool):
        return "是" if value else "否", formats.text
    if isinstance(value, int):
        return value, formats.count
    if isinstance(value, Decimal):
        return value, formats.money
    if isinstance(value, datetime):
        return _day_number(shanghai_time(value)), formats.moment
    if isinstance(value, date):
        return value.toordinal() - DAY_BEFORE_THE_FIRST, formats.day
    return str(value), formats.text


def _day_number(moment: datetime) -> float:
    """A moment as sheets count: days since 1899-12-30, and the part of the day."""
    seconds = moment.hour * 3600 + moment.minute * 60 + moment.second + moment.microsecond / 1e6
    return moment.toordinal() - DAY_BEFORE_THE_FIRST + seconds / 86_400


def check_room(row: int) -> None:
    """Raises ``SheetTooLong`` before the writer would drop a row in silence."""
    if row >= LAST_SHEET_ROW:
        raise SheetTooLong(f"a sheet holds {LAST_SHEET_ROW:,} rows: ask for less at a time")


def write_about(workbook: xlsxwriter.Workbook, formats: Formats, about: About, rows: int) -> None:
    """The second sheet: title, filter, time, who asked, how many rows."""
    sheet = workbook.add_worksheet("说明")
    sheet.set_column(0, 0, 18)
    sheet.set_column(1, 1, 72)
    lines: list[tuple[str, Cell]] = [
        ("名称", about.title),
        ("行数", rows),
        ("生成时间", shanghai_time(about.asked_at).strftime("%Y-%m-%d %H:%M:%S")),
        ("生成人", about.asked_by),
        *((f"筛选：{name}", value) for name, value in about.filters or (("全部", "无筛选条件"),)),
        *(("说明", remark) for remark in about.remarks),
    ]
    for row, (name, value) in enumerate(lines):
        sheet.write_string(row, 0, name, formats.head)
        write_cell(sheet, formats, row, 1, value)


WARNING = "含个人信息，禁止外传"
OF_A_NAME = 30
"""Characters of a name in a page's margin: a sheet takes 255 in all."""


def write_watermark(workbook: xlsxwriter.Workbook, formats: Formats, about: About, mark: Watermark) -> None:
    """The first sheet: what this is, who took it out, when, why, and how many people are in it."""
    sheet = workbook.add_worksheet(WARNING)
    sheet.set_column(0, 0, 18)
    sheet.set_column(1, 1, 72)
    sheet.set_tab_color("#D92D20")
    loud = workbook.add_format({"bold": True, "font_size": 20, "font_color": "#D92D20"})
    sheet.write_string(0, 0, WARNING, loud)
    lines: list[tuple[str, Cell]] = [
        ("导出人", f"{about.asked_by}（{mark.account}）"),
        ("所属工会", mark.union),
        ("导出时间", shanghai_time(about.asked_at).strftime("%Y-%m-%d %H:%M:%S")),
        ("导出原因", mark.reason),
        ("人数", mark.people),
        ("说明", "本表含完整证件号码等个人信息。仅限上述用途使用，用毕删除；导出已记入日志。"),
    ]
    for row, (name, value) in enumerate(lines, start=2):
        sheet.write_string(row, 0, name, formats.head)
        write_cell(sheet, formats, row, 1, value)


def mark_pages(sheet: Worksheet, about: About, mark: Watermark) -> None:
    """The same in short on every printed page, above and below."""
    when = shanghai_time(about.asked_at).strftime("%Y-%m-%d %H:%M")
    who = " ".join(text[:OF_A_NAME].replace("&", "&&") for text in (about.asked_by, mark.account, mark.union))
    sheet.set_header(f"&C{WARNING}")
    sheet.set_footer(f"&L{who} {when}&C第 &P 页，共 &N 页&R{WARNING}")


def shanghai_time(moment: datetime) -> datetime:
    """Wall-clock time in Shanghai, as a workbook stores it: without zone."""
    return moment.astimezone(SHANGHAI).replace(tzinfo=None)
