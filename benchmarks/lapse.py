"""The end of filing lapses 10,000 batches of 140 people, beside bare SQL of the same work, while somebody works on.

The bare side does a fifth of it, in steps that are sized by the same rule, as the owner, whom no policy binds; the
database's triggers hold for both. Meanwhile a colleague locks one union after another, as a submit does: the longest
wait is what the boundary costs anybody.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from psycopg import Connection, connect

from app.extensions import db
from app.rules.boundaries import Boundary, closes
from app.rules.members import IdType
from app.rules.pace import FEWEST, next_step
from app.rules.years import WindowName
from app.security.persons import sealed_document
from benchmarks.city import City
from benchmarks.report import emit
from scheduler.runs import POSITIONS, run_year_boundary
from scheduler.timetable import YEAR

BATCHES, BARE_BATCHES, PEOPLE = 10_000, 2_000, 140
FIRST_UNION, FIRST_MEMBER, FIRST_BATCH = 10**7, 10**8, 10**8
MOST_SECONDS, MOST_BLOCKED_MS, MOST_RATIO = 30.0, 200.0, 1.2


def main(place: City) -> bool:
    owner: Connection[Any] = connect(place.url.replace("+psycopg", ""), autocommit=True)
    _fill(owner, place)
    line = YEAR[POSITIONS[closes(WindowName.DISTRICT_SUBMIT)]]
    at = owner.execute("SELECT closes_at FROM protection_window WHERE name = 'district_submit'").fetchone()
    assert at is not None
    with _colleague(place) as waits:
        start = perf_counter()
        run_year_boundary(line, Boundary(line.name, place.year, at[0]))
        took = perf_counter() - start
    db.session.remove()
    with _colleague(place) as bare_waits:
        start = perf_counter()
        _lapse_bare(owner, place)
        floor = (perf_counter() - start) * BATCHES / BARE_BATCHES
    left = owner.execute(
        "SELECT count(*) FROM enrolment_batch WHERE year = %s AND status <> 'lapsed' AND id >= %s",
        (place.year, FIRST_BATCH),
    ).fetchone()
    assert left == (0,), left
    owner.close()
    return all(
        [
            emit(f"lapse.{BATCHES}_batches", took, "s", floor, MOST_SECONDS, max_ratio=MOST_RATIO),
            emit("lapse.longest_wait", max(waits) * 1_000, "ms", max(bare_waits) * 1_000, MOST_BLOCKED_MS),
        ]
    )


@contextmanager
def _colleague(place: City) -> Iterator[list[float]]:
    """Somebody who locks a union after the other, for a moment each; how long each lock was waited for."""
    waits, over = [0.0], threading.Event()

    def work() -> None:
        with connect(place.url.replace("+psycopg", "")) as own:
            while not over.is_set():
                union = FIRST_UNION + secrets.randbelow(BATCHES)
                start = perf_counter()
                own.execute("SELECT id FROM trade_union WHERE id = %s FOR NO KEY UPDATE", (union,))
                waits.append(perf_counter() - start)
                own.rollback()
                over.wait(0.005)

    colleague = threading.Thread(target=work)
    colleague.start()
    try:
        yield waits
    finally:
        over.set()
        colleague.join()


def _lapse_bare(owner: Connection[Any], place: City) -> None:
    first, people = 0, FEWEST
    while first < BARE_BATCHES:
        start = perf_counter()
        last = min(first + people // PEOPLE, BARE_BATCHES)
        values = {
            "year": place.bare_year,
            "unions": list(range(FIRST_UNION + first, FIRST_UNION + last)),
            "now": place.now,
        }
        with owner.transaction():
            for statement in BARE:
                owner.execute(statement, values)
        people = next_step(people, (last - first) * PEOPLE, perf_counter() - start)
        first = last


BARE = (
    "SELECT id FROM trade_union WHERE id = ANY (%(unions)s) ORDER BY id FOR NO KEY UPDATE",
    """
    UPDATE enrolment_batch SET status = 'lapsed', lapsed_why = 'unfiled', updated_at = %(now)s
     WHERE union_id = ANY (%(unions)s) AND year = %(year)s AND status = 'submitted'
    """,
    """
    INSERT INTO event (object_kind, object_id, union_id, district_id, at, actor_name, action, from_state, to_state,
                       reason_code)
    SELECT 'enrolment_batch', id, union_id, district_id, %(now)s, 'bare', 'lapse', 'submitted', 'lapsed', 'unfiled'
      FROM enrolment_batch WHERE union_id = ANY (%(unions)s) AND year = %(year)s
    """,
    """
    UPDATE enrolment SET status = 'void'
     WHERE year = %(year)s
       AND batch_id = ANY (SELECT id FROM enrolment_batch WHERE union_id = ANY (%(unions)s) AND year = %(year)s)
    """,
    "DELETE FROM plan_choice WHERE year = %(year)s AND union_id = ANY (%(unions)s)",
)


def _fill(owner: Connection[Any], place: City) -> None:
    """Unions with one submitted batch each, past triggers and references: this isn't what is measured."""
    district = place.district.union_id
    values = {
        "district": district,
        "batches": BATCHES,
        "people": PEOPLE,
        "union": FIRST_UNION,
        "member": FIRST_MEMBER,
    }
    with owner.transaction():
        owner.execute("SET LOCAL session_replication_role = replica")
        owner.execute(FILL_UNIONS, values)
        owner.execute(FILL_MEMBERS, values | {"sealed": sealed_document(IdType.PASSPORT, "L1")["id_number"]})
        for year, batches, first in (
            (place.year, BATCHES, FIRST_BATCH),
            (place.bare_year, BARE_BATCHES, FIRST_BATCH + BATCHES),
        ):
            of_year = values | {"year": year, "batches": batches, "first": first, "now": place.now}
            for statement in FILL_BATCHES:
                owner.execute(statement, of_year)
    owner.execute("ANALYZE")


FILL_UNIONS = """
    INSERT INTO trade_union (id, code, name, type, level, parent_id, district_id, central_enterprise, created_at)
    OVERRIDING SYSTEM VALUE
    SELECT %(union)s + n, 'L' || lpad(n::text, 17, '0'), '逾期第' || n || '工会', 'union_committee', 'grassroots',
           %(district)s, %(district)s, false, now()
      FROM generate_series(0, %(batches)s - 1) AS n
"""

FILL_MEMBERS = """
    INSERT INTO member (id, union_id, district_id, kind, name, id_type, id_number, id_number_hash, person_key, phone,
                        employment_status, social_card_status, card_status, created_at, updated_at)
    OVERRIDING SYSTEM VALUE
    SELECT %(member)s + n, %(union)s + n / %(people)s, %(district)s, 'employed', '会员' || n, 'passport',
           %(sealed)s, sha256(convert_to('h' || n, 'UTF8')), sha256(convert_to('p' || n, 'UTF8')),
           '3' || lpad(n::text, 10, '0'), 'employed', 'normal', 'none', now(), now()
      FROM generate_series(0, %(batches)s::bigint * %(people)s - 1) AS n
"""

FILL_BATCHES = (
    """
    INSERT INTO plan_choice (union_id, year, plan)
    SELECT %(union)s + n, %(year)s, 'A' FROM generate_series(0, %(batches)s - 1) AS n
    """,
    """
    INSERT INTO enrolment_batch (id, number, year, channel, kind, plan, term, status, headcount, unit_fee,
                                 unit_municipal, unit_district, unit_grassroots, fee, municipal_share, district_share,
                                 grassroots_share, cover_start, cover_end, pay_by, submitted_at, updated_at, union_id,
                                 district_id)
    OVERRIDING SYSTEM VALUE
    SELECT %(first)s + n, 'LAPSE' || %(first)s + n, %(year)s, 'member_card', 'collective', 'A', 'full', 'submitted',
           %(people)s, 26, 13, 13, 0, 26 * %(people)s, 13 * %(people)s, 13 * %(people)s, 0,
           make_date(%(year)s, 1, 1), make_date(%(year)s, 12, 31), %(now)s, %(now)s, %(now)s, %(union)s + n,
           %(district)s
      FROM generate_series(0, %(batches)s - 1) AS n
    """,
    """
    INSERT INTO enrolment (year, batch_id, member_id, person_key, channel, status, cover_start, cover_end, union_id,
                           district_id)
    SELECT %(year)s, %(first)s + n / %(people)s, %(member)s + n, sha256(convert_to('p' || n, 'UTF8')), 'member_card',
           'pending', make_date(%(year)s, 1, 1), make_date(%(year)s, 12, 31), %(union)s + n / %(people)s, %(district)s
      FROM generate_series(0, %(batches)s::bigint * %(people)s - 1) AS n
    """,
)
