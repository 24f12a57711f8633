"""The one owner of the commit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from app.extensions import db

_OPEN = "canbao_transaction_open"


@contextmanager
def transaction() -> Iterator[Session]:
    """Commit what the block did, all or nothing; a call inside another joins it.

    Any exception rolls everything back and goes on to the caller.
    """
    session: Session = db.session()
    if session.info.get(_OPEN):
        yield session
        return
    session.info[_OPEN] = True
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info.pop(_OPEN, None)
