"""Lists narrowed to days: a reader means days in Shanghai, the database keeps instants."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute

from app.clock import midnight


def on_days(
    instant: InstrumentedAttribute[Any], first: date | None, last: date | None
) -> Iterator[ColumnElement[bool]]:
    """Conditions for an instant from ``first`` to ``last``, both included; an absent end is open."""
    if first is not None:
        yield instant >= midnight(first)
    if last is not None:
        yield instant < midnight(last + timedelta(days=1))
