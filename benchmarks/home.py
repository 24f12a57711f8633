"""The workbench at the city's size: 52,701 unions, 90,356 employers, a week in which 17,000 people joined.

Of the 7,364,540 members there are 390,000: the page reads kept counts of 52,701 unions and the week's rows, which are
as many as in the city; only indexes would be deeper there. The figures of the night, which count all members, aren't
the city's: they grow with them. A page is measured through the application, session and template included, in turns
with its floor: the bare SQL of the same figures as the owner; for the night, the two counts over members and batches.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from time import perf_counter
from typing import Any

from flask.testing import FlaskClient
from psycopg import Connection, connect
from sqlalchemy import text

from app.clock import today
from app.extensions import db
from app.rules.joining import Span, days_of
from app.rules.sign_in import SessionKind
from app.security.actor import Actor
from app.security.sessions import begin_session
from app.services.figures import add_up_members, take_figures
from app.transaction import transaction
from benchmarks.city import City
from benchmarks.report import emit

TARGET_MS = 150.0
TARGET_NIGHT_S = 10.0
ROUNDS = 15


def main(place: City) -> bool:
    _fill(place)
    night = _night(place)
    owner: Connection[Any] = connect(place.url.replace("+psycopg", ""), autocommit=True)
    good = [
        night,
        _page(place, owner, "home.city", place.manager, BARE_CITY),
        _page(place, owner, "home.district", place.district, BARE_DISTRICT),
        _page(place, owner, "home.union_of_140", place.small[0], BARE_UNION),
        _page(place, owner, "home.union_of_50000", place.big, BARE_UNION),
    ]
    owner.close()
    return all(good)


def _page(place: City, owner: Connection[Any], name: str, actor: Actor, bare: str) -> bool:
    client = place.app.test_client()
    _sign_in(client, place, actor)
    values = {
        "union": actor.union_id,
        "monday": days_of(Span.WEEK, today()).first,
        "year": place.year,
    }

    def served() -> None:
        answer = client.get("/")
        assert answer.status_code == 200, answer.status
        db.session.remove()

    page, floor = _medians(served, lambda: owner.execute(bare, values).fetchall())
    return emit(name, page, "ms", floor, TARGET_MS)


def _medians(*works: Callable[[], object]) -> list[float]:
    """Milliseconds of each, taken in turns."""
    took: list[list[float]] = [[] for _ in works]
    for at in range(ROUNDS + 2):
        for work, times in zip(works, took, strict=True):
            start = perf_counter()
            work()
            if at >= 2:
                times.append((perf_counter() - start) * 1000)
    return [statistics.median(times) for times in took]


def _sign_in(client: FlaskClient, place: City, actor: Actor) -> None:
    with transaction() as session:
        token = begin_session(
            session,
            actor.account_id,
            SessionKind.BROWSER,
            address="127.0.0.1",
            user_agent="benchmarks",
            now=place.now,
        )
    with client.session_transaction() as cookie:
        cookie["_user_id"], cookie["_fresh"] = token, True


def _night(place: City) -> bool:
    """The first night writes a row for every union; later ones only what changed."""
    start = perf_counter()
    with transaction() as session:
        for statement in BARE_NIGHT:
            session.execute(text(statement), {"year": place.year}).all()
    floor, start = perf_counter() - start, perf_counter()
    with transaction() as session:
        add_up_members(session)
        take_figures(session, year=place.year, day=today(), now=place.now)
    took = perf_counter() - start
    with transaction() as session:
        session.execute(text("ANALYZE member_count, daily_figure"))
    return emit("figures.night.52701_unions", took, "s", floor, TARGET_NIGHT_S)


def _fill(place: City) -> None:
    """Unions, employers, and members without numbers that open: nobody reads them here. By the owner, without logs."""
    with connect(place.url.replace("+psycopg", "")) as owner:
        owner.execute("SET LOCAL session_replication_role = replica")
        for statement in FILL:
            owner.execute(statement, {"monday": place.now.date()})
        owner.execute(
            "INSERT INTO member_count_change (union_id, change)"
            " SELECT union_id, count(*) FROM member WHERE phone LIKE '9%' GROUP BY union_id"
        )
    with connect(place.url.replace("+psycopg", ""), autocommit=True) as owner:
        owner.execute("VACUUM ANALYZE member, trade_union, employer, member_count_change")


FILL = (
    "UPDATE member SET joined_on = date '2024-01-01' - (id %% 3000)::int",
    """
    INSERT INTO trade_union (code, name, type, level, parent_id, district_id, central_enterprise, created_at)
    SELECT '89' || lpad(n::text, 16, '0'), '第' || n || '区', 'district_federation', 'district', city.id, NULL, false,
           now()
      FROM generate_series(1, 99) AS n, (SELECT id FROM trade_union WHERE level = 'municipal') AS city
    """,
    "UPDATE trade_union SET district_id = id WHERE level = 'district'",
    """
    INSERT INTO trade_union (code, name, type, level, parent_id, district_id, central_enterprise, created_at)
    SELECT '81' || lpad(n::text, 16, '0'), '第' || n || '工会', 'union_committee', 'grassroots', d.id, d.id, false,
           now()
      FROM (SELECT id, row_number() OVER (ORDER BY id) - 1 AS at FROM trade_union
             WHERE level = 'district' AND code LIKE '89%%') AS d
      JOIN generate_series(1, 51700) AS n ON n %% 99 = d.at
    """,
    """
    INSERT INTO employer (code, name, union_id, district_id, created_at)
    SELECT '91' || lpad(n::text, 16, '0'), '第' || n || '公司', u.id, u.district_id, now()
      FROM (SELECT id, district_id, row_number() OVER (ORDER BY id) - 1 AS at FROM trade_union
             WHERE level = 'grassroots') AS u
      JOIN generate_series(1, 90356) AS n ON n %% 52701 = u.at
    """,
    """
    INSERT INTO member (union_id, second_id, district_id, kind, name, id_type, id_number, id_number_hash, person_key,
                        phone, sex, birth_date, employment_status, social_card_status, card_status, joined_on,
                        created_at, updated_at)
    SELECT u.id, u.second_id, u.district_id, 'employed', '会员' || n, 'passport', sealed.id_number,
           sha256(n::text::bytea), sha256(('city' || n)::bytea), '9' || lpad(n::text, 10, '0'), 'male',
           date '1985-01-01', 'employed', 'normal', 'none',
           CASE WHEN n <= 17000 THEN %(monday)s::date - (n %% 3) ELSE date '2024-01-01' - n %% 3000 END,
           now(), now()
      FROM (SELECT id, second_id, district_id, row_number() OVER (ORDER BY id) - 1 AS at FROM trade_union
             WHERE level = 'grassroots') AS u
      JOIN generate_series(1, 200000) AS n ON n %% 52701 = u.at
     CROSS JOIN (SELECT id_number FROM member LIMIT 1) AS sealed
    """,
)

BARE_NIGHT = (
    "SELECT union_id, count(*) FROM member WHERE erased_at IS NULL GROUP BY union_id",
    "SELECT union_id, sum(headcount), sum(fee) FROM enrolment_batch WHERE year = :year GROUP BY union_id",
)

BARE_CITY = """
    SELECT (SELECT sum(members) FROM (SELECT members FROM member_count
                                       UNION ALL SELECT change FROM member_count_change) AS c),
           (SELECT count(*) FROM trade_union WHERE level = 'grassroots'), (SELECT count(*) FROM employer),
           (SELECT array_agg(d) FROM (SELECT count(*) AS d FROM member
                                       WHERE joined_day >= %(monday)s AND erased_at IS NULL GROUP BY joined_day) AS j)
"""

BARE_DISTRICT = """
    SELECT (SELECT count(*) FROM trade_union WHERE level = 'grassroots' AND district_id = %(union)s),
           (SELECT count(*) FROM employer WHERE district_id = %(union)s),
           (SELECT sum(members) FROM member_count AS c JOIN trade_union AS u ON u.id = c.union_id
             WHERE u.district_id = %(union)s),
           (SELECT array_agg(d) FROM (SELECT count(*) AS d FROM member WHERE joined_day >= %(monday)s
                                         AND district_id = %(union)s AND erased_at IS NULL GROUP BY joined_day) AS j),
           (SELECT count(*) FROM enrolment_batch WHERE district_id = %(union)s AND year = %(year)s
               AND status = 'submitted'),
           (SELECT count(*) FROM enrolment_batch WHERE district_id = %(union)s AND year = %(year)s
               AND status = 'approved')
"""

BARE_UNION = """
    SELECT count(*) FILTER (WHERE c.person_key IS NULL AND m.card_status = 'issued'),
           count(*) FILTER (WHERE c.person_key IS NULL AND m.employment_status = 'unclear'),
           count(*) FILTER (WHERE m.joined_day >= %(monday)s)
      FROM member AS m
      LEFT JOIN LATERAL (SELECT e.person_key FROM enrolment AS e
                          WHERE e.year = %(year)s AND e.person_key = m.person_key AND e.status <> 'void'
                          LIMIT 1) AS c ON true
     WHERE m.union_id = %(union)s AND m.kind = 'employed'
"""
"""The least that the workbench of a union has to find out: who is covered, who could be, who is in doubt."""
