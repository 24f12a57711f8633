"""100,000 rows from upload to preview to commit in a city of a million members, while people use the site."""

from __future__ import annotations

import time
from time import perf_counter

import psycopg
from sqlalchemy import text

from app.transaction import transaction
from benchmarks.city import City
from benchmarks.imports import WRONG_EACH, seconds_of_calamine, workbook
from benchmarks.imports_site import Site, p95, people_at_work, see_preview, signed_in
from benchmarks.report import emit

MANY, CITY_MEMBERS = 100_000, 1_000_000
FIRST = 50_000
"""Behind everybody whom the smaller import has brought."""
PREVIEW_S, COMMIT_S = 60.0, 60.0
WORKER_MB, READER_MB, SLOWER_PAGES = 400.0, 512.0, 2.0
QUIET_SECONDS = 15


def main(place: City) -> bool:
    fill_up()
    content = workbook(MANY, first=FIRST)
    moved = workbook(MANY, first=FIRST, address="海城市滨江路二百二十号三楼")
    site = Site(place)
    try:
        return _many(site, place, content, moved)
    finally:
        site.close()


def _many(site: Site, place: City, content: bytes, moved: bytes) -> bool:
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
    copy = seconds_of_copy(place.url, done["created"])
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
            emit(f"import.preview.{MANY} beside calamine", preview, "s", floor, PREVIEW_S),
            emit(f"import.preview.{MANY} beside COPY", preview, "s", copy, PREVIEW_S),
            emit(f"import.commit.{MANY} beside COPY", commit, "s", copy, COMMIT_S),
            emit(f"import.preview.{MANY} the same again", unchanged, "s", floor, PREVIEW_S),
            emit(f"import.commit.{MANY} all changed", changed, "s", copy, COMMIT_S),
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


def seconds_of_copy(url: str, rows: int) -> float:
    """The newest members copied once more, as the owner, into a table with the same columns, checks and indexes."""
    with psycopg.connect(url.replace("+psycopg", "")) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE bare (LIKE member INCLUDING ALL)")
        stored = cursor.execute(STORED_COLUMNS).fetchone()
        assert stored is not None
        newest = f"SELECT {stored[0]} FROM member ORDER BY id DESC LIMIT {rows}"  # noqa: S608
        with cursor.copy(f"COPY ({newest}) TO STDOUT") as out:
            content = b"".join(out)
        began = perf_counter()
        with cursor.copy(f"COPY bare ({stored[0]}) FROM STDIN") as into:
            into.write(content)
        seconds = perf_counter() - began
        assert cursor.rowcount == rows, cursor.rowcount
        connection.rollback()
    return seconds


STORED_COLUMNS = """
    SELECT string_agg(attname, ', ') FROM pg_attribute
     WHERE attrelid = 'member'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
"""

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
