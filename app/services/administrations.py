"""System, security and audit administration in three hands (三员分立).

The first account of an empty database begins with two of them, because somebody must. When others hold all three,
it keeps the municipal administration and loses the security administration, by itself and for good.
"""

from __future__ import annotations

from datetime import datetime

from flask_appbuilder.security.sqla.models import Role as RoleRow
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.models import Account, EventObject, Union
from app.rules.accounts import ADMINISTRATIONS, GIVEN_UP_FIRST, may_hold_together
from app.rules.violations import RuleViolation
from app.security.actor import Actor
from app.services.events import record
from app.services.holdings import lay_down


def make_room(session: Session, actor: Actor, account: Account | None, role: str, now: datetime) -> bool:
    """Before ``account`` (None: a new one) gets ``role`` or comes back with it; call it before the change.

    Answers whether the first account lost its second administration by this. Raises
    ``administrations_apart`` if the account would hold two.
    """
    if role not in ADMINISTRATIONS:
        return False
    # One at a time, in the database too: two that are given together must see one another.
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext('administrations'))"))
    held = {row.name for row in account.roles} if account is not None else set()
    if account is not None and not may_hold_together(
        held | {role},
        first_account=account.first_account,
        in_other_hands=_held_by_others(session, account) == ADMINISTRATIONS,
    ):
        raise RuleViolation("administrations_apart", field="role")
    first = session.scalar(select(Account).where(Account.first_account.is_(True)))
    if first is None or first is account:
        return False
    if _held_by_others(session, first) | {role} != ADMINISTRATIONS:
        return False
    return _give_up(session, actor, first, now)


def _held_by_others(session: Session, account: Account) -> set[str]:
    return set(
        session.scalars(
            select(RoleRow.name)
            .distinct()
            .join(RoleRow.user)
            .where(
                RoleRow.name.in_(ADMINISTRATIONS),
                RoleRow.user.property.mapper.class_.id != account.id,
                RoleRow.user.property.mapper.class_.active.is_(True),
            )
        )
    )


def _give_up(session: Session, actor: Actor, first: Account, now: datetime) -> bool:
    """Its sessions go on: every request asks for the roles anew, and they can do less from the next one on."""
    given_up = [row for row in first.roles if row.name == GIVEN_UP_FIRST]
    if not given_up or len(first.roles) < 2:
        return False
    first.roles.remove(given_up[0])
    session.flush()
    lay_down(session, first, now, role=GIVEN_UP_FIRST)
    home = session.get_one(Union, first.union_id)
    record(
        session,
        actor,
        EventObject.ACCOUNT,
        first.id,
        "give_up_administration",
        now=now,
        scope=home,
        facts={"role": GIVEN_UP_FIRST},
    )
    return True
