"""What row-level security costs: the same queries as the application and as the owner, whom no policy binds.

List, count and figures of a union of 50,000 members, its submit, and its district's list of 190,000. Both sides take
turns, round by round, through the same functions; the first wall stands on both.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

from flask import current_app
from sqlalchemy import Engine, create_engine, func, select, text
from sqlalchemy.orm import Session

from app.acting import LOGIN_ROLE, acting_for
from app.database import CONNECT_ARGUMENTS
from app.database_roles import addresses
from app.extensions import db
from app.models import Member, Union
from app.queries.enrolment import preview
from app.queries.enrolment_people import people
from app.queries.members import MemberFilter, members_matching
from app.queries.paging import Cursor, page_of
from app.queries.years import get_year
from app.rules.enrolment import Bucket, Channel
from app.security.actor import Actor
from app.security.visible import visible_to
from app.services.enrolment import submit_batch
from benchmarks.city import City
from benchmarks.report import emit
from config import Login

MAX_RATIO = 1.10

Work = Callable[[Session, Actor], object]


def main(place: City) -> bool:
    year, now = place.year, place.now

    def figures(session: Session, actor: Actor) -> object:
        union = session.get_one(Union, actor.union_id)
        return preview(session, union, get_year(session, year), Channel.MEMBER_CARD, now=now)

    def people_page(session: Session, actor: Actor) -> object:
        union = session.get_one(Union, actor.union_id)
        return people(
            session, actor, union, get_year(session, year), Channel.MEMBER_CARD, Bucket.ELIGIBLE, after=1000
        )

    def page(session: Session, actor: Actor) -> object:
        query = members_matching(actor, MemberFilter())
        return page_of(session, query, [Member.id], Cursor(), descending=False)

    def named(session: Session, actor: Actor) -> object:
        query = members_matching(actor, MemberFilter(name="会员4999"))
        return page_of(session, query, [Member.id], Cursor(), descending=False)

    def count(session: Session, actor: Actor) -> object:
        return session.scalar(select(func.count()).where(visible_to(actor, Member)))

    def submit(session: Session, actor: Actor) -> object:
        made = submit_batch(session, actor, year=year, channel=Channel.MEMBER_CARD, plan="A", now=now)
        session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        return made.headcount

    union, district = place.big, place.district
    return all(
        [
            _measure("wall.preview.50000", union, figures, 15),
            _measure("wall.people_page.50000", union, people_page, 101),
            _measure("wall.members_page.50000", union, page, 101),
            _measure("wall.members_named.50000", union, named, 101),
            _measure("wall.count.50000", union, count, 41),
            _measure("wall.members_page.190000", district, page, 101),
            _measure("wall.count.190000", district, count, 21),
            _measure("wall.submit.50000", union, submit, 5),
        ]
    )


def _measure(name: str, actor: Actor, work: Work, rounds: int) -> bool:
    """Medians of many rounds, taken in turns: only their ratio counts."""
    behind, before = [], []
    settings = current_app.config["SETTINGS"]
    application = create_engine(addresses(settings).of(Login.APPLICATION), connect_args=CONNECT_ARGUMENTS)
    owner = create_engine(settings.database_url, connect_args=CONNECT_ARGUMENTS)
    for at in range(rounds + 2):
        wall, bare = _ms(application, actor, work), _ms(owner, actor, work, role=LOGIN_ROLE)
        if at >= 2:
            behind.append(wall)
            before.append(bare)
    application.dispose()
    owner.dispose()
    floor = statistics.median(before)
    return emit(name, statistics.median(behind), "ms", floor, MAX_RATIO * floor, max_ratio=MAX_RATIO)


def _ms(engine: Engine, actor: Actor, work: Work, *, role: str = "") -> float:
    """The work of one transaction, told whom it acts for and rolled back; not its beginning and end."""
    with _acting_as(role), engine.connect() as connection:
        session: Session = db.session.session_factory(bind=connection)
        with acting_for(session, actor):
            session.connection()
            start = perf_counter()
            work(session, actor)
            took = perf_counter() - start
            session.rollback()
            session.close()
    return took * 1_000


@contextmanager
def _acting_as(role: str) -> Iterator[None]:
    """Who acts for an account: by default the application."""
    before = current_app.config["APPLICATION_ROLE"]
    current_app.config["APPLICATION_ROLE"] = role or before
    try:
        yield
    finally:
        current_app.config["APPLICATION_ROLE"] = before
