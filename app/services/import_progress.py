"""How far an import is, told while it is at work."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import text
from sqlalchemy.orm import Session

Tell = Callable[[float], None]
"""Told again and again what share of the work is done, from 0 to 1."""


def nobody(share: float) -> None:
    """A listener for work that nobody watches."""


def part(tell: Tell, begin: float, end: float) -> Tell:
    """A listener for one part of the work, which lies between these shares of the whole."""
    return lambda share: tell(begin + (end - begin) * share)


def note_progress(session: Session, import_id: int, share: float, rows_read: int = 0) -> None:
    """Keep a share of the whole; ``rows_read`` only grows, and 0 leaves it as it is."""
    session.execute(
        text(PROGRESS), {"id": import_id, "percent": min(99, int(share * 100)), "rows": rows_read}
    )


PROGRESS = """
    UPDATE import_progress
       SET percent = :percent, rows_read = greatest(rows_read, :rows)
     WHERE import_id = :id
"""
