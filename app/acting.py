"""Whom a transaction acts for, told to PostgreSQL when it begins: what the database writes down by itself, and what
it lets through, asks there.

The settings are `canbao.actor_id`, `canbao.actor_name`, `canbao.address` and `canbao.request_id`; each is empty where
nobody is signed in, and ends with the transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import g, has_app_context, has_request_context, request
from sqlalchemy import Connection, event, text
from sqlalchemy.orm import Session

from app.extensions import OneDatabaseSession
from app.log import request_id

if TYPE_CHECKING:
    from app.security.actor import Actor

TELL = text(
    """
    SELECT set_config('canbao.actor_id', :actor_id, true),
           set_config('canbao.actor_name', :actor_name, true),
           set_config('canbao.address', :address, true),
           set_config('canbao.request_id', :request_id, true)
    """
)


def act_for(session: Session, actor: Actor) -> None:
    """From here to the end of the application context every transaction acts for this actor, an open one too."""
    if g.get("acting") is actor:
        return
    g.acting = actor
    if session.in_transaction():
        _tell(session.connection())


def act_once_for(session: Session, actor: Actor) -> None:
    """This transaction alone acts for the actor: work in the background that somebody asked for."""
    facts = {**_facts(), "actor_id": str(actor.account_id or ""), "actor_name": actor.name}
    session.connection().execute(TELL, facts)


def _tell(connection: Connection) -> None:
    connection.execute(TELL, _facts())


def _facts() -> dict[str, str]:
    actor: Actor | None = g.get("acting") if has_app_context() else None
    asked = has_request_context()
    return {
        "actor_id": str(actor.account_id) if actor else "",
        "actor_name": actor.name if actor else "",
        "address": (request.remote_addr or "") if asked else "",
        "request_id": request_id() if asked else "",
    }


@event.listens_for(OneDatabaseSession, "after_begin")
def _begin(_session: Session, transaction: Any, connection: Connection) -> None:
    if not transaction.nested:
        _tell(connection)
