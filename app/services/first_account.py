"""The first account of an empty database: somebody must be there to import the tree and create the others."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import SHANGHAI
from app.models import Account, EventObject, Union
from app.rules.organisation import PROVISIONAL_CODE, UnionLevel, UnionType
from app.security.actor import SYSTEM
from app.security.passwords import hash_password
from app.security.roles import Role
from app.services.accounts import role_row
from app.services.events import record
from app.services.holdings import take_up

FIRST_ROLES = (Role.MUNICIPAL_ADMIN, Role.SECURITY_ADMIN)


def create_first_account(
    session: Session, *, username: str, password: str, must_change: bool, now: datetime
) -> Account:
    """The administrator of the municipal union, which is made provisionally if there is none yet.

    The tree's workbook gives that union its real code and name.
    """
    union = session.scalar(select(Union).where(Union.level == UnionLevel.MUNICIPAL))
    if union is None:
        union = Union(
            code=PROVISIONAL_CODE,
            name="市总工会",
            type=UnionType.MUNICIPAL,
            level=UnionLevel.MUNICIPAL,
            created_at=now,
        )
        session.add(union)
        session.flush()
    wall = now.astimezone(SHANGHAI).replace(tzinfo=None)
    account = Account(
        username=username,
        email=f"{username}@localhost",
        first_name="市总工会管理员",
        last_name="",
        password=hash_password(password),
        password_changed_at=now,
        first_account=True,
        active=True,
        union_id=union.id,
        must_change_password=must_change,
        created_on=wall,
        changed_on=wall,
        roles=[role_row(session, role) for role in FIRST_ROLES],
    )
    session.add(account)
    session.flush()
    for role in FIRST_ROLES:
        take_up(session, account, role.value, now)
    roles = " ".join(role.value for role in FIRST_ROLES)
    record(
        session,
        SYSTEM,
        EventObject.ACCOUNT,
        account.id,
        "create",
        now=now,
        scope=union,
        facts={"role": roles},
    )
    return account
