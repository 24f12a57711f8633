"""kill -9 of web, worker, scheduler and PostgreSQL at random points: nothing that was acknowledged is lost or doubled.

``CANBAO_KILLS=200`` kills more often, ``CANBAO_KILLS_SEED`` brings back what a run printed.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from sqlalchemy import Engine, NullPool, create_engine, func, select, text, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app import create_app
from app.clock import now, today
from app.database import leave_embedded
from app.database_roles import addresses
from app.extensions import db
from app.models import Enrolment, EnrolmentBatch, ImportRun, Member, ProtectionWindow, ProtectionYear, Union
from app.rules.imports import ImportState
from app.rules.members import IdType
from app.rules.organisation import UnionLevel
from app.rules.years import WindowName
from app.security.persons import key_of
from app.security.roles import Role
from app.transaction import transaction
from config import Login, load_settings
from tests.factories import make_account, make_fees, make_members, make_year
from tests.factories.accounts import bearer
from tests.factories.city import make_union
from tests.processes.at_work import ROWS, Deadlines, Importing, Submitting
from tests.processes.product import Product, postmaster_of, wait_until

KILLS = int(os.environ.get("CANBAO_KILLS", "6"))
SEED = int(os.environ.get("CANBAO_KILLS_SEED") or time.time_ns() % 1_000_000)
PEOPLE = 100 + 12 * KILLS
"""Members of each union: nobody should run out of work."""
REPEATED = 20
LONGEST_PAUSE = 2.0
SECONDS_TO_SETTLE = 60
LIVES_LONG = timedelta(days=9)

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("processes")]


@dataclass(frozen=True, slots=True)
class People:
    submitting: list[Submitting]
    importing: list[Importing]
    deadlines: Deadlines

    def told(self) -> int:
        """How many answers they have got that told of something done."""
        return sum(each.told for each in (*self.submitting, *self.importing))

    def faults(self) -> list[str]:
        return [fault for each in (*self.submitting, *self.importing) for fault in each.faults]


def test_whoever_dies_nothing_acknowledged_is_lost_or_doubled_and_nothing_stays_stuck(
    data_dir: Path, start: Callable[..., Product]
) -> None:
    print(f"{KILLS} kills, CANBAO_KILLS_SEED={SEED}")
    product = start()
    wait_until(product.is_ready)
    with beside(product, data_dir) as owner:
        with at_work(product, owner) as people:
            killed = kill_at_random(random.Random(SEED), product, data_dir, people)
        wait_until(product.is_ready, SECONDS_TO_SETTLE)
        wait_until(lambda: unfinished(owner) == [], SECONDS_TO_SETTLE)

        print("killed:", dict(killed))
        print("submits:", sum(len(each.submitted) for each in people.submitting))
        print("answers lost:", sum(each.lost for each in (*people.submitting, *people.importing)))
        print("imports:", sum(len(each.imported) for each in people.importing))
        print("closings passed:", people.deadlines.passed)
        assert people.faults() == []
        no_submit_is_lost_or_doubled(people.submitting)
        each_list_is_in_whole_or_not_at_all(people.importing)
    check = product.run_command("check")
    assert (check.returncode, check.stdout) == (0, "Every figure agrees with its rows.\n")


@contextmanager
def beside(product: Product, data_dir: Path) -> Iterator[Engine]:
    """The application's context in this process too, and a connection that sees all; neither keeps the server up."""
    settings = load_settings(product.environment)
    owner = create_engine(addresses(settings).owner, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    try:
        with create_app(settings, Login.SCHEDULER).app_context():
            yield owner
            db.session.remove()
            db.engine.dispose()
    finally:
        leave_embedded(data_dir)


@contextmanager
def at_work(product: Product, owner: Engine) -> Iterator[People]:
    """Everybody at work meanwhile; afterwards each has come to the end of what it was at."""
    stop, no_more_deadlines = threading.Event(), threading.Event()
    with transaction() as session:
        unions = make_unions(session)
        year = make_year(session, today().year + 1).year
        make_fees(session, year)
        spans = {"opens_at": now() - LIVES_LONG, "closes_at": now() + LIVES_LONG}
        session.execute(update(ProtectionWindow).values(**spans))
        closing = update(ProtectionWindow).where(ProtectionWindow.name == WindowName.GRASSROOTS_SUBMIT)
        session.execute(closing.values(closes_at=now() + timedelta(seconds=10)))
        session.execute(update(ProtectionYear).values(grassroots_payment_due=now() + LIVES_LONG))
        headers = [bearer(make_account(session, union, Role.OPERATOR).id) for union in unions]
        lists = [
            [member.id for member in make_members(session, union, PEOPLE, has_card=False)] for union in unions
        ]
    people = People(
        [
            Submitting(product.address, header, stop, year, members)
            for header, members in zip(headers, lists, strict=True)
        ],
        [Importing(product.address, header, stop, 1_000_000 * at) for at, header in enumerate(headers[:2])],
        Deadlines(owner, no_more_deadlines),
    )
    working = [*people.submitting, *people.importing]
    for each in (*working, people.deadlines):
        each.start()
    try:
        yield people
    finally:
        # Who has lost an answer asks until it is told, and may need the window open for that.
        for last, those in ((stop, working), (no_more_deadlines, [people.deadlines])):
            last.set()
            for each in those:
                each.join()


def make_unions(session: Session) -> list[Union]:
    """Four grassroots unions below the city that the first start has made."""
    city = session.scalars(select(Union)).one()
    district = make_union(session, UnionLevel.DISTRICT, city)
    second = make_union(session, UnionLevel.SECOND, district)
    return [
        make_union(session, UnionLevel.GRASSROOTS, above) for above in (district, district, second, second)
    ]


def kill_at_random(chance: random.Random, product: Product, data_dir: Path, people: People) -> Counter[str]:
    """kill -9, again and again, while there is work: somebody has been told something since the last one."""
    killed: Counter[str] = Counter()
    while killed.total() < KILLS:
        before = people.told()
        wait_until(lambda before=before: people.told() > before, SECONDS_TO_SETTLE)
        threading.Event().wait(chance.uniform(0, LONGEST_PAUSE))
        victim = chance.choice(VICTIMS)
        try:
            process = victim(product, data_dir, chance)
            if process is not None:
                process.kill()
                killed[victim.__name__] += 1
        except (psutil.Error, OSError, ValueError):
            continue  # It has died by itself, or isn't there yet.
    return killed


def web(product: Product, data_dir: Path, chance: random.Random) -> psutil.Process | None:
    return product.part("web")


def process_of_the_web(product: Product, data_dir: Path, chance: random.Random) -> psutil.Process | None:
    parent = product.part("web")
    children = parent.children() if parent else []
    return chance.choice(children) if children else None


def worker(product: Product, data_dir: Path, chance: random.Random) -> psutil.Process | None:
    return product.part("worker")


def scheduler(product: Product, data_dir: Path, chance: random.Random) -> psutil.Process | None:
    return product.part("scheduler")


def database(product: Product, data_dir: Path, chance: random.Random) -> psutil.Process | None:
    return postmaster_of(data_dir)


def process_of_the_database(product: Product, data_dir: Path, chance: random.Random) -> psutil.Process | None:
    children = postmaster_of(data_dir).children()
    return chance.choice(children) if children else None


VICTIMS = (web, process_of_the_web, worker, scheduler, database, process_of_the_database)


def unfinished(owner: Engine) -> list[str]:
    """Jobs, turns and boundaries that somebody still holds. A retry that waits for its time is brought forward."""
    try:
        with owner.connect() as connection:
            connection.execute(text(BRING_FORWARD))
            return list(connection.scalars(text(UNFINISHED)))
    except SQLAlchemyError as problem:
        return [str(problem)]


BRING_FORWARD = """
    UPDATE procrastinate_jobs SET scheduled_at = NULL WHERE status = 'todo' AND scheduled_at IS NOT NULL
"""

UNFINISHED = """
    SELECT format('job %s %s %s', id, task_name, status) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')
     UNION ALL
    SELECT format('import %s %s', id, state) FROM import_run WHERE state IN ('queued', 'checking', 'committing')
     UNION ALL
    SELECT format('boundary %s %s', name, boundary) FROM scheduler_run WHERE finished_at IS NULL
     UNION ALL
    SELECT format('%s lies in transaction', pid) FROM pg_stat_activity
     WHERE datname = current_database() AND state LIKE 'idle in transaction%'
       AND state_change < clock_timestamp() - interval '5 seconds'
"""


def no_submit_is_lost_or_doubled(submitting: list[Submitting]) -> None:
    """Each is there with its member, and the key gives the same batch again; there are no others."""
    told = {one.batch_id: one.member_id for each in submitting for one in each.submitted}
    assert len(told) == sum(len(each.submitted) for each in submitting) >= len(submitting)
    with transaction() as session:
        found = session.execute(select(Enrolment.batch_id, Enrolment.member_id)).all()
        assert sorted(map(tuple, found)) == sorted(told.items())
        assert set(session.scalars(select(EnrolmentBatch.id))) == set(told)
    for each in submitting:
        for one in each.submitted[-REPEATED:]:
            again = each.submit(one.key, one.member_id)
            assert again is not None and again["id"] == one.batch_id
    assert [fault for each in submitting for fault in each.faults] == []


def each_list_is_in_whole_or_not_at_all(importing: list[Importing]) -> None:
    with transaction() as session:
        states = dict(session.execute(select(ImportRun.id, ImportRun.state)).all())
        runs = [run for each in importing for run in each.imported]
        assert sorted(states) == sorted(run.import_id for run in runs)
        for run in runs:
            keys = [key_of(IdType.PASSPORT, f"P{run.first + at:07d}") for at in range(ROWS)]
            there = session.scalar(select(func.count()).where(Member.person_key.in_(keys)))
            state = states[run.import_id]
            assert there == (ROWS if state is ImportState.DONE else 0), (run, state)
            assert state in (ImportState.READY, ImportState.DONE, ImportState.FAILED), run
            assert not (run.confirmed and state is ImportState.READY), run
    assert ImportState.DONE in states.values()
