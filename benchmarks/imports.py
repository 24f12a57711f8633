"""5,000 and 100,000 rows from upload to preview to commit, while people use the site; beside them the bare machine."""

from __future__ import annotations

import io
import sys
import time
from datetime import date, timedelta
from time import perf_counter
from typing import Any

import psycopg
import xlsxwriter
from python_calamine import CalamineWorkbook
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.extensions import db
from app.models import Member, Union
from app.rules.identity import resident_check_character
from app.rules.import_tables import table_of
from app.rules.imports import ImportKind, body_of, read_row
from app.rules.members import CardStatus, EmploymentStatus, MembershipKind, SocialCardStatus
from app.security.persons import hashes_of
from app.transaction import transaction
from benchmarks.city import City, city
from benchmarks.imports_site import Site, p95, people_at_work, see_preview, signed_in
from benchmarks.report import emit

FEW, MANY, CITY_MEMBERS = 5_000, 100_000, 1_000_000
WRONG_EACH = 100
PREVIEW_FEW_S, PREVIEW_MANY_S, COMMIT_MANY_S = 5.0, 60.0, 60.0
WORKER_MB, READER_MB, SLOWER_PAGES = 400.0, 512.0, 2.0
QUIET_SECONDS = 15
HEADERS = [
    "姓名*", "证件类型*", "证件号码*", "手机号*", "性别", "出生日期", "证件到期日", "退休类别",
    "会员标签", "工作单位详细地址", "入会日期", "备注",
]  # fmt: skip


def main(place: City) -> bool:
    fill_up()
    few, many = workbook(FEW, first=0), workbook(MANY, first=FEW)
    moved = workbook(MANY, first=FEW, address="海城市滨江路二百二十号三楼")
    site = Site(place)
    try:
        return all([_few(site, place, few), _many(site, many, moved)])
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
            emit(f"import.preview.{FEW}", preview, "s", floor, PREVIEW_FEW_S),
            emit(f"import.whole.{FEW} beside one by one", whole, "s", by_row, by_row),
        ]
    )


def _many(site: Site, content: bytes, moved: bytes) -> bool:
    idle = site.worker_mb()
    with people_at_work(site) as quiet:
        time.sleep(QUIET_SECONDS)
    with signed_in(site, site.uploader) as uploader, people_at_work(site) as during_check:
        began = perf_counter()
        run = site.upload(content)
        site.until(run, "ready")
        see_preview(uploader, run)
        preview = perf_counter() - began
    began = perf_counter()
    with people_at_work(site) as during_commit:
        site.commit(run)
        done = site.until(run, "done")
        commit = perf_counter() - began
    assert done["created"] == MANY - MANY // WRONG_EACH, done
    floor = seconds_of_calamine(content)
    copy = seconds_of_copy(done["created"])
    began = perf_counter()
    again = site.upload(content)
    assert site.until(again, "ready")["unchanged"] == done["created"]
    unchanged = perf_counter() - began
    change = site.upload(moved)
    assert site.until(change, "ready")["updated"] == done["created"]
    began = perf_counter()
    site.commit(change)
    site.until(change, "done")
    changed = perf_counter() - began
    before = p95(quiet)
    return all(
        [
            emit(f"import.preview.{MANY} beside calamine", preview, "s", floor, PREVIEW_MANY_S),
            emit(f"import.preview.{MANY} beside COPY", preview, "s", copy, PREVIEW_MANY_S),
            emit(f"import.commit.{MANY} beside COPY", commit, "s", copy, COMMIT_MANY_S),
            emit(f"import.preview.{MANY} the same again", unchanged, "s", floor, PREVIEW_MANY_S),
            emit(f"import.commit.{MANY} all changed", changed, "s", copy, COMMIT_MANY_S),
            _pages("check", during_check, before),
            _pages("commit", during_commit, before),
            emit("import.worker.resident", site.worker_mb(), "MB", idle, WORKER_MB),
            emit("import.reader.resident", site.reader_mb, "MB", idle, READER_MB),
        ]
    )


def _pages(name: str, during: list[float], quiet: float) -> bool:
    """95 of 100 pages are faster; the floor is the same pages before the import."""
    limit = SLOWER_PAGES * quiet
    return emit(f"import.pages.{name}", p95(during), "ms", quiet, limit, max_ratio=SLOWER_PAGES)


def fill_up() -> None:
    """As many more members as the city lacks; their documents are other people's, whom nobody looks up."""
    with transaction() as session:
        session.execute(text(MORE_MEMBERS), {"more": CITY_MEMBERS})
    with transaction() as session:
        session.execute(text("ANALYZE member"))


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


def seconds_of_copy(rows: int) -> float:
    """The newest members copied once more, into a table with the same columns, checks and indexes."""
    with db.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        with driver.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE bare (LIKE member INCLUDING ALL)")
            with cursor.copy(f"COPY (SELECT * FROM member ORDER BY id DESC LIMIT {rows}) TO STDOUT") as out:
                content = b"".join(out)
            began = perf_counter()
            with cursor.copy("COPY bare FROM STDIN") as into:
                into.write(content)
            seconds = perf_counter() - began
        driver.rollback()
    return seconds


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


MORE_MEMBERS = """
    INSERT INTO member (union_id, second_id, district_id, kind, name, id_type, id_number, id_number_hash, person_key,
                        phone, sex, birth_date, retirement_class, employment_status, social_card_status, created_at,
                        updated_at)
    SELECT m.union_id, m.second_id, m.district_id, m.kind, m.name, m.id_type, m.id_number,
           sha256(convert_to('number ' || m.id || ':' || n, 'UTF8')),
           sha256(convert_to('person ' || m.id || ':' || n, 'UTF8')),
           '2' || lpad((m.id * 10 + n)::text, 10, '0'), m.sex, m.birth_date, m.retirement_class,
           m.employment_status, m.social_card_status, m.created_at, m.updated_at
      FROM member AS m CROSS JOIN generate_series(1, 6) AS n
     ORDER BY n, m.id
     LIMIT :more - (SELECT count(*) FROM member)
"""

if __name__ == "__main__":
    with city() as own:
        sys.exit(0 if main(own) else 1)
