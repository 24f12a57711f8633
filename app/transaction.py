"""The one owner of the commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.extensions import db
from app.rules.violations import RuleViolation

_OPEN = "canbao_transaction_open"
_QUESTIONS = "canbao_questions_at_commit"
BEGAN = "canbao_transaction_began"
"""Where a session keeps when its transaction began, for `app/acting.py` to fill in."""

LONGEST_COMMIT = timedelta(minutes=1)
"""What checks late and the commit itself take in no case."""

Question = Callable[[timedelta], None]
"""Called with how long the transaction has taken; raises to refuse it."""


@dataclass(frozen=True, slots=True)
class Began:
    """The same moment by two clocks."""

    database: datetime
    monotonic: float


@contextmanager
def transaction() -> Iterator[Session]:
    """Commit what the block did, all or nothing; a call inside another joins it.

    Any exception rolls everything back and goes on to the caller; so does a RuleViolation of what was to be asked
    again at the end.
    """
    session: Session = db.session()
    if session.info.get(_OPEN):
        yield session
        return
    session.info[_OPEN] = True
    entered = monotonic()
    try:
        yield session
        _ask_at_commit(session, entered)
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info.pop(_OPEN, None)
        session.info.pop(_QUESTIONS, None)


def ask_again(session: Session, question: Question) -> None:
    """What was right when a verb began must be right when it commits; outside of `transaction` nothing will commit."""
    if session.info.get(_OPEN):
        session.info.setdefault(_QUESTIONS, []).append(question)


def _ask_at_commit(session: Session, entered: float) -> None:
    """The last thing before the commit: what checks late, and may take long, has checked by then.

    The database's clock says how long the transaction has lasted, less what it stood open before this block. It isn't
    troubled while all would still be right well after any commit.
    """
    questions: list[Question] = session.info.get(_QUESTIONS, [])
    if _right_for_long(questions, timedelta(seconds=monotonic() - entered) + LONGEST_COMMIT):
        return
    session.flush()
    session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    session.execute(text("SET CONSTRAINTS ALL DEFERRED"))  # only what was checked by now had to be
    began: Began = session.info[BEGAN]
    ends = session.scalars(select(func.clock_timestamp())).one()
    lasted = ends - began.database - timedelta(seconds=max(0.0, entered - began.monotonic))
    for question in questions:
        question(lasted)


def _right_for_long(questions: list[Question], lasted: timedelta) -> bool:
    try:
        for question in questions:
            question(lasted)
    except RuleViolation:
        return False
    return True
