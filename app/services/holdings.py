"""The trail of who held which role of a union, from when to when, and who came after."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text, update
from sqlalchemy.orm import Session

from app.models import Account, RoleHolding, Union
from app.services.events import scope_of


def take_up(session: Session, account: Account, role: str, now: datetime) -> None:
    """The account holds the role of its union from now on."""
    home = session.get_one(Union, account.union_id)
    session.add(RoleHolding(account_id=account.id, role=role, held_from=now, **scope_of(home)))
    session.flush()


def lay_down(
    session: Session,
    account: Account,
    now: datetime,
    *,
    role: str | None = None,
    successor: Account | None = None,
) -> None:
    """The account no longer holds the role (or any); ``successor`` has taken it over."""
    held = update(RoleHolding).where(RoleHolding.account_id == account.id, RoleHolding.held_until.is_(None))
    if role is not None:
        held = held.where(RoleHolding.role == role)
    session.execute(held.values(held_until=now, successor_id=successor.id if successor else None))


def take_up_all(session: Session, now: datetime) -> None:
    """Whoever holds a role and stands nowhere in the trail, since the account was made."""
    session.execute(text(TAKE_UP_ALL), {"now": now})


TAKE_UP_ALL = """
    INSERT INTO role_holding (account_id, role, held_from, union_id, second_id, district_id)
         SELECT account.id, role.name, coalesce(account.created_on AT TIME ZONE 'Asia/Shanghai', :now),
                home.id, home.second_id, home.district_id
           FROM ab_user AS account
           JOIN ab_user_role AS held ON held.user_id = account.id
           JOIN ab_role AS role ON role.id = held.role_id
           JOIN trade_union AS home ON home.id = account.union_id
          WHERE account.active
    ON CONFLICT DO NOTHING
"""
