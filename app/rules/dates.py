"""Dates as people write them (2026-01-05, 2026/1/5, 20260105, 2026年1月5日) and how long a document holds."""

from __future__ import annotations

import re
from datetime import date, timedelta
from enum import StrEnum

from app.rules.violations import RuleViolation
from app.rules.writing import Cell, cell_text, compact, half_width

LONG_TERM = date(9999, 12, 31)
"""What 长期 is read as: a document that never expires."""

LONG_TERM_WORD = "长期"
_LONG_TERM_WORDS = frozenset({LONG_TERM_WORD, "长期有效"})
SOON = timedelta(days=90)
EARLIEST = date(1900, 1, 1)

_WRITTEN = re.compile(
    r"(?P<y>\d{4})(?:-(?P<m>\d{1,2})-(?P<d>\d{1,2})|/(?P<m2>\d{1,2})/(?P<d2>\d{1,2})|\.(?P<m3>\d{1,2})\.(?P<d3>\d{1,2})"
    r"|年(?P<m4>\d{1,2})月(?P<d4>\d{1,2})[日号]|(?P<m5>\d{2})(?P<d5>\d{2}))",
    re.ASCII,
)
_TIME = re.compile(r"(?:\s+|T)\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?$", re.ASCII)
_SPAN = re.compile(r"\d{4}\.?\d{1,2}\.?\d{1,2}(?:-{1,2}|~|至|—{1,2})(?P<end>.+)", re.ASCII)
_DAY_ZERO = date(1899, 12, 30)
_DAY_NUMBERS = range(10_000, 73_051)
"""1927 to 2099 as a spreadsheet counts them: what a date becomes when its cell loses the format of a date."""


class Expiry(StrEnum):
    """How a document stands on a day: expired blocks a card, soon is flagged."""

    UNKNOWN = "unknown"
    EXPIRED = "expired"
    SOON = "soon"
    VALID = "valid"
    LONG_TERM = "long_term"


def read_date(cell: Cell) -> date:
    """A date in any of the usual forms, from 1900 on; RuleViolation ``date_invalid`` for anything else.

    A number cell may hold the spreadsheet's own count of days; a text like that is no date.
    """
    if not isinstance(cell, str) and int(cell) in _DAY_NUMBERS:
        return _DAY_ZERO + timedelta(days=int(cell))
    match = _WRITTEN.fullmatch(compact(_TIME.sub("", half_width(cell_text(cell)))))
    if match is None:
        raise RuleViolation("date_invalid")
    year, month, day = (int(part) for part in match.groups() if part is not None)
    try:
        found = date(year, month, day)
    except ValueError as impossible:
        raise RuleViolation("date_invalid") from impossible
    if found < EARLIEST:
        raise RuleViolation("date_invalid")
    return found


def read_past_date(cell: Cell, today: date) -> date:
    """A date that can't lie ahead (a birth, a joining, a query); RuleViolation ``date_in_future``."""
    found = read_date(cell)
    if found > today:
        raise RuleViolation("date_in_future")
    return found


def read_expiry(cell: Cell) -> date:
    """The day a document expires on, ``LONG_TERM`` for 长期; expired ones are accepted and flagged later.

    A span is read as documents print it (2010.01.05-2030.01.05, 2010.01.05-长期): its end counts.
    """
    span = _SPAN.fullmatch(compact(cell_text(cell)))
    written = span["end"] if span else cell
    if compact(cell_text(written)) in _LONG_TERM_WORDS:
        return LONG_TERM
    try:
        return read_date(written)
    except RuleViolation as problem:
        raise RuleViolation("expiry_invalid") from problem


def expiry(expires_on: date | None, never_expires: bool, today: date) -> Expiry:
    """How a document stands today; it still holds on its last day."""
    if never_expires:
        return Expiry.LONG_TERM
    if expires_on is None:
        return Expiry.UNKNOWN
    if expires_on < today:
        return Expiry.EXPIRED
    return Expiry.SOON if expires_on <= today + SOON else Expiry.VALID


def blocks_card(state: Expiry) -> bool:
    """Whether no card may be issued on such a document (domain section 7)."""
    return state is Expiry.EXPIRED


def require_renewal(expires_on: date | None, never_expires: bool, renewed: date, today: date) -> None:
    """A renewed document holds beyond today, and longer than the one before: ``renewal_past``, ``renewal_earlier``."""
    if renewed <= today:
        raise RuleViolation("renewal_past")
    before = LONG_TERM if never_expires else expires_on
    if before is not None and renewed <= before:
        raise RuleViolation("renewal_earlier", before=LONG_TERM_WORD if never_expires else before)
