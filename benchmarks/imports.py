"""5,000 rows from upload to preview to commit, as one clerk waits for them; beside them the bare machine."""

from __future__ import annotations

import io
import sys
from datetime import date, timedelta
from time import perf_counter
from typing import Any

import xlsxwriter
from python_calamine import CalamineWorkbook
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.extensions import db
from app.models import Member, Union
from app.rules.identity import resident_check_character
from app.rules.import_tables import table_of
from app.rules.imports import ImportKind, body_of, read_row
from app.rules.members import CardStatus, EmploymentStatus, MembershipKind, SocialCardStatus
from app.security.persons import hashes_of
from benchmarks.city import City, city
from benchmarks.imports_site import Site, see_preview, signed_in
from benchmarks.report import emit

FEW = 5_000
WRONG_EACH = 100
PREVIEW_S = 5.0
HEADERS = [
    "姓名*", "证件类型*", "证件号码*", "手机号*", "性别", "出生日期", "证件到期日", "退休类别",
    "会员标签", "工作单位详细地址", "入会日期", "备注",
]  # fmt: skip


def main(place: City) -> bool:
    site = Site(place)
    try:
        return _few(site, place, workbook(FEW, first=0))
    finally:
        site.close()


def _few(site: Site, place: City, content: bytes) -> bool:
    """Nobody else is there: how long one clerk waits."""
    floor = seconds_of_calamine(content)
    by_row = seconds_by_row(place, content)
    with signed_in(site, site.uploader) as uploader:
        began = perf_counter()
        run = site.upload(content)
        site.until(run, "ready")
        see_preview(uploader, run)
        preview = perf_counter() - began
    site.commit(run)
    site.until(run, "done")
    whole = perf_counter() - began
    return all(
        [
            emit(f"import.preview.{FEW}", preview, "s", floor, PREVIEW_S),
            emit(f"import.whole.{FEW} beside one by one", whole, "s", by_row, by_row),
        ]
    )


def workbook(rows: int, first: int, address: str = "海城市滨江路一百一十号二楼") -> bytes:
    """Members with resident numbers of their own; one of a hundred has a wrong telephone number."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"constant_memory": True, "in_memory": True})
    sheet = book.add_worksheet("会员信息")
    sheet.write_row(0, 0, HEADERS)
    for at in range(first, first + rows):
        birth = date(1970, 1, 1) + timedelta(days=at % 10_000)
        sex = at // 10_000 % 2
        body = f"310101{birth:%Y%m%d}{10 + at // 20_000:02}{sex}"
        phone = "131" if at % WRONG_EACH == 0 else str(13_100_000_000 + at)
        sheet.write_row(
            at - first + 1,
            0,
            [
                f"张{'伟芳娜敏静丽强磊军洋'[at % 10]}{'一二三四五六七八九十'[at // 10 % 10]}",
                "身份证",
                body + resident_check_character(body),
                phone,
                "女男"[sex],
                birth.isoformat(),
                "长期",
                ("女55", "男60")[sex],
                "在编",
                address,
                "2020-07-01",
                "",
            ],
        )
    book.close()
    return out.getvalue()


# The bare machine


def seconds_of_calamine(content: bytes) -> float:
    began = perf_counter()
    CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    return perf_counter() - began


def seconds_by_row(place: City, content: bytes) -> float:
    """Read, looked up and added one by one, as a program without this engine would; then undone."""
    began = perf_counter()
    session: Session = db.session()
    union = session.get_one(Union, place.big.union_id)
    table = table_of(ImportKind.MEMBERS)
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0)
    layout, body = body_of(table, iter(list(enumerate(sheet.to_python(), 1))))
    for number, cells in body:
        values, errors = read_row(table, layout, number, cells, place.now.date())
        if not errors:
            _add_or_edit(session, union, place, values)
    session.rollback()
    return perf_counter() - began


def _add_or_edit(session: Session, union: Union, place: City, values: dict[str, Any]) -> None:
    hashes = hashes_of(values["id_type"], values["id_number"])
    there = select(Member).where(Member.union_id == union.id, Member.person_key == hashes["person_key"])
    member = session.scalar(there)
    if member is None:
        member = Member(
            union_id=union.id,
            second_id=union.second_id,
            district_id=union.district_id,
            kind=MembershipKind.EMPLOYED,
            employment_status=EmploymentStatus.UNKNOWN,
            social_card_status=SocialCardStatus.UNKNOWN,
            card_status=CardStatus.NONE,
            created_at=place.now,
        )
        session.add(member)
    for name, value in {**values, **hashes, "updated_at": place.now}.items():
        setattr(member, name, value)
    session.flush()


if __name__ == "__main__":
    with city() as own:
        sys.exit(0 if main(own) else 1)
