"""Values that a statement always asks with, written into its text instead of sent beside it each time.

Where a member stands is asked with forty of them. Without, the statement is half as long, there is little to send, and
the planner knows what is asked. Only our own closed sets and the days that rules work out come here, never what
somebody typed.
"""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum

from sqlalchemy import ColumnElement, Date, String, literal_column

_PLAIN_WORD = re.compile(r"[a-z0-9_]+")


def constant(value: StrEnum) -> ColumnElement[str]:
    """The stored word of a closed set. Raises ValueError for one that would have to be quoted."""
    if not _PLAIN_WORD.fullmatch(value.value):
        raise ValueError(f"{value!r} is no plain word")
    return literal_column(f"'{value.value}'", String)


def constant_day(day: date) -> ColumnElement[date]:
    return literal_column(f"DATE '{day.isoformat()}'", Date)


ONE: ColumnElement[int] = literal_column("1")
