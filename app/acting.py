"""Whom a transaction acts for, told to PostgreSQL when it begins: what the database writes down by itself, and what
it lets through, asks there.

`canbao.actor_id`, `canbao.actor_name`, `canbao.address` and `canbao.request_id` are for what is written down; each is
empty where nobody is signed in. `canbao.scope` and the places beside it are for the policies (`app/security/scope.py`).
All end with the transaction, and so does the role: whoever acts for an account does so as the application.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from time import monotonic
from typing import TYPE_CHECKING, Any

from flask import current_app, g, has_app_context, has_request_context, request
from sqlalchemy import Connection, event
from sqlalchemy.orm import Session

from app import clock
from app.extensions import OneDatabaseSession
from app.log import request_id
from app.security.scope import NOBODY, SIGNING_IN, SYSTEM_SCOPE, Scope, scope_of
from app.transaction import BEGAN, Began
from config import Login

if TYPE_CHECKING:
    from app.security.actor import Actor

STANDBY = "canbao_standby"
LOGIN_ROLE = "none"
"""The role that the process has signed in with."""

_TELL = """
    SELECT clock_timestamp() AS at,
           {ahead} AS ahead,
           num_nulls(
               set_config('role', %(role)s, true),
               set_config('canbao.actor_id', %(actor_id)s, true),
               set_config('canbao.actor_name', %(actor_name)s, true),
               set_config('canbao.address', %(address)s, true),
               set_config('canbao.request_id', %(request_id)s, true),
               set_config('canbao.scope', %(scope)s, true),
               set_config('canbao.union_id', %(union_id)s, true),
               set_config('canbao.second_id', %(second_id)s, true),
               set_config('canbao.district_id', %(district_id)s, true),
               set_config('canbao.reached_members', '', true),
               set_config('canbao.reached_unions', '', true),
               set_config('canbao.reached_imports', '', true),
               set_config('canbao.reached_batches', '', true),
               set_config('canbao.reached_notices', '', true),
               set_config('canbao.reached_invitations', '', true)
           ) AS untold
"""
"""All settings in one column: SQLAlchemy and psycopg describe each column of each answer, and nobody asks for these."""
TELL = _TELL.format(ahead="NULL")
TELL_IN_TRAINING = _TELL.format(ahead="(SELECT ahead FROM training_clock)")


def act_for(session: Session, actor: Actor) -> None:
    """From here to the end of the application context every transaction acts for this actor, an open one too."""
    if g.get("acting") is actor:
        return
    g.acting = actor
    tell_again(session)


@contextmanager
def acting_for(session: Session, actor: Actor) -> Iterator[None]:
    """Meanwhile every transaction acts for this actor and sees what it sees; afterwards as before."""
    before = g.get("acting")
    g.acting = actor
    tell_again(session)
    try:
        yield
    finally:
        g.acting = before
        if session.is_active:
            tell_again(session)


def tell_again(session: Session) -> None:
    """Tell an open transaction what has changed since it began."""
    if session.in_transaction():
        _tell(session.connection())


def of_a_standby() -> dict[str, bool]:
    """What a session of a standby knows of itself: its server's clock is nobody's."""
    return {STANDBY: True}


def _tell(connection: Connection, *, by_its_clock: bool = True) -> datetime:
    """The database's time, which comes along."""
    asked = clock.machine_now()
    told = connection.exec_driver_sql(TELL_IN_TRAINING if clock.in_training() else TELL, _facts()).one()
    if by_its_clock:
        clock.compare(asked, told.at, clock.machine_now())
        clock.note_ahead(told.ahead)
    began: datetime = told.at
    return began


def _facts() -> dict[str, str]:
    actor: Actor | None = g.get("acting") if has_app_context() else None
    asked = has_request_context()
    role, scope = _role_and_scope(actor)
    return {
        "role": role,
        "actor_id": str(actor.account_id or "") if actor else "",
        "actor_name": actor.name if actor else "",
        "address": (request.remote_addr or "") if asked else "",
        "request_id": request_id() if asked else "",
        "scope": scope.words,
        "union_id": str(scope.union_id or ""),
        "second_id": str(scope.second_id or ""),
        "district_id": str(scope.district_id or ""),
    }


def _role_and_scope(actor: Actor | None) -> tuple[str, Scope]:
    """Only a process that signed in as the scheduler sees all, and only outside of requests and accounts' tasks."""
    if not has_app_context():
        return LOGIN_ROLE, NOBODY
    application: str = current_app.config["APPLICATION_ROLE"]
    if actor is not None and actor.account_id:
        return application, scope_of(actor)
    if actor is None and has_request_context():
        return application, SIGNING_IN
    if current_app.config["DATABASE_LOGIN"] is Login.SCHEDULER:
        return LOGIN_ROLE, SYSTEM_SCOPE
    return application, NOBODY


@event.listens_for(OneDatabaseSession, "after_begin")
def _begin(session: Session, transaction: Any, connection: Connection) -> None:
    if not transaction.nested:
        began = _tell(connection, by_its_clock=STANDBY not in session.info)
        session.info[BEGAN] = Began(began, monotonic())
