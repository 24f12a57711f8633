"""The one lock that all who create or move many members take."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

PEOPLE_LOCK = 0x636270656F
"""A person or a phone number can't come in twice at the same moment, and nobody waits for each other's rows."""


def lock_people(session: Session) -> None:
    """Wait until nobody else creates or moves many members; held to the end of the transaction."""
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": PEOPLE_LOCK})
