"""What a kind of import is made of: checks that keep rows out, and the change that the others make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Check:
    """Rows that must stay out: ``sql`` selects ``row`` and ``facts``; the error is shown at ``column``."""

    code: str
    column: str
    sql: str


@dataclass(frozen=True, slots=True)
class Change:
    """How valid rows become stored ones; ``match`` says which stored row belongs to a staged one.

    Of the columns in ``unsaid`` nobody is told more than that they change.
    """

    table: str
    match: str
    values: Mapping[str, str]
    when_created: Mapping[str, str] = field(default_factory=dict)
    when_updated: Mapping[str, str] = field(default_factory=dict)
    unsaid: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of import: the columns it reads and those looked up for them, each with its SQL type."""

    columns: Mapping[str, str]
    resolved: Mapping[str, str]
    checks: tuple[Check, ...]
    change: Change


def rows_where(condition: str, *, joined: str = "") -> str:
    """The staged rows for which a condition over ``s``, and ``m`` of the joined table, holds."""
    join = f"JOIN {joined}" if joined else ""
    return f"SELECT s.row, '{{}}'::jsonb AS facts FROM staged AS s {join} WHERE {condition}"  # noqa: S608


def repeated(key: str, *, several: str = "*") -> str:
    """Rows that share a key with another row of the workbook; ``several`` narrows what counts as another."""
    return f"""
        SELECT s.row, jsonb_build_object('rows', twice.rows) AS facts
          FROM staged AS s
          JOIN (SELECT {key}, array_to_string((array_agg(row ORDER BY row))[1:10], ', ') AS rows
                  FROM staged
                 WHERE {key} IS NOT NULL
                 GROUP BY {key}
                HAVING count({several}) > 1) AS twice USING ({key})
    """  # noqa: S608
