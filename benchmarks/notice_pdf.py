"""A notice as PDF in a warm process: time beside an almost empty document's, and the memory it costs.

    python -m benchmarks.notice_pdf

Every notice has its own names, figures and QR code, so nothing comes out of a cache.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from time import perf_counter

import typst

from app.rules.fees import Amounts
from benchmarks.report import emit
from reports.coverage import FONTS
from reports.notices import (
    DistrictNotice,
    GrassrootsNotice,
    PlanPeople,
    render_district_notice,
    render_grassroots_notice,
)

ROUNDS = 200
TARGET_MS = 20.0
MEMORY_TARGET_MB = 60.0
ALMOST_EMPTY = '#set text(font: "Canbao Sans")\n#json(bytes(sys.inputs.values))'
COVER_START, COVER_END, ISSUED_ON = date(2025, 1, 1), date(2025, 12, 31), date(2024, 11, 11)


def main() -> bool:
    before = resident_mb()
    notice = median_ms(lambda number: render_grassroots_notice(grassroots_notice(number)))
    district = median_ms(lambda number: render_district_notice(district_notice(number)))
    grown = resident_mb() - before
    empty = almost_empty()
    floor = median_ms(empty)
    return all(
        [
            emit("notice_pdf.grassroots", notice, "ms", floor, TARGET_MS),
            emit("notice_pdf.district", district, "ms", floor, TARGET_MS),
            emit("notice_pdf.memory", grown, "MB", fonts_mb(), MEMORY_TARGET_MB),
        ]
    )


def median_ms(work: Callable[[int], object]) -> float:
    for number in range(5):
        work(-number - 1)
    taken = []
    for number in range(ROUNDS):
        start = perf_counter()
        work(number)
        taken.append((perf_counter() - start) * 1_000)
    return statistics.median(taken)


def almost_empty() -> Callable[[int], object]:
    path = Path(tempfile.mkdtemp()) / "almost_empty.typ"
    path.write_text(ALMOST_EMPTY)
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONTS)])
    compiler = typst.Compiler(str(path), root=str(path.parent), font_paths=fonts)
    return lambda number: compiler.compile(format="pdf", sys_inputs={"values": json.dumps(f"你会 {number}")})


def grassroots_notice(number: int) -> GrassrootsNotice:
    share = Decimal(13 * (number % 300))
    return GrassrootsNotice(
        year=2025,
        cover_start=COVER_START,
        cover_end=COVER_END,
        issued_on=ISSUED_ON,
        document_number=f"GZ2025{number:06}",
        version=1,
        verification_url=f"https://canbao.example.org/documents/GZ2025{number:06}?version=1",
        union_name=f"上海第{number}纺织机械制造有限公司",
        amounts=Amounts(share * 2, share, share, Decimal("0.00")),
        plan="A",
        member_card_people=number % 250,
        social_card_people=number % 50,
        pay_by=date(2024, 12, 25),
    )


def district_notice(number: int) -> DistrictNotice:
    share = Decimal(13 * (number + 9_000))
    return DistrictNotice(
        year=2025,
        cover_start=COVER_START,
        cover_end=COVER_END,
        issued_on=ISSUED_ON,
        document_number=f"QZ2025{number:06}",
        version=1,
        verification_url=f"https://canbao.example.org/documents/QZ2025{number:06}?version=1",
        union_name=f"第{number}区总工会",
        amounts=Amounts(share * 2, share, share, Decimal("0.00")),
        by_plan=(PlanPeople(plan="A", people=number + 9_000),),
        account_holder="上海市职工保障互助中心会员专享保障专户",
        account_number="316023-03002745697",
        bank="上海银行人民广场支行",
    )


def resident_mb() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1_024


def fonts_mb() -> float:
    return sum(font.stat().st_size for font in FONTS.glob("*.otf")) / 1_048_576


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
