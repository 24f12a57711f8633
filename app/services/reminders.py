"""消息提醒 by the calendar: who is told that a window opens or closes, and what of theirs has lapsed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.models import ProtectionWindow
from app.queries.reminders import reminders, waiting_lists
from app.rules.messages import (
    DISTRICT,
    OPERATOR,
    ROLES_OF_WINDOW,
    SECOND,
    About,
    MessageKind,
    reminded_spans,
    start_of_day,
)
from app.rules.years import WindowName
from app.services.messages import tell_those_in, tell_whom, telling_of


def remind(session: Session, boundary: datetime) -> str:
    """Remind of what closes in 7, 3 or 1 days whoever has something to do in it; answers what it did.

    For once a day: whoever was told something on that day already is not told again. Reviewers whom no deadline
    calls hear of the lists that have come in since the day before.
    """
    day = start_of_day(boundary)
    reminded = 0
    wanted = reminders(session, reminded_spans(boundary))
    if wanted is not None:
        telling = telling_of(MessageKind.REMINDER, About.YEAR, boundary, occasion=day)
        reminded = tell_whom(session, telling, wanted)
    waiting = 0
    for _year, lists in waiting_lists(session, boundary - timedelta(days=1), boundary):
        telling = telling_of(MessageKind.LISTS_WAIT, About.YEAR, boundary, occasion=day)
        waiting += tell_whom(session, telling, lists)
    told = [
        f"{reminded} reminded of a deadline" if reminded else "",
        f"{waiting} told of lists that wait" if waiting else "",
    ]
    return ", ".join(filter(None, told)) or "nobody to remind"


def tell_of_window(session: Session, year: int, name: WindowName, *, opened: bool, now: datetime) -> int:
    """Tell those whose window it is that it has opened or closed; answers how many were told.

    Of a closing nobody is told for whom an extension keeps the window open.
    """
    window = session.get(ProtectionWindow, (year, name))
    if window is None:
        return 0
    kind = MessageKind.WINDOW_OPENED if opened else MessageKind.WINDOW_CLOSED
    occasion = window.opens_at if opened else window.closes_at
    facts = {
        "year": year,
        "window": name.value,
        "closes_at": window.closes_at.isoformat(),
        "closing": not opened,
        "now": now,
    }
    telling = telling_of(kind, About.YEAR, now, occasion=occasion)
    return tell_those_in(session, telling, ROLES_OF_WINDOW[name], OF_WINDOW, facts)


def tell_of_lapse(session: Session, batch_ids: Sequence[int], *, why: str, now: datetime) -> int:
    """Tell the unions, their second-level unions and districts which of their batches lapsed, and why.

    ``why``: ``unpaid``, ``unfiled`` or ``rejected``. Answers how many accounts were told. The unions above are told
    once a day and year, however many parts the lapsing is done in.
    """
    if not batch_ids:
        return 0
    facts = {"ids": list(batch_ids), "why": why}
    of_own = telling_of(MessageKind.BATCH_LAPSED, About.ENROLMENT_BATCH, now)
    of_below = telling_of(MessageKind.LISTS_LAPSED, About.YEAR, now, occasion=start_of_day(now))
    return tell_those_in(session, of_own, (OPERATOR,), OF_LAPSED, facts) + tell_those_in(
        session, of_below, (SECOND, DISTRICT), OF_LAPSED_BELOW, facts
    )


OF_WINDOW = """
    SELECT u.id, CAST(:year AS bigint),
           jsonb_build_object('year', CAST(:year AS integer), 'window', CAST(:window AS text),
                              'closes_at', CAST(:closes_at AS text))
      FROM trade_union AS u
     WHERE NOT (:closing AND EXISTS (
               SELECT FROM window_extension AS e
                WHERE e.year = :year AND e."window" = :window AND e.closes_at > :now
                  AND e.union_id IN (u.id, u.second_id, u.district_id)))
"""

OF_LAPSED = """
    SELECT b.union_id, b.id,
           jsonb_build_object('number', b.number, 'year', b.year, 'people', b.headcount, 'why', CAST(:why AS text))
      FROM enrolment_batch AS b
     WHERE b.id = ANY (:ids)
"""

OF_LAPSED_BELOW = """
    SELECT DISTINCT place.union_id, CAST(b.year AS bigint),
           jsonb_build_object('year', b.year, 'why', CAST(:why AS text))
      FROM enrolment_batch AS b CROSS JOIN LATERAL (VALUES (b.second_id), (b.district_id)) AS place (union_id)
     WHERE b.id = ANY (:ids) AND place.union_id IS NOT NULL
"""
