"""The boundaries of all protection years, as years, windows, extensions and district batches have them now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.rules.boundaries import (
    COVER_ENDS,
    COVER_STARTS,
    DAYS_TO_REFILE,
    PAYMENT_DUE,
    REFILING_DUE,
    VOUCHER_DUE,
    Boundary,
)


def boundaries_to_run(session: Session, now: datetime) -> list[Boundary]:
    """What has passed by now and has not been finished: all of it, however long ago, first the oldest."""
    return _boundaries(session, TO_RUN, {"now": now})


def boundaries_ahead(session: Session, now: datetime, limit: int) -> list[Boundary]:
    """What comes next, the nearest first."""
    return _boundaries(session, AHEAD, {"now": now, "limit": limit})


def _boundaries(session: Session, statement: str, values: dict[str, Any]) -> list[Boundary]:
    rows: Sequence[Any] = session.execute(text(statement), values | NAMES).all()
    return [Boundary(row.name, row.year, row.at) for row in rows]


NAMES: dict[str, Any] = {
    "payment_due": PAYMENT_DUE,
    "refiling_due": REFILING_DUE,
    "voucher_due": VOUCHER_DUE,
    "cover_starts": COVER_STARTS,
    "cover_ends": COVER_ENDS,
    "days_to_refile": DAYS_TO_REFILE,
}

# Days end at midnight in Shanghai, which is the time zone of every connection. The due day of a voucher is in time.
BOUNDARIES = """
    SELECT year, name || '.opens' AS name, opens_at AS at FROM protection_window
    UNION SELECT year, name || '.closes', closes_at FROM protection_window
    UNION SELECT year, "window" || '.extension_ends', closes_at FROM window_extension
    UNION SELECT year, :payment_due, grassroots_payment_due FROM protection_year
    UNION SELECT year, :cover_starts, cover_start::timestamptz FROM protection_year
    UNION SELECT year, :cover_ends, (cover_end + 1)::timestamptz FROM protection_year
    UNION SELECT year, :voucher_due, (voucher_due_on + 1)::timestamptz
            FROM district_batch WHERE status = 'awaiting_payment'
    UNION SELECT d.year, :refiling_due, (d.decided_at::date + :days_to_refile + 1)::timestamptz
            FROM district_batch AS d
            JOIN protection_window AS w ON w.year = d.year AND w.name = 'district_submit'
           WHERE d.status = 'rejected' AND d.decided_at >= w.closes_at
"""

TO_RUN = f"""
    SELECT b.year, b.name, b.at
      FROM ({BOUNDARIES}) AS b
      LEFT JOIN scheduler_run AS r ON r.name = b.name AND r.year = b.year AND r.boundary = b.at
     WHERE b.at <= :now AND r.finished_at IS NULL
     ORDER BY b.at, b.year, b.name
"""  # noqa: S608  (our own text)

AHEAD = f"""
    SELECT b.year, b.name, b.at FROM ({BOUNDARIES}) AS b WHERE b.at > :now ORDER BY b.at, b.year, b.name LIMIT :limit
"""  # noqa: S608  (our own text)
