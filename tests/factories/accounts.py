"""Accounts, actors, and a signed-in browser."""

from __future__ import annotations

from datetime import datetime
from itertools import count

from flask.testing import FlaskClient
from flask_appbuilder.security.sqla.models import Role as RoleRow
from flask_jwt_extended import create_access_token
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import now
from app.extensions import db
from app.models import Account, SignInFailure, Union
from app.rules.sign_in import CountedBy, SessionKind
from app.security.actor import Actor, actor_of
from app.security.attempts import account_key
from app.security.manager import SESSION_CLAIM
from app.security.passwords import hash_password
from app.security.roles import Role
from app.security.sessions import begin_session
from app.services.holdings import take_up

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
    take_up(session, account, role.value, now())
    return account


def actor_of_role(session: Session, union: Union, role: Role) -> Actor:
    """The actor of a fresh account: what services take."""
    account = make_account(session, union, role)
    session.refresh(account, ["union"])
    return actor_of(account)


def sign_in(client: FlaskClient, account: Account) -> str:
    """A browser's cookie for a session of the account, without the cost of a password check; the session's id."""
    token = new_session(account.id, SessionKind.BROWSER)
    use_session(client, token)
    return token


def use_session(client: FlaskClient, token: str) -> None:
    """The cookie of a browser that holds this id."""
    with client.session_transaction() as cookie:
        cookie.clear()
        cookie["_user_id"] = token
        cookie["_fresh"] = True


def bearer(account_id: int) -> dict[str, str]:
    """The header of a program that has signed in just now."""
    token = create_access_token(
        identity=str(account_id),
        additional_claims={SESSION_CLAIM: new_session(account_id, SessionKind.PROGRAM)},
    )
    return {"Authorization": f"Bearer {token}"}


def new_session(account_id: int, kind: SessionKind) -> str:
    """A session that begins now; its id."""
    return begin_session(db.session(), account_id, kind, address="127.0.0.1", user_agent="tests", now=now())


def failures_of(account: Account) -> int:
    """Failures in a row that count against the account."""
    row = db.session().get(SignInFailure, (CountedBy.ACCOUNT, account_key(account.id, "")))
    return row.failures if row else 0


def add_failures(account: Account, count: int, at: datetime) -> None:
    """As if somebody had failed so often, the last time then."""
    key = account_key(account.id, "")
    db.session().add(SignInFailure(kind=CountedBy.ACCOUNT, key=key, failures=count, failed_at=at))
    db.session().flush()


def _hash(password: str) -> str:
    if password not in _hashes:
        _hashes[password] = hash_password(password)
    return _hashes[password]
