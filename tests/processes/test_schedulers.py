"""Several schedulers as they really run: one leads, kill -9 it and another does, and nothing is missed or doubled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from app import create_app
from app.clock import midnight, now
from app.database_roles import addresses
from app.models import ProtectionWindow
from app.queries.check import find_lies
from app.transaction import transaction
from config import Login
from tests.databases import settings_for
from tests.factories import Tree, make_fees, make_tree, make_year
from tests.factories.batches import SUBMITTING, make_batch

ROOT = Path(__file__).resolve().parents[2]
SECONDS_TO_START = 60
SECONDS_TO_TAKE_OVER = 10

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("processes")]

LEADER = """
    SELECT pid FROM pg_locks
     WHERE locktype = 'advisory' AND granted AND objid = CAST(:key AS bigint) & 4294967295
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
LAPSED_SO_FAR = """
    SELECT CAST(touched ->> 'lapsed_unfiled' AS integer) FROM scheduler_run WHERE name = 'district_submit.closes'
"""
WAITS_FOR_SOMEBODY = """
    SELECT count(*) FROM pg_stat_activity
     WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%trade_union%FOR NO KEY UPDATE%'
"""
DONE = "SELECT count(*) FROM scheduler_run WHERE name = 'district_submit.closes' AND ok"


@pytest.fixture
def owner(committed_database: str) -> Iterator[Engine]:
    engine = create_engine(committed_database, isolation_level="AUTOCOMMIT")
    yield engine
    engine.dispose()


@pytest.fixture
def start(committed_database: str, tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Start one more scheduler on the same database."""
    settings = settings_for(committed_database, tmp_path)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CANBAO_")}
    environment |= {
        "CANBAO_SCHEDULER_DATABASE_URL": addresses(settings).scheduler,
        "CANBAO_APP_DATABASE_URL": addresses(settings).application,
        "CANBAO_SECRET_KEY": settings.secret_key,
        "CANBAO_DATA_DIR": str(tmp_path),
        "CANBAO_DEMO": "0",
    }
    started: list[subprocess.Popen[bytes]] = []
    log = (tmp_path / "schedulers.txt").open("wb")

    def one_more() -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "run.py", "scheduler"], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
        started.append(process)
        return process

    yield one_more
    for process in started:
        process.kill()
        process.wait()
    log.close()
    print((tmp_path / "schedulers.txt").read_text())


def wait_until(holds: Callable[[], object], seconds: float) -> float:
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds, "it didn't happen in time"
        time.sleep(0.1)
    return time.monotonic() - began


def leads(owner: Engine) -> int | None:
    """The connection that holds the leader's lock."""
    from scheduler.process import LEADER_LOCK

    with owner.connect() as connection:
        found: int | None = connection.scalar(text(LEADER), {"key": LEADER_LOCK})
        return found


def count(owner: Engine, statement: str) -> int:
    with owner.connect() as connection:
        return connection.scalar(text(statement)) or 0


def three_submit(session: Session) -> Tree:
    """Three unions of one year have submitted; nobody has filed."""
    tree = make_tree(session)
    make_year(session)
    make_fees(session)
    for union in (tree.grassroots, tree.sibling, tree.straight):
        make_batch(session, union, now=SUBMITTING)
    return tree


def test_when_the_leader_is_killed_another_leads_within_ten_seconds_and_misses_nothing(
    committed_database: str, tmp_path: Path, owner: Engine, start: Callable[[], subprocess.Popen[bytes]]
) -> None:
    with create_app(settings_for(committed_database, tmp_path), Login.SCHEDULER).app_context():
        with transaction() as session:
            three_submit(session)
        # All schedulers were down when filing closed: the first to lead does it.
        first = start()
        wait_until(lambda: count(owner, DONE) == 1, SECONDS_TO_START)
        assert count(owner, "SELECT count(*) FROM enrolment_batch WHERE status = 'lapsed'") == 3
        order = "SELECT count(*) FROM (SELECT boundary < lag(boundary) OVER (ORDER BY id) AS back" + (
            " FROM scheduler_run WHERE year IS NOT NULL) AS r WHERE back"
        )
        assert count(owner, order) == 0
        second = start()
        old = leads(owner)
        wait_until(lambda: second.poll() is None and waits(owner, old), SECONDS_TO_START)

        first.send_signal(signal.SIGKILL)
        first.wait()
        took = wait_until(lambda: leads(owner) not in (None, old), SECONDS_TO_TAKE_OVER)
        assert took < SECONDS_TO_TAKE_OVER

        # A window that is moved while the new one leads: its closing is another boundary, run when it has passed.
        with transaction() as session:
            window = session.get_one(ProtectionWindow, (2025, "district_submit"))
            window.closes_at = midnight((now() - timedelta(days=1)).date())
        wait_until(lambda: count(owner, DONE) == 2, SECONDS_TO_START)
        with transaction() as session:
            assert find_lies(session) == []
        assert count(owner, "SELECT count(*) FROM event WHERE action = 'lapse'") == 3


def test_killed_half_way_through_a_boundary_the_next_goes_on_and_lapses_each_list_once(
    committed_database: str, tmp_path: Path, owner: Engine, start: Callable[[], subprocess.Popen[bytes]]
) -> None:
    with create_app(settings_for(committed_database, tmp_path), Login.SCHEDULER).app_context():
        with transaction() as session:
            tree = three_submit(session)
            busy = tree.sibling.id
        with owner.connect().execution_options(isolation_level="READ COMMITTED") as at_work:
            at_work.execute(text("SELECT FROM trade_union WHERE id = :busy FOR UPDATE"), {"busy": busy})
            first = start()
            wait_until(lambda: count(owner, WAITS_FOR_SOMEBODY) == 1, SECONDS_TO_START)
            assert count(owner, LAPSED_SO_FAR) == 2
            assert count(owner, DONE) == 0
            first.send_signal(signal.SIGKILL)
            first.wait()
        start()
        wait_until(lambda: count(owner, DONE) == 1, SECONDS_TO_START)
        assert count(owner, LAPSED_SO_FAR) == 3
        assert count(owner, "SELECT count(*) FROM event WHERE action = 'lapse'") == 3
        with transaction() as session:
            assert find_lies(session) == []


def waits(owner: Engine, leader: int | None) -> bool:
    """Another scheduler is connected and has tried to lead."""
    tried = (
        "SELECT count(DISTINCT pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND query LIKE '%pg_try_advisory_lock%'"
        " AND pid NOT IN (:leader, pg_backend_pid())"
    )
    with owner.connect() as connection:
        return bool(connection.scalar(text(tried), {"leader": leader}))
