"""A thousand unions of 140 people submit, one after another in one process, beside bare SQL that writes the same.

Both sides commit each batch and take turns, fifty unions at a time, so that neither has the quieter machine.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

from psycopg import Connection, connect
from psycopg.types.json import Jsonb
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.extensions import db
from app.models import NoticeVersion
from app.rules.enrolment import Channel
from app.security.actor import Actor
from app.services.enrolment import submit_batch
from app.transaction import transaction
from benchmarks.big_union import BARE_BATCH, BARE_PLAN, BARE_SUBMIT
from benchmarks.city import City
from benchmarks.report import emit

TURN = 50
LEAST_SHARE = 0.5

BARE_EVENT = """
    INSERT INTO event (object_kind, object_id, union_id, district_id, at, actor_id, actor_name, action, to_state, facts)
    VALUES ('enrolment_batch', %(batch)s, %(union)s, %(district)s, %(now)s, %(account)s, 'bare', 'submit', 'submitted',
            %(facts)s)
"""
BARE_NOTICE = """
    INSERT INTO notice (number, kind, year, union_id, district_id, check_code)
    VALUES ('BARE' || %(batch)s, 'grassroots', %(year)s, %(union)s, %(district)s, 'abc') RETURNING id
"""
BARE_VERSION = """
    INSERT INTO notice_version (notice_id, version, batch_id, facts, issued_by, issued_at)
    VALUES (%(notice)s, 1, %(batch)s, %(notice_facts)s, %(account)s, %(now)s)
"""


def main(place: City) -> bool:
    # One of each first: connections, prepared statements and caches are not what is measured.
    served = bare = 0.0
    warm, measured = place.small[:10], place.small[10:]
    facts: dict[str, Any] = {}
    for operator in warm:
        _served(place, operator)
    facts = _notice_facts()
    # As the owner, whom no policy binds: the floor knows nothing of walls. The database's triggers hold for both.
    connection: Connection[Any] = connect(place.url.replace("+psycopg", ""))
    for at, operator in enumerate(warm):
        _bare(connection, place, operator, 10**9 + at, facts)
    for first in range(0, len(measured), TURN):
        turn = measured[first : first + TURN]
        start = perf_counter()
        for operator in turn:
            _served(place, operator)
        served += perf_counter() - start
        start = perf_counter()
        for at, operator in enumerate(turn, start=first + len(warm)):
            _bare(connection, place, operator, 10**9 + at, facts)
        bare += perf_counter() - start
    connection.close()
    rate, floor = len(measured) / served, len(measured) / bare
    return emit("submits.1000_unions", rate, "batches/s", floor, LEAST_SHARE * floor, at_least=True)


def _served(place: City, operator: Actor) -> None:
    with transaction() as session:
        submit_batch(session, operator, year=place.year, channel=Channel.MEMBER_CARD, plan="A", now=place.now)
    # As at the end of a request: the next one begins with an empty session.
    db.session.remove()


def _bare(
    connection: Connection[Any], place: City, operator: Actor, batch_id: int, facts: dict[str, Any]
) -> None:
    year = place.bare_year
    values: dict[str, Any] = {
        "year": year,
        "batch": batch_id,
        "union": operator.union_id,
        "district": operator.district_id,
        "account": operator.account_id,
        "start": f"{year}-01-01",
        "end": f"{year}-12-31",
        "now": place.now,
        "facts": Jsonb({"headcount": 126, "plan": "A", "channel": "member_card"}),
        "notice_facts": Jsonb(facts),
    }
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM trade_union WHERE id = %(union)s FOR NO KEY UPDATE", values)
        cursor.execute(BARE_PLAN, values)
        cursor.execute(BARE_SUBMIT, values)
        cursor.execute(BARE_BATCH, values | {"people": cursor.rowcount})
        cursor.execute(BARE_EVENT, values)
        cursor.execute(BARE_NOTICE, values)
        row = cursor.fetchone()
        assert row is not None
        cursor.execute(BARE_VERSION, values | {"notice": row[0]})
    connection.commit()


def _notice_facts() -> dict[str, Any]:
    session: Session = db.session()
    facts = session.scalar(select(NoticeVersion.facts).limit(1))
    db.session.remove()
    assert facts is not None
    return facts
