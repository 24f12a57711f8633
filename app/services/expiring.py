"""证件到期: new dates for documents that were renewed, for one person or for everybody on the list."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Date, Row, column, func, select, update
from sqlalchemy import cast as in_sql
from sqlalchemy.orm import Session

from app.clock import SHANGHAI
from app.models import EventObject, Member
from app.rules.corrections import CorrectionSource
from app.rules.dates import LONG_TERM, require_renewal
from app.rules.violations import RuleViolation, not_found
from app.security.actor import Actor
from app.security.roles import Permission, require
from app.security.visible import visible_to
from app.services.corrections import Correction, record_corrections
from app.services.enrolment import lock_own_union
from app.services.events import record_many


class WrongDates(RuleViolation):
    """The dates that can't be, by member."""

    def __init__(self, problems: Mapping[int, RuleViolation]) -> None:
        super().__init__("renewals_refused", people=len(problems))
        self.problems = problems


def renew_documents(session: Session, actor: Actor, *, dates: Mapping[int, date], now: datetime) -> int:
    """Set the day on which each member's document expires (``LONG_TERM``: never); answers how many.

    All or nobody: raises ``WrongDates`` with every date that is past or not later than the one before,
    ``nobody_ticked``, and 404 for whoever isn't a member of the actor's own union.
    """
    require(actor, Permission.EDIT_MEMBERS)
    if not dates:
        raise RuleViolation("nobody_ticked", field="member_ids")
    union = lock_own_union(session, actor)
    stored = session.execute(
        select(Member.id, Member.id_expires_on, Member.id_never_expires)
        .where(Member.union_id == union.id, visible_to(actor, Member), Member.id == func.any(list(dates)))
        .order_by(Member.id)
        .with_for_update(of=Member)
    ).all()
    if len(stored) != len(dates):
        raise not_found("member")
    problems: dict[int, RuleViolation] = {}
    for row in stored:
        try:
            require_renewal(
                row.id_expires_on, row.id_never_expires, dates[row.id], now.astimezone(SHANGHAI).date()
            )
        except RuleViolation as problem:
            problems[row.id] = problem
    if problems:
        raise WrongDates(problems)
    _set_dates(session, dates, now)
    ids = [row.id for row in stored]
    record_many(session, actor, EventObject.MEMBER, ids, "renew_document", now=now, scope=union)
    record_corrections(
        session,
        actor,
        [correction for row in stored for correction in _corrections(row, dates[row.id])],
        source=CorrectionSource.BATCH,
        now=now,
    )
    return len(stored)


def _corrections(row: Row[*tuple[Any, ...]], renewed: date) -> list[Correction]:
    forever = renewed == LONG_TERM
    return [
        Correction(row.id, "id_expires_on", row.id_expires_on, None if forever else renewed),
        Correction(row.id, "id_never_expires", row.id_never_expires, forever),
    ]


def _set_dates(session: Session, dates: Mapping[int, date], now: datetime) -> None:
    wanted = func.unnest(
        in_sql(list(dates), ARRAY(BigInteger)), in_sql(list(dates.values()), ARRAY(Date))
    ).table_valued(column("member_id", BigInteger), column("day", Date))
    wanted = wanted.render_derived(name="wanted")
    session.execute(
        update(Member)
        .where(Member.id == wanted.c.member_id)
        .values(
            id_expires_on=func.nullif(wanted.c.day, LONG_TERM),
            id_never_expires=wanted.c.day == LONG_TERM,
            updated_at=now,
        )
        .execution_options(synchronize_session=False)
    )
    session.expire_all()
