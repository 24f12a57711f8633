"""催办: reminding those who must go on with an enrolment, at most once a day for one union and cause."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Date, DateTime, Integer, Row, Select, Text, func, literal, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.clock import SHANGHAI
from app.models import EventObject, ProgressReminder, Union
from app.queries.progress import ProgressFilter, unions_to_remind
from app.rules.messages import DISTRICT, OPERATOR, SECOND, About, MessageKind
from app.rules.monitor import WINDOW_OF, Cause
from app.rules.violations import RuleViolation, not_found
from app.rules.years import WindowName
from app.security.actor import Actor
from app.security.roles import Permission, require
from app.security.visible import visible_to
from app.services.messages import tell_those_in, telling_of


@dataclass(frozen=True, slots=True)
class Reminded:
    """``unions`` were reminded of now, which reached ``accounts``. ``before``: how many had been reminded of today
    already, ``earlier`` the newest of those reminders. ``nothing``: ticked, but there is nothing to remind of.
    ``closed``: not reminded, because the window in which they could go on isn't open; how many by window."""

    unions: int
    accounts: int
    before: int
    earlier: Row[*tuple[Any, ...]] | None
    nothing: int
    closed: dict[WindowName, int]


def remind(
    session: Session, actor: Actor, wanted: ProgressFilter, union_ids: Sequence[int] | None, now: datetime
) -> Reminded:
    """Tell who must go on with the filtered unions, or with these of them, and write down that it was said.

    Operators hear of lists not begun or returned, reviewers of lists that wait for them, districts of what isn't filed;
    nobody hears of what can't be done now, because its window isn't open.
    Raises ``no_union_ticked``, ``not_found`` (404) for a union that isn't the actor's to see, and ``not_allowed``.
    """
    require(actor, Permission.REMIND)
    query = unions_to_remind(actor, wanted, now)
    if union_ids is not None:
        _look_at(session, actor, union_ids)
        query = query.where(Union.id.in_(union_ids))
    closed = _closed(session, query)
    found = query.subquery("found")
    asked = select(found).where(found.c.can_go_on).cte("asked")
    day = now.astimezone(SHANGHAI).date()
    row = {
        "union_id": asked.c.union_id,
        "second_id": asked.c.second_id,
        "district_id": asked.c.district_id,
        "cause": asked.c.cause,
        "year": literal(wanted.year, Integer),
        "day": literal(day, Date),
        "reminded_by": literal(actor.account_id, Integer),
        "reminded_name": literal(actor.name, Text),
        "reminded_at": literal(now, DateTime(timezone=True)),
    }
    # In one order for all, so that two who remind at once wait for each other instead of both.
    put = insert(ProgressReminder).from_select(list(row), select(*row.values()).order_by(asked.c.union_id))
    once = put.on_conflict_do_nothing(constraint="reminded_once_a_day_for_a_cause")
    new = session.scalars(once.returning(ProgressReminder.id)).all()
    today = _of_today(session, wanted.year, day, select(found).where(found.c.can_go_on))
    before = [reminder for reminder in today if reminder.id not in set(new)]
    accounts = _tell(session, actor, new, now) if new else 0
    return Reminded(
        unions=len(new),
        accounts=accounts,
        before=len(before),
        earlier=max(before, key=lambda reminder: reminder.reminded_at, default=None),
        nothing=0
        if union_ids is None
        else len(set(union_ids)) - len(new) - len(before) - sum(closed.values()),
        closed=closed,
    )


def _closed(session: Session, query: Select[*tuple[Any, ...]]) -> dict[WindowName, int]:
    found = query.subquery("found")
    rows = session.execute(
        select(found.c.cause, func.count()).where(~found.c.can_go_on).group_by(found.c.cause)
    )
    closed: Counter[WindowName] = Counter()
    for cause, unions in rows:
        closed[WINDOW_OF[Cause(cause)]] += unions
    return dict(closed)


def _look_at(session: Session, actor: Actor, union_ids: Sequence[int]) -> None:
    if not union_ids:
        raise RuleViolation("no_union_ticked", field="ids")
    known = select(func.count()).where(Union.id.in_(union_ids), visible_to(actor, Union))
    if session.scalar(known) != len(set(union_ids)):
        raise not_found("trade_union")


def _of_today(session: Session, year: int, day: Any, query: Any) -> Sequence[Row[*tuple[Any, ...]]]:
    asked = query.subquery("asked_again")
    return session.execute(
        select(ProgressReminder.id, ProgressReminder.reminded_name, ProgressReminder.reminded_at)
        .join(
            asked, (asked.c.union_id == ProgressReminder.union_id) & (asked.c.cause == ProgressReminder.cause)
        )
        .where(ProgressReminder.year == year, ProgressReminder.day == day)
    ).all()


def _tell(session: Session, actor: Actor, reminder_ids: Sequence[int], now: datetime) -> int:
    facts: Mapping[str, Any] = {"ids": list(reminder_ids), "from": actor.union_name}
    session.execute(text(LOG), {"kind": EventObject.UNION.value, "ids": list(reminder_ids)})
    told = 0
    for kind, role, wanted in (
        (MessageKind.URGED_SUBMIT, OPERATOR, TO_SUBMIT),
        (MessageKind.URGED_REVIEW, SECOND, TO_REVIEW_AT_SECOND),
        (MessageKind.URGED_REVIEW, DISTRICT, TO_REVIEW_AT_DISTRICT),
        (MessageKind.URGED_FILE, DISTRICT, TO_FILE),
    ):
        told += tell_those_in(session, telling_of(kind, About.YEAR, now), (role,), wanted, facts)
    return told


LOG = """
    INSERT INTO event (object_kind, object_id, union_id, second_id, district_id, at, actor_id, actor_name, action,
                       facts)
    SELECT :kind, r.union_id, r.union_id, r.second_id, r.district_id, r.reminded_at, r.reminded_by, r.reminded_name,
           'remind', jsonb_build_object('year', r.year, 'cause', r.cause)
      FROM progress_reminder AS r
     WHERE r.id = ANY (:ids)
     ORDER BY r.union_id
"""

TO_SUBMIT = """
    SELECT r.union_id, CAST(r.year AS bigint),
           jsonb_build_object('year', r.year, 'from', CAST(:from AS text), 'state', r.cause)
      FROM progress_reminder AS r
     WHERE r.id = ANY (:ids) AND r.cause IN ('not_started', 'returned')
"""

_WAITING = """
    SELECT r.{place}, CAST(r.year AS bigint),
           jsonb_build_object('year', r.year, 'from', CAST(:from AS text), 'count', count(DISTINCT r.union_id),
                              'since', to_char(min(b.updated_at) AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD'))
      FROM progress_reminder AS r
      JOIN enrolment_batch AS b
        ON b.union_id = r.union_id AND b.year = r.year AND b.kind = 'collective' AND b.status = '{cause}'
     WHERE r.id = ANY (:ids) AND r.cause = '{cause}' AND {here}
     GROUP BY r.{place}, r.year
"""

TO_REVIEW_AT_SECOND = _WAITING.format(place="second_id", cause="submitted", here="r.second_id IS NOT NULL")
TO_REVIEW_AT_DISTRICT = _WAITING.format(place="district_id", cause="submitted", here="r.second_id IS NULL")
TO_FILE = _WAITING.format(place="district_id", cause="approved", here="true")
