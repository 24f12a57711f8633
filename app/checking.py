"""`canbao check`, on both cores where there is much: the numbers are opened by a process of its own meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.acting import acting_for
from app.extensions import db
from app.queries.check import Lie, lies_by_sql, lies_of_seals
from app.security.actor import SYSTEM
from app.transaction import transaction
from config import Login, Settings

if TYPE_CHECKING:
    from collections.abc import Callable

MANY = 300_000
"""Members from which a second process is worth its start."""

ABOUT_HOW_MANY = "SELECT reltuples FROM pg_class WHERE oid = 'member'::regclass"


def find_all_lies(settings: Settings) -> list[Lie]:
    """As ``find_lies``; with many members in two transactions side by side, each of which is whole in itself."""
    with transaction() as session:
        if session.scalars(text(ABOUT_HOW_MANY)).one() < MANY:
            return [*lies_by_sql(session), *lies_of_seals(session)]
    with _aside(settings) as seals:
        with transaction() as session:
            found = list(lies_by_sql(session))
        return [*found, *seals()]


@contextmanager
def _aside(settings: Settings) -> Iterator[Callable[[], list[Lie]]]:
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as process:
        yield process.submit(_seals_apart, settings).result


def _seals_apart(settings: Settings) -> list[Lie]:
    from app import create_app

    with create_app(settings, Login.SCHEDULER).app_context():
        session: Session = db.session()
        with acting_for(session, SYSTEM), transaction():
            return list(lies_of_seals(session))
