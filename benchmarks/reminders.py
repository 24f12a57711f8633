"""The morning's reminders for 52,701 unions: messages written, letters and their job queued, beside bare SQL.

Each union has three members and an operator; in a quarter of them nobody can be enrolled, so that all their members
must be looked at. The bare SQL knows who has something to do by two columns of the member, writes the same messages
and letters, and no policy binds it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from time import perf_counter
from typing import Any

from psycopg import Connection, connect
from sqlalchemy import func, select, text

from app.extensions import db
from app.models import Mail, Message
from app.rules.messages import MessageKind, start_of_day
from app.services.reminders import remind
from app.transaction import transaction
from benchmarks.city import City
from benchmarks.report import emit

UNIONS = 52_701
TARGET_SECONDS = 20.0


def main(place: City) -> bool:
    _build(place)
    closes_at = start_of_day(place.now) + timedelta(days=30)
    # Two days apart, so that neither finds the other's messages.
    served, told = _served(closes_at - timedelta(days=4) + timedelta(hours=8))
    floor, bare = _bare(place, closes_at - timedelta(days=2) + timedelta(hours=8))
    least = UNIONS * 3 // 4
    assert told >= least <= bare, (told, bare)
    return emit(f"reminders.{UNIONS}_unions", served, "s", floor, TARGET_SECONDS)


def _served(boundary: datetime) -> tuple[float, int]:
    start = perf_counter()
    with transaction() as session:
        remind(session, boundary)
    seconds = perf_counter() - start
    session = db.session()
    of_day = select(func.count()).where(
        Message.kind == MessageKind.REMINDER, Message.occasion == start_of_day(boundary)
    )
    told = session.scalar(of_day) or 0
    letters = session.scalar(of_day.join_from(Message, Mail, Mail.message_id == Message.id)) or 0
    db.session.remove()
    assert letters == told, (letters, told)
    return seconds, told


def _bare(place: City, boundary: datetime) -> tuple[float, int]:
    connection: Connection[Any] = connect(place.url.replace("+psycopg", ""))
    facts = {"now": boundary, "day": start_of_day(boundary), "year": place.year}
    with connection, connection.cursor() as cursor:
        start = perf_counter()
        cursor.execute(BARE_MESSAGES, facts)
        told = cursor.rowcount
        cursor.execute(BARE_LETTERS, facts)
        connection.commit()
        return perf_counter() - start, told


def _build(place: City) -> None:
    """Unions, operators and members, in a statement each: nobody opens a document here, so none is sealed."""
    with transaction() as session:
        facts = {"district": place.district.union_id, "unions": UNIONS, "now": place.now}
        for statement in (UNIONS_TO_REMIND, OPERATORS, ROLES, MEMBERS):
            session.execute(text(statement), facts)
    with transaction() as session:
        session.execute(text("ANALYZE"))


UNIONS_TO_REMIND = """
    INSERT INTO trade_union (code, name, type, level, parent_id, district_id, central_enterprise, created_at)
    SELECT 'R' || lpad(n::text, 17, '0'), '待提醒工会' || n, 'union_committee', 'grassroots', :district, :district,
           false, :now
      FROM generate_series(1, :unions) AS n
"""

OPERATORS = """
    INSERT INTO ab_user (id, first_name, last_name, username, password, active, email, union_id)
    SELECT nextval('ab_user_id_seq'), '经办', '', 'reminded' || u.id, '', true, 'reminded' || u.id || '@bench.example',
           u.id
      FROM trade_union AS u
     WHERE u.code LIKE 'R0%'
"""

ROLES = """
    INSERT INTO ab_user_role (id, user_id, role_id)
    SELECT nextval('ab_user_role_id_seq'), a.id, r.id
      FROM ab_user AS a JOIN ab_role AS r ON r.name = 'operator'
     WHERE a.username LIKE 'reminded%'
"""

MEMBERS = """
    INSERT INTO member (union_id, district_id, kind, name, id_type, id_number, id_number_hash, person_key, phone, sex,
                        birth_date, retirement_class, employment_status, social_card_status, card_status, card_no,
                        created_at, updated_at)
    SELECT u.id, u.district_id, 'employed', '会员' || n, 'passport', sample.id_number,
           sha256(('h' || u.id || n)::bytea), sha256(('p' || u.id || '-' || n)::bytea),
           '18' || lpad((u.id * 3 + n)::text, 9, '0'), 'male', '1990-05-17', 'm60',
           CASE WHEN u.id % 4 = 0 THEN 'retired' ELSE 'employed' END, 'normal', 'issued',
           '62319' || lpad((u.id * 3 + n)::text, 14, '0'), :now, :now
      FROM trade_union AS u, generate_series(1, 3) AS n, (SELECT id_number FROM member LIMIT 1) AS sample
     WHERE u.code LIKE 'R0%'
"""

BARE_MESSAGES = """
    INSERT INTO message (account_id, kind, about, about_id, occasion, at, facts)
    SELECT a.id, 'reminder', 'year', 0, %(day)s, %(now)s,
           jsonb_build_object('lines', jsonb_build_array(jsonb_build_object('code', 'submit', 'year', %(year)s::int)))
      FROM trade_union AS u
      JOIN ab_user AS a ON a.union_id = u.id
      JOIN ab_user_role AS held ON held.user_id = a.id
      JOIN ab_role AS r ON r.id = held.role_id AND r.name = 'operator'
     WHERE u.level = 'grassroots' AND a.active
       AND EXISTS (SELECT FROM member AS m
                    WHERE m.union_id = u.id AND m.employment_status = 'employed' AND m.card_status = 'issued'
                      AND NOT EXISTS (SELECT FROM enrolment AS e
                                       WHERE e.year = %(year)s AND e.person_key = m.person_key AND e.status <> 'void'))
"""

BARE_LETTERS = """
    INSERT INTO mail (purpose, to_address, message_id, created_at)
    SELECT 'message', a.email, m.id, %(now)s
      FROM message AS m JOIN ab_user AS a ON a.id = m.account_id
     WHERE m.occasion = %(day)s AND m.kind = 'reminder'
"""
