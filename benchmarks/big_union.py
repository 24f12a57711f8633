"""A union of 50,000 members: its figures, its submit, and what approving it costs, beside bare SQL."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.orm import Session

from app.extensions import db
from app.models import Union
from app.queries.enrolment import preview
from app.queries.years import get_year
from app.rules.enrolment import Channel
from app.security.actor import Actor
from app.services.enrolment import submit_batch
from app.services.review import approve_batches
from app.transaction import transaction
from benchmarks.city import City
from benchmarks.report import emit

PREVIEW_MS, PREVIEW_RATIO, SUBMIT_RATIO = 300.0, 3.0, 3.0
ROUNDS = 5

BARE_PREVIEW = """
    SELECT CASE WHEN e.person_key IS NOT NULL THEN
                     CASE WHEN e.union_id = m.union_id AND e.channel = 'member_card' THEN 1 ELSE 2 END
                WHEN m.employment_status = 'deceased' THEN 3
                WHEN m.employment_status = 'retired' OR m.birth_date < %(line)s AND k.member_id IS NULL THEN 4
                WHEN x.member_id IS NOT NULL THEN 5
                WHEN m.card_status <> 'issued' THEN 6
                WHEN m.employment_status <> 'employed' AND c.member_id IS NULL THEN 7
                ELSE 8 END AS bucket, count(*), count(*) FILTER (WHERE m.card_status = 'issued')
      FROM member m
      LEFT JOIN enrolment e ON e.year = %(year)s AND e.person_key = m.person_key AND e.status <> 'void'
      LEFT JOIN enrolment_confirmation c ON c.year = %(year)s AND c.member_id = m.id
      LEFT JOIN enrolment_exclusion x ON x.year = %(year)s AND x.member_id = m.id
      LEFT JOIN retirement_keep k ON k.year = %(year)s AND k.member_id = m.id
     WHERE m.union_id = %(union)s AND m.kind = 'employed'
     GROUP BY 1
"""
BARE_SUBMIT = """
    INSERT INTO enrolment (year, batch_id, member_id, person_key, channel, status, cover_start, cover_end,
                           union_id, second_id, district_id)
    SELECT %(year)s, %(batch)s, id, person_key, 'member_card', 'pending', %(start)s, %(end)s,
           union_id, second_id, district_id
      FROM member
     WHERE union_id = %(union)s AND kind = 'employed' AND card_status = 'issued' AND employment_status = 'employed'
"""
BARE_BATCH = """
    INSERT INTO enrolment_batch (id, number, year, union_id, second_id, district_id, channel, kind, plan, term, status,
        headcount, unit_fee, unit_municipal, unit_district, unit_grassroots, fee, municipal_share, district_share,
        grassroots_share, cover_start, cover_end, pay_by, submitted_at, updated_at)
    SELECT %(batch)s, 'BARE' || %(batch)s, %(year)s, id, second_id, district_id, 'member_card', 'collective', 'A',
        'full', 'submitted', %(people)s, 26, 13, 13, 0, 26 * %(people)s, 13 * %(people)s, 13 * %(people)s, 0,
        %(start)s, %(end)s, %(now)s, %(now)s, %(now)s
      FROM trade_union WHERE id = %(union)s
"""
BARE_PLAN = "INSERT INTO plan_choice (union_id, year, plan) VALUES (%(union)s, %(year)s, 'A')"


def main(place: City) -> bool:
    return all([_preview(place), _submit(place), _approve(place)])


def _preview(place: City) -> bool:
    with transaction() as session:
        union = session.get_one(Union, place.big.union_id)
        year = get_year(session, place.year)
        values = {"year": year.year, "union": union.id, "line": "1967-01-01"}
        asked, floor = [], []
        for _ in range(ROUNDS):
            floor.append(_ms(lambda: session.connection().exec_driver_sql(BARE_PREVIEW, values).all()))
            asked.append(_ms(lambda: preview(session, union, year, Channel.MEMBER_CARD, now=place.now)))
    return emit(
        "preview.50000",
        statistics.median(asked),
        "ms",
        statistics.median(floor),
        PREVIEW_MS,
        max_ratio=PREVIEW_RATIO,
    )


def _submit(place: City) -> bool:
    """Both with every reference checked, then rolled back; only the ratio counts."""
    served, floor = [], []
    for _ in range(3):
        with _rolled_back() as session:
            floor.append(_ms(lambda: _bare_submit(session, place)))
        with _rolled_back() as session:
            served.append(_ms(lambda: _served_submit(session, place.big, place)))
    bare = statistics.median(floor)
    return emit(
        "submit.50000", statistics.median(served), "ms", bare, SUBMIT_RATIO * bare, max_ratio=SUBMIT_RATIO
    )


def _approve(place: City) -> bool:
    """Statements for a batch of 50,000 people beside those for one of a single person."""
    with _rolled_back() as session:
        one = place.small[0]
        session.execute(
            text("UPDATE member SET card_status = 'none' WHERE union_id = :union AND id > :first"),
            {"union": one.union_id, "first": _first_member(session, one)},
        )
        few = _statements(session, place, _served_submit(session, one, place))
    with _rolled_back() as session:
        many = _statements(session, place, _served_submit(session, place.big, place))
    return emit("approve.statements", many, "statements", few, few)


def _served_submit(session: Session, operator: Actor, place: City) -> int:
    batch = submit_batch(
        session, operator, year=place.year, channel=Channel.MEMBER_CARD, plan="A", now=place.now
    )
    session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    return batch.id


def _bare_submit(session: Session, place: City) -> None:
    year = place.bare_year
    values: dict[str, Any] = {
        "year": year,
        "batch": 10**9,
        "union": place.big.union_id,
        "start": f"{year}-01-01",
        "end": f"{year}-12-31",
        "now": place.now,
    }
    connection = session.connection()
    people = connection.exec_driver_sql(BARE_SUBMIT, values).rowcount
    connection.exec_driver_sql(BARE_PLAN, values)
    connection.exec_driver_sql(BARE_BATCH, values | {"people": people})
    connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")


def _first_member(session: Session, operator: Actor) -> int:
    found = session.scalar(
        text(
            "SELECT min(id) FROM member"
            " WHERE union_id = :union AND card_status = 'issued' AND employment_status = 'employed'"
        ),
        {"union": operator.union_id},
    )
    assert isinstance(found, int)
    return found


def _statements(session: Session, place: City, batch_id: int) -> int:
    seen: list[str] = []

    def count(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", count)
    try:
        (decision,) = approve_batches(session, place.district, batch_ids=[batch_id], now=place.now)
    finally:
        event.remove(db.engine, "before_cursor_execute", count)
    assert decision.problem is None
    return len(seen)


@contextmanager
def _rolled_back() -> Iterator[Session]:
    session: Session = db.session()
    try:
        yield session
    finally:
        session.rollback()


def _ms(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return (perf_counter() - start) * 1_000
