"""The seeds' two notices, and how tests read a PDF back with poppler."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from app.rules.fees import Amounts
from reports.notices import DistrictNotice, GrassrootsNotice, PlanPeople

RARE = "𠮷㐂䶮𫖯喆堃"


def yuan(*shares: str) -> Amounts:
    return Amounts(*(Decimal(share) for share in shares))


GRASSROOTS = GrassrootsNotice(
    document_number="GZ2025000001",
    version=2,
    verification_url="https://canbao.example.org/documents/GZ2025000001?version=2",
    union_name="上海建朗信息科技有限公司",
    year=2025,
    amounts=yuan("1430.00", "715.00", "715.00", "0.00"),
    cover_start=date(2025, 1, 1),
    cover_end=date(2025, 12, 31),
    issued_on=date(2024, 10, 29),
    plan="A",
    member_card_people=45,
    social_card_people=10,
    pay_by=date(2024, 12, 25),
)

DISTRICT = DistrictNotice(
    document_number="QZ2025000001",
    version=1,
    verification_url="https://canbao.example.org/documents/QZ2025000001?version=1",
    union_name="黄浦区总工会",
    year=2025,
    amounts=yuan("259688.00", "129844.00", "129844.00", "0.00"),
    cover_start=date(2025, 1, 1),
    cover_end=date(2025, 12, 31),
    issued_on=date(2024, 11, 11),
    by_plan=(PlanPeople(plan="A", people=9988),),
    account_holder="上海市职工保障互助中心会员专享保障专户",
    account_number="316023-03002745697",
    bank="上海银行人民广场支行",
)


def poppler(command: Sequence[str], document: bytes) -> bytes:
    """The output of a poppler program that reads ``document`` from standard input."""
    return subprocess.run(command, input=document, capture_output=True, check=True, timeout=60).stdout


def words_of(document: bytes) -> str:
    """The document's text without any white space: where a line broke doesn't matter."""
    return squeezed(poppler(["pdftotext", "-", "-"], document).decode())


def lines_of(document: bytes) -> list[str]:
    return poppler(["pdftotext", "-layout", "-", "-"], document).decode().splitlines()


def pages_of(document: bytes) -> int:
    return int(re.search(rb"Pages:\s+(\d+)", poppler(["pdfinfo", "-"], document))[1])  # type: ignore[index]


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)
