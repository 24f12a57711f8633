"""The same year of a district in bare SQL: the same rows in the same tables, statement by statement, commit by commit.

Constraints, indexes and triggers hold for it too. It knows nothing of walls, windows, figures and refusals, and doesn't
look whether it may; each list and each reviewer's hundred, of decisions or of payments, is a transaction, as in the
product.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb

from app.city.fees import unit_amounts
from app.rules.enrolment import Channel
from app.rules.members import RetirementClass
from app.rules.retirement import retirement_line
from app.services.demo_files import voucher_pdf
from benchmarks.whole_year_served import HANDLER, Place, Times, pages, turns

CARD = "card_status = 'issued'"
SOCIAL = "card_status <> 'issued' AND id_type = 'resident_id' AND social_card_status = 'normal'"

ENROL = """
    INSERT INTO enrolment (year, batch_id, member_id, person_key, channel, status, cover_start, cover_end,
                           union_id, second_id, district_id)
    SELECT %(year)s, %(batch)s, id, person_key, %(channel)s, 'pending', %(start)s, %(end)s,
           union_id, second_id, district_id
      FROM member
     WHERE union_id = %(union)s AND kind = 'employed' AND erased_at IS NULL AND employment_status = 'employed'
       AND {card}
       AND birth_date >= CASE retirement_class WHEN 'm60' THEN %(m60)s WHEN 'f55' THEN %(f55)s WHEN 'f50' THEN %(f50)s
                         ELSE CASE sex WHEN 'male' THEN %(m60)s WHEN 'female' THEN greatest(%(f55)s, %(f50)s)
                              ELSE greatest(%(m60)s, %(f55)s, %(f50)s) END END
     ORDER BY person_key
        ON CONFLICT (year, person_key) WHERE status <> 'void' DO NOTHING
"""
PLAN = """
    INSERT INTO plan_choice (union_id, year, plan) VALUES (%(union)s, %(year)s, 'A')
        ON CONFLICT (union_id, year) DO NOTHING
"""
BATCH = """
    INSERT INTO enrolment_batch (id, number, year, union_id, second_id, district_id, channel, kind, plan, term, status,
        headcount, unit_fee, unit_municipal, unit_district, unit_grassroots, fee, municipal_share, district_share,
        grassroots_share, cover_start, cover_end, pay_by, submitted_by, submitted_at, updated_at)
    SELECT %(batch)s, 'BARE' || %(batch)s, %(year)s, id, second_id, district_id, %(channel)s, 'collective', 'A', 'full',
        'submitted', %(people)s, %(fee)s, %(municipal)s, %(of_district)s, %(grassroots)s,
        %(fee)s * %(people)s, %(municipal)s * %(people)s, %(of_district)s * %(people)s, %(grassroots)s * %(people)s,
        %(start)s, %(end)s, %(now)s, %(account)s, %(now)s, %(now)s
      FROM trade_union WHERE id = %(union)s
"""
SAID = """
    INSERT INTO event (object_kind, object_id, union_id, second_id, district_id, at, actor_id, actor_name, action,
                       from_state, to_state, facts)
    VALUES (%(object)s, %(id)s, %(union)s, %(second)s, %(district)s, %(now)s, %(account)s, 'bare', %(action)s,
            %(source)s, %(target)s, %(facts)s)
"""
NOTICE = """
    INSERT INTO notice (number, kind, year, union_id, second_id, district_id, district_batch_id, check_code)
    VALUES (%(number)s, %(kind)s, %(year)s, %(union)s, %(second)s, %(district)s, %(filed)s, 'abcdefgh')
        ON CONFLICT (number) DO UPDATE SET number = notice.number
    RETURNING id, (SELECT coalesce(max(version), 0) + 1 FROM notice_version WHERE notice_id = notice.id)
"""
VERSION = """
    INSERT INTO notice_version (notice_id, version, batch_id, facts, issued_by, issued_at)
    VALUES (%(notice)s, %(version)s, %(batch)s, %(facts)s, %(account)s, %(now)s)
"""
MOVE = """
    UPDATE enrolment_batch
       SET status = %(target)s, updated_at = %(now)s,
           decided_by = coalesce(%(decides)s, decided_by),
           decided_at = CASE WHEN %(decides)s::int IS NULL THEN decided_at ELSE %(now)s END,
           reviewed_level = coalesce(%(level)s, reviewed_level),
           district_batch_id = coalesce(%(filed)s, district_batch_id)
     WHERE id = ANY (%(ids)s) AND status = %(source)s
"""
MOVED = """
    INSERT INTO event (object_kind, object_id, union_id, second_id, district_id, at, actor_id, actor_name, action,
                       from_state, to_state)
    SELECT 'enrolment_batch', id, union_id, second_id, district_id, %(now)s, %(account)s, 'bare', %(action)s,
           %(source)s, %(target)s
      FROM enrolment_batch WHERE id = ANY (%(ids)s)
"""
TELL = """
    INSERT INTO message (account_id, kind, about, about_id, occasion, at, facts)
    SELECT a.id, %(kind)s, 'enrolment_batch', b.id, %(now)s, %(now)s,
           jsonb_build_object('number', b.number, 'year', b.year, 'people', b.headcount, 'reason', NULL)
      FROM enrolment_batch AS b
      JOIN ab_user AS a ON a.union_id = b.union_id AND a.active
      JOIN ab_user_role AS h ON h.user_id = a.id
      JOIN ab_role AS r ON r.id = h.role_id AND r.name = 'operator'
     WHERE b.id = ANY (%(ids)s)
        ON CONFLICT DO NOTHING
"""
PAY = """
    INSERT INTO grassroots_payment (batch_id, amount, paid_on, recorded_by, recorded_at,
                                    union_id, second_id, district_id)
    SELECT id, grassroots_share, %(day)s, %(account)s, %(now)s, union_id, second_id, district_id
      FROM enrolment_batch WHERE id = ANY (%(ids)s)
"""
PAYMENT_SAID = """
    INSERT INTO event (object_kind, object_id, union_id, second_id, district_id, at, actor_id, actor_name, action,
                       from_state, to_state, facts)
    SELECT 'enrolment_batch', id, union_id, second_id, district_id, %(now)s, %(account)s, 'bare', 'record_payment',
           status, status, jsonb_build_object('amount', grassroots_share::text, 'paid_on', %(day)s::text)
      FROM enrolment_batch WHERE id = ANY (%(ids)s)
"""
FILED = """
    INSERT INTO district_batch (id, number, year, kind, status, headcount, headcount_member_card, headcount_social_card,
        fee, municipal_share, district_share, grassroots_share, owed, handler_name, handler_phone, handler_email,
        submitted_by, submitted_at, updated_at, union_id, district_id)
    SELECT %(filed)s, 'BARE' || %(filed)s, %(year)s, 'collective', 'centre_review', sum(headcount),
        coalesce(sum(headcount) FILTER (WHERE channel = 'member_card'), 0),
        coalesce(sum(headcount) FILTER (WHERE channel = 'social_card'), 0),
        sum(fee), sum(municipal_share), sum(district_share), sum(grassroots_share),
        sum(district_share + grassroots_share), %(handler)s, %(phone)s, %(email)s, %(account)s, %(now)s, %(now)s,
        %(district)s, %(district)s
      FROM enrolment_batch WHERE id = ANY (%(ids)s)
    RETURNING owed
"""
LINES = """
    INSERT INTO district_batch_plan (district_batch_id, plan, headcount, fee, owed)
    SELECT %(filed)s, plan, sum(headcount), sum(fee), sum(district_share + grassroots_share)
      FROM enrolment_batch WHERE id = ANY (%(ids)s) GROUP BY plan
"""
PAPER = """
    INSERT INTO stored_file (name, media_type, size, sha256, content, stored_at)
    VALUES ('voucher.pdf', 'application/pdf', %(size)s, %(hash)s, %(content)s, %(now)s) RETURNING id
"""
VOUCHER = """
    INSERT INTO payment_voucher (district_batch_id, title, file_id, amount, paid_on, status, uploaded_by, uploaded_at,
                                 union_id, district_id)
    VALUES (%(filed)s, 'bare', %(file)s, %(owed)s, %(day)s, 'under_review', %(account)s, %(now)s,
            %(district)s, %(district)s)
    RETURNING id
"""
ACCEPTED = """
    UPDATE district_batch
       SET status = 'awaiting_payment', accepted_at = %(now)s, decided_by = %(clerk)s, decided_at = %(now)s,
           voucher_due_on = CAST(%(day)s AS date) + 15, updated_at = %(now)s
     WHERE id = %(filed)s
"""
PAID = "UPDATE district_batch SET status = 'voucher_review', updated_at = %(now)s WHERE id = %(filed)s"
CHECKED = """
    UPDATE payment_voucher SET status = 'settled', decided_by = %(clerk)s, decided_at = %(now)s WHERE id = %(voucher)s
"""
SETTLED = """
    UPDATE district_batch SET status = 'completed', settled_at = %(now)s, updated_at = %(now)s WHERE id = %(filed)s
"""


@dataclass(frozen=True, slots=True)
class Year:
    """``like``: the year whose people are enrolled; another one's would have retired meanwhile."""

    year: int
    like: int
    now: datetime
    notice_facts: dict[str, Any]
    clerk: int

    def values(self) -> dict[str, Any]:
        start = date(self.year, 1, 1)
        lines = {klass.value: retirement_line(klass, date(self.like, 1, 1)) for klass in RetirementClass}
        end = date(self.year, 12, 31)
        return {
            "year": self.year,
            "now": self.now,
            "day": self.now.date(),
            "start": start,
            "end": end,
            **lines,
        }


def live_a_year(
    connection: Connection[Any], place: Place, year: Year, first_id: int, times: Times
) -> Iterator[None]:
    """Stops where the other side does. ``first_id``: from where on ids are free."""
    unit = unit_amounts("A", place.central, place.splits)
    values = year.values() | {
        "district": place.id, "account": place.reviewer.account_id, "fee": unit.fee, "municipal": unit.municipal,
        "of_district": unit.district, "grassroots": unit.grassroots, "filed": None,
        "level": None, "decides": None, "second": None,
    }  # fmt: skip
    ids = range(first_id, first_id + len(place.lists))
    batches: list[int] = []
    by_second: dict[int | None, list[int]] = {}
    for lists in turns(list(zip(place.lists, ids, strict=True))):
        with times.stage("submitted"):
            for (operator, channel), batch in lists:
                if _submit(connection, values, year, operator, channel, batch):
                    batches.append(batch)
                    by_second.setdefault(operator.second_id, []).append(batch)
        yield
    for second, of_second in by_second.items():
        by = place.seconds[second] if second else place.reviewer
        deciding = values | {"decides": by.account_id, "account": by.account_id, "level": by.level.value}
        for ticked in pages(of_second):
            with times.stage("approved"):
                _move(
                    connection, deciding, list(ticked), "approve", "submitted", "approved", "batch_approved"
                )
                connection.commit()
            yield
    for owing in pages(batches if unit.grassroots else ()):
        with times.stage("paid"):
            _pay(connection, values, owing)
        yield
    with times.stage("filed"):
        owed = _file(connection, values, year, batches, filed=first_id)
    yield
    with times.stage("settled"):
        _settle(connection, values, year, batches, first_id, owed)
    yield


def _submit(
    connection: Connection[Any],
    values: dict[str, Any],
    year: Year,
    operator: Any,
    channel: Channel,
    batch: int,
) -> bool:
    """Whether anybody was enrolled."""
    of_list = values | {
        "union": operator.union_id, "second": operator.second_id, "account": operator.account_id,
        "channel": channel.value, "batch": batch, "id": batch, "object": "enrolment_batch", "action": "submit",
        "source": None, "target": "submitted", "number": f"BARE{year.year}{operator.union_id}", "kind": "grassroots",
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM trade_union WHERE id = %(union)s FOR NO KEY UPDATE", of_list)
        cursor.execute(PLAN, of_list)
        cursor.execute(_enrol(channel), of_list)
        people = cursor.rowcount
        if not people:
            connection.rollback()
            return False
        cursor.execute(BATCH, of_list | {"people": people})
        facts = {"headcount": people, "plan": "A", "channel": channel.value}
        cursor.execute(SAID, of_list | {"facts": Jsonb(facts)})
        cursor.execute(NOTICE, of_list)
        notice, version = cursor.fetchone() or (0, 0)
        told = {"notice": notice, "version": version, "facts": Jsonb(year.notice_facts)}
        cursor.execute(VERSION, of_list | told)
    connection.commit()
    return True


def _enrol(channel: Channel) -> Any:
    return ENROL.format(card=CARD if channel is Channel.MEMBER_CARD else SOCIAL)


def _move(
    connection: Connection[Any],
    values: dict[str, Any],
    ids: list[int],
    action: str,
    source: str,
    target: str,
    kind: str,
) -> None:
    moving = values | {"ids": ids, "action": action, "source": source, "target": target, "kind": kind}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM enrolment_batch WHERE id = ANY (%(ids)s) ORDER BY id FOR UPDATE", moving
        )
        for statement in (MOVE, MOVED, TELL):
            cursor.execute(statement, moving)


def _pay(connection: Connection[Any], values: dict[str, Any], batches: Sequence[int]) -> None:
    paid = values | {"ids": list(batches)}
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM enrolment_batch WHERE id = ANY (%(ids)s) ORDER BY id FOR UPDATE", paid)
        cursor.execute(PAY, paid)
        cursor.execute(PAYMENT_SAID, paid)
    connection.commit()


def _file(
    connection: Connection[Any], values: dict[str, Any], year: Year, batches: list[int], filed: int
) -> Any:
    filing = values | {
        "filed": filed, "ids": batches, "handler": HANDLER.name, "phone": HANDLER.phone, "email": HANDLER.email,
        "union": values["district"], "number": f"BARED{filed}", "kind": "district", "batch": None,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(FILED, filing)
        (owed,) = cursor.fetchone() or (0,)
        cursor.execute(LINES, filing)
        _move(connection, filing, batches, "forward", "approved", "forwarded", "batch_filed")
        cursor.execute(SAID, filing | _of_filed(filed, "submit", None, "centre_review", {"owed": str(owed)}))
        cursor.execute(NOTICE, filing)
        notice, version = cursor.fetchone() or (0, 0)
        cursor.execute(
            VERSION, filing | {"notice": notice, "version": version, "facts": Jsonb(year.notice_facts)}
        )
    connection.commit()
    return owed


def _settle(
    connection: Connection[Any], values: dict[str, Any], year: Year, batches: list[int], filed: int, owed: Any
) -> None:
    """Accepted, paid and settled: three transactions."""
    content = voucher_pdf(f"BARE{filed}", owed)
    settling = values | {
        "filed": filed, "owed": owed, "content": content, "size": len(content), "union": values["district"],
        "hash": hashlib.sha256(content).hexdigest(),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(ACCEPTED, settling | {"clerk": year.clerk})
        cursor.execute(SAID, settling | _of_filed(filed, "accept", "centre_review", "awaiting_payment", {}))
        connection.commit()
        cursor.execute(PAPER, settling)
        settling["file"] = (cursor.fetchone() or (0,))[0]
        cursor.execute(VOUCHER, settling)
        voucher = (cursor.fetchone() or (0,))[0]
        cursor.execute(PAID, settling)
        said = _of_filed(filed, "upload_voucher", "awaiting_payment", "voucher_review", {"voucher": voucher})
        cursor.execute(SAID, settling | said)
        connection.commit()
        cursor.execute(CHECKED, {"clerk": year.clerk, "now": year.now, "voucher": voucher})
        cursor.execute(SETTLED, settling)
        _move(connection, values, batches, "settle", "forwarded", "completed", "batch_completed")
        cursor.execute(
            "UPDATE enrolment SET status = 'active' WHERE year = %s AND batch_id = ANY (%s)",
            (year.year, batches),
        )
        cursor.execute(
            SAID, settling | _of_filed(filed, "settle", "voucher_review", "completed", {"voucher": voucher})
        )
    connection.commit()


def _of_filed(
    filed: int, action: str, source: str | None, target: str, facts: dict[str, Any]
) -> dict[str, Any]:
    return {"object": "district_batch", "id": filed, "action": action, "source": source, "target": target,
            "facts": Jsonb(facts)}  # fmt: skip
