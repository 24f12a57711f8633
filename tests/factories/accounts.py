"""Accounts, actors, and a signed-in browser."""

from __future__ import annotations

from itertools import count

from flask.testing import FlaskClient
from flask_appbuilder.security.sqla.models import Role as RoleRow
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Account, Union
from app.security.actor import Actor, actor_of
from app.security.passwords import hash_password
from app.security.roles import Role

PASSWORD = "Haicheng-2025"

_hashes: dict[str, str] = {}
_numbers = count(1)


def make_account(
    session: Session,
    union: Union,
    role: Role,
    *,
    username: str = "",
    name: str = "",
    password: str = PASSWORD,
) -> Account:
    """An account of the union with one role."""
    row = session.scalar(select(RoleRow).where(RoleRow.name == role.value)) or RoleRow(name=role.value)
    username = username or f"{role.value}{next(_numbers)}"
    account = Account(
        username=username,
        email=f"{username}@example.org",
        first_name=name or "王一",
        last_name="",
        password=_hash(password),
        active=True,
        union_id=union.id,
        roles=[row],
    )
    session.add(account)
    session.flush()
    return account


def actor_of_role(session: Session, union: Union, role: Role) -> Actor:
    """The actor of a fresh account: what services take."""
    account = make_account(session, union, role)
    session.refresh(account, ["union"])
    return actor_of(account)


def sign_in(client: FlaskClient, account: Account) -> None:
    """A browser's cookie for the account, without the cost of a password check."""
    with client.session_transaction() as cookie:
        cookie.clear()
        cookie["_user_id"] = str(account.id)
        cookie["_fresh"] = True


def _hash(password: str) -> str:
    if password not in _hashes:
        _hashes[password] = hash_password(password)
    return _hashes[password]
