"""The instants at which something begins or ends in the years that are set."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import midnight
from app.models import ProtectionYear, WindowExtension
from app.rules.years import WindowName


class BoundaryKind(StrEnum):
    WINDOW_OPENS = "window_opens"
    WINDOW_CLOSES = "window_closes"
    EXTENSION_ENDS = "extension_ends"
    PAYMENT_DUE = "payment_due"
    COVER_STARTS = "cover_starts"
    COVER_ENDS = "cover_ends"


@dataclass(frozen=True, slots=True, order=True)
class Boundary:
    at: datetime
    kind: BoundaryKind
    year: int
    window: WindowName | None = None


def boundaries_after(session: Session, now: datetime, limit: int = 8) -> list[Boundary]:
    """What comes next, the earliest first; Asia/Shanghai."""
    found: list[Boundary] = []
    for year in session.scalars(select(ProtectionYear)):
        found += [
            Boundary(year.grassroots_payment_due, BoundaryKind.PAYMENT_DUE, year.year),
            Boundary(midnight(year.cover_start), BoundaryKind.COVER_STARTS, year.year),
            Boundary(_after(year.cover_end), BoundaryKind.COVER_ENDS, year.year),
        ]
        for window in year.windows:
            found += [
                Boundary(window.opens_at, BoundaryKind.WINDOW_OPENS, year.year, window.name),
                Boundary(window.closes_at, BoundaryKind.WINDOW_CLOSES, year.year, window.name),
            ]
    extensions = select(WindowExtension.closes_at, WindowExtension.year, WindowExtension.window).distinct()
    found += [
        Boundary(closes_at, BoundaryKind.EXTENSION_ENDS, year, window)
        for closes_at, year, window in session.execute(extensions.where(WindowExtension.closes_at > now))
    ]
    ahead = [boundary for boundary in found if boundary.at > now]
    return sorted(ahead, key=lambda boundary: (boundary.at, boundary.kind, boundary.window or ""))[:limit]


def _after(day: date) -> datetime:
    return midnight(day + timedelta(days=1))
