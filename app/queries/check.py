"""`canbao check`: every figure derived again from its rows, every promise of the design looked at.

Each check is one statement over whole tables that answers ``(object, expected, found)`` for what is wrong,
and nothing when all is well. What is sealed is read by one statement and opened here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.queries.check_audit import AUDIT_CHECKS
from app.queries.check_enrolment import ENROLMENT_CHECKS
from app.queries.check_figures import FIGURE_CHECKS
from app.queries.check_log import LOG_CHECKS
from app.queries.check_money import MONEY_CHECKS
from app.queries.check_personal import PERSONAL_CHECKS
from app.queries.check_scope import SCOPE_CHECKS
from app.queries.check_seals import wrong_seals

MEMORY = "256MB"
"""For joins and sorts of whole tables; one check runs at a time."""


@dataclass(frozen=True, slots=True)
class Lie:
    """Something stored that its rows contradict: ``what`` names the check, ``object`` the row."""

    what: str
    object: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.what}: {self.object}: expected {self.expected}, found {self.found}"


def find_lies(session: Session) -> list[Lie]:
    """All lies, by check; an empty list when every figure agrees with its rows."""
    return [*lies_by_sql(session), *lies_of_seals(session)]


def lies_by_sql(session: Session) -> Iterator[Lie]:
    """What the database finds by itself."""
    session.execute(text(f"SET LOCAL work_mem = '{MEMORY}'"))
    return chain.from_iterable(_lies_of(session, what, sql) for what, sql in all_checks().items())


def lies_of_seals(session: Session) -> Iterator[Lie]:
    """What only shows when the numbers are opened."""
    return (Lie(*wrong) for wrong in wrong_seals(session))


def all_checks() -> dict[str, str]:
    """The statements by name, in the order in which they run."""
    return {
        **ENROLMENT_CHECKS,
        **MONEY_CHECKS,
        **LOG_CHECKS,
        **AUDIT_CHECKS,
        **SCOPE_CHECKS,
        **PERSONAL_CHECKS,
        **FIGURE_CHECKS,
    }


def _lies_of(session: Session, what: str, sql: str) -> Iterator[Lie]:
    for found in session.execute(text(sql)):
        yield Lie(what, *(str(part) for part in found))
