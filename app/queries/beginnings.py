"""Finding names by their beginning, in a way that an index serves behind row-level security too."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_

LAST_SIGN = 0x10FFFF
SURROGATES = range(0xD800, 0xE000)


def begins_with(column: Any, text: str) -> ColumnElement[bool]:
    """What ``LIKE 'text%'`` says, as two comparisons sign by sign.

    ``LIKE`` may tell of rows that a policy hides, by an error message for instance, so PostgreSQL asks it last, after
    the policy and without an index. These operators tell nothing, and the index ``member_by_name`` has them.
    """
    end = _after_all(text)
    begun: ColumnElement[bool] = column.bool_op("~>=~")(text)
    return begun if end is None else and_(begun, column.bool_op("~<~")(end))


def _after_all(text: str) -> str | None:
    """The least text behind everything that begins with this one; ``None`` where there is no such text."""
    for at in range(len(text) - 1, -1, -1):
        if ord(text[at]) < LAST_SIGN:
            following = ord(text[at]) + 1
            return text[:at] + chr(SURROGATES.stop if following in SURROGATES else following)
    return None
