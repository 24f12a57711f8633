"""A pooled connection whose server has gone is replaced before anybody works on it."""

from __future__ import annotations

from select import POLLIN, poll
from typing import Any

from psycopg import Connection
from sqlalchemy import event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import Pool


@event.listens_for(Pool, "checkout")
def replace_if_lost(connection: Connection[Any], _record: Any, _fairy: Any) -> None:
    """An idle connection has nothing to say but that it is over, so its socket is looked at: that tells as much as a
    ping after a crash or a restart, and spares every request a round trip."""
    if connection.closed or _has_something_to_say(connection):
        raise InvalidatePoolError


def _has_something_to_say(connection: Connection[Any]) -> bool:
    look = poll()
    look.register(connection.fileno(), POLLIN)
    return bool(look.poll(0))
