"""How a process learns how far the training clock is ahead, outside of any transaction of its own."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from app.clock import HowFarAhead
from app.database import CONNECT_ARGUMENTS

AHEAD = "SELECT ahead FROM training_clock"


def look_in(address: str) -> HowFarAhead:
    """What asks the database at this address, each time through a connection of its own: a process may fork."""
    engine = create_engine(address, connect_args=CONNECT_ARGUMENTS, poolclass=NullPool)

    def look() -> timedelta | None:
        try:
            with engine.connect() as connection:
                return connection.scalar(text(AHEAD)) or timedelta()
        except SQLAlchemyError:
            return None

    return look
