"""集中参保统计表 read back, and what it must say once a city is settled."""

from __future__ import annotations

import io
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from openpyxl import load_workbook

from tests.conformance.cities import CHANNELS, City

MONEY = {
    "保障费用": "fee",
    "市总统一划拨": "municipal",
    "区局/各级工会缴费": "district",
    "基层单位缴费": "grassroots",
}
COUNTED = ("会员数", "可参保人数", "已提交人数", "已提交人数（会员卡）", "已提交人数（社保卡）", "A 类人数")
OWED, PAID = "应缴职保会金额", "已缴金额"
READ = (*COUNTED, *MONEY, OWED, PAID)

Figures = dict[str, int | Decimal]


def read_statistics(content: bytes) -> tuple[dict[str, Figures], Figures]:
    """Rows by organisation code, and the total row as a reader sees it that doesn't calculate."""
    sheet = load_workbook(io.BytesIO(content), data_only=True).worksheets[0]
    heads, *rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    named = [dict(zip(heads, row, strict=True)) for row in rows]
    by_code = {row["组织机构代码"]: _figures(row) for row in named[:-1]}
    assert named[-1]["单位名称"] == "合计"
    return by_code, _figures(named[-1])


def expected_statistics(city: City, codes: Iterable[str]) -> Figures:
    """The sums of expected.json over these grassroots unions, everybody enrolled and paid for."""
    codes = list(codes)
    card, social = (sum(city.eligible(code, channel) for code in codes) for channel in CHANNELS)
    members = sum(city.unions[code]["member_card"]["total"] for code in codes)
    money = {
        head: _sum(city, codes, lambda told, part=part: told["amounts"][part]) for head, part in MONEY.items()
    }
    owed = _sum(city, codes, lambda told: told["owed"])
    counts = (members, card + social, card + social, card, social, card + social)
    return {**dict(zip(COUNTED, counts, strict=True)), **money, OWED: owed, PAID: owed}


def _sum(city: City, codes: list[str], amount: Any) -> Decimal:
    return sum(
        (Decimal(amount(city.unions[code][channel])) for code in codes for channel in CHANNELS), Decimal()
    )


def _figures(row: dict[str, Any]) -> Figures:
    """Cells hold binary numbers; to the cent they are the amounts."""
    return {
        head: row[head] if head in COUNTED else Decimal(str(row[head])).quantize(Decimal("0.01"))
        for head in READ
    }
