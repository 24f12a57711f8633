"""What tests ask afterwards: what an act answered, and where a member stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from app.models import Member, Union
from app.queries.enrolment_people import people
from app.queries.years import get_year
from app.rules.enrolment import Bucket, Channel
from app.rules.violations import RuleViolation
from app.security.roles import Role
from tests.factories.accounts import actor_of_role


def outcome(act: Callable[[], Any]) -> str:
    """``ok``, or the code of the refusal; of decisions on many, the first one's."""
    try:
        done = act()
    except RuleViolation as refusal:
        return refusal.code
    problem = done[0].problem if isinstance(done, list) else None
    return problem.code if problem else "ok"


def bucket(session: Session, member: Member, channel: Channel) -> Bucket:
    """Where a member stands in 2025, read as the screens read it."""
    session.flush()
    union, year = session.get_one(Union, member.union_id), get_year(session, 2025)
    actor = actor_of_role(session, union, Role.OPERATOR)
    rows = people(session, actor, union, year, channel, None, limit=None)
    return Bucket(next(row.bucket for row in rows if row.Member.id == member.id))
