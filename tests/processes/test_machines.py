"""Three webs, workers and schedulers against one PostgreSQL, each with a disk of its own as if on a machine of its own.

One of each is killed: who is signed in stays so, what was uploaded is done once, and somebody leads.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, NullPool, create_engine, func, select, text

from app import create_app
from app.database_roles import addresses
from app.models import Member
from app.queries.check import find_lies
from app.security.roles import Role
from app.transaction import transaction
from config import Login
from scheduler.process import LEADER_LOCK
from scheduler.routines import WORKER_LOCK
from tests.databases import settings_for
from tests.factories import make_account, make_tree
from tests.factories.accounts import PASSWORD
from tests.factories.imports import passport, sheet_of
from tests.processes.product import free_port, wait_until

ROOT = Path(__file__).resolve().parents[2]
MACHINES, ROWS, WRONG = 3, 30, 2
SECONDS_TO_START, SECONDS_TO_TAKE_OVER = 150, 10

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("processes")]

HOLDERS = """
    SELECT objid, pid FROM pg_locks
     WHERE locktype = 'advisory' AND granted AND classid = :lock
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
LEADERS = """
    SELECT pid FROM pg_locks
     WHERE locktype = 'advisory' AND granted AND objid = CAST(:key AS bigint) & 4294967295
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
BEGUN = """
    SELECT j.id, count(*) FILTER (WHERE e.type = 'started') AS begun
      FROM procrastinate_jobs AS j JOIN procrastinate_events AS e ON e.job_id = j.id
     WHERE j.task_name LIKE 'imports.%' AND CAST(j.args ->> 'import_id' AS bigint) = :import_id
     GROUP BY j.id
"""
AT_WORK = "SELECT worker_id FROM procrastinate_jobs WHERE status = 'doing' AND task_name LIKE 'imports.%'"


@dataclass(slots=True)
class Site:
    """The processes by part, in the order of their start; ``workers`` by the number that the queue gave them."""

    owner: Engine
    environment: dict[str, str]
    folder: Path
    webs: list[tuple[subprocess.Popen[bytes], str]] = field(default_factory=list)
    workers: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)
    schedulers: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, part: str) -> tuple[subprocess.Popen[bytes], str]:
        """One more, on a disk and a port of its own."""
        number, port = len(self.started), free_port()
        own = {"CANBAO_DATA_DIR": str(self.folder / f"machine-{number}"), "CANBAO_PORT": str(port)}
        (self.folder / f"machine-{number}").mkdir()
        with (self.folder / "log.txt").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "run.py", part], cwd=ROOT, env=self.environment | own, stdout=log, stderr=log
            )
        self.started.append(process)
        return process, f"http://127.0.0.1:{port}"

    def count(self, statement: str, **facts: Any) -> Any:
        with self.owner.connect() as connection:
            return connection.scalar(text(statement), facts)

    def present_workers(self) -> set[int]:
        with self.owner.connect() as connection:
            return {row.objid for row in connection.execute(text(HOLDERS), {"lock": WORKER_LOCK})}

    def leaders(self) -> set[int]:
        with self.owner.connect() as connection:
            return set(connection.scalars(text(LEADERS), {"key": LEADER_LOCK}))


@pytest.fixture
def site(committed_database: str, tmp_path: Path) -> Iterator[Site]:
    settings = settings_for(committed_database, tmp_path)
    places = addresses(settings)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CANBAO_")}
    environment |= {
        "CANBAO_APP_DATABASE_URL": places.application,
        "CANBAO_SCHEDULER_DATABASE_URL": places.scheduler,
        "CANBAO_SECRET_KEY": settings.secret_key,
        "CANBAO_DEMO": "0",
        "CANBAO_CAPTCHA": "0",
        "CANBAO_WEB_WORKERS": "1",
    }
    owner = create_engine(committed_database, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    made = Site(owner, environment, tmp_path)
    with create_app(settings, Login.SCHEDULER).app_context():
        yield made
    for process in made.started:
        process.kill()
        process.wait()
    print((tmp_path / "log.txt").read_text())


def start_all(site: Site) -> None:
    site.webs = [site.start("web") for _ in range(MACHINES)]
    for _ in range(MACHINES):
        before = site.present_workers()
        process, _address = site.start("worker")
        wait_until(lambda before=before: site.present_workers() - before, SECONDS_TO_START)
        (number,) = site.present_workers() - before
        site.workers[number] = process
    first, _address = site.start("scheduler")
    wait_until(site.leaders, SECONDS_TO_START)
    site.schedulers = {0: first, **{number: site.start("scheduler")[0] for number in (1, 2)}}
    for _process, address in site.webs:
        wait_until(lambda address=address: answers(f"{address}/readyz"), SECONDS_TO_START)


def answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=10).status_code == 200
    except httpx.HTTPError:
        return False


def test_three_machines_are_one_product_and_one_of_each_may_die(site: Site) -> None:
    with transaction() as session:
        tree = make_tree(session)
        make_account(session, tree.grassroots, Role.OPERATOR, username="operator")
        union_id = tree.grassroots.id
    start_all(site)
    webs = [address for _process, address in site.webs]

    # A sign-in at one is one at all: a program's token, and a browser's cookie.
    token = signed_in(webs[0])
    browser = with_cookie(webs[0])
    for address in webs[1:]:
        assert httpx.get(f"{address}/api/v1/me", headers=token, timeout=30).json()["username"] == "operator"
        assert "会员信息" in httpx.get(f"{address}/members/", cookies=browser, timeout=30).text

    # What is uploaded at one is worked on once, by whichever worker, and seen by all, its file too.
    first = upload(webs[0], token, 0)
    wait_until(lambda: state(webs[1], token, first) == "ready", SECONDS_TO_START)
    assert httpx.post(
        f"{webs[2]}/api/v1/imports/{first}/commit", headers=token, json={}, timeout=30
    ).is_success
    wait_until(lambda: state(webs[1], token, first) == "done", SECONDS_TO_START)
    assert begun(site, first) == {1}
    wrong = httpx.get(f"{webs[2]}/api/v1/imports/{first}/errors.xlsx", headers=token, timeout=30)
    assert wrong.content.startswith(b"PK")
    assert len(site.leaders()) == 1

    # One of each dies: a web, the worker that is at work, the scheduler that leads.
    with site.owner.connect().execution_options(isolation_level="READ COMMITTED") as at_it, at_it.begin():
        at_it.execute(text("LOCK TABLE member IN ACCESS EXCLUSIVE MODE"))
        second = upload(webs[1], token, ROWS)
        wait_until(lambda: site.count(AT_WORK), SECONDS_TO_START)
        victim = site.workers.pop(site.count(AT_WORK))
        led = site.leaders()
        for process in (victim, site.schedulers.pop(0), site.webs[0][0]):
            process.kill()
            process.wait()
        wait_until(lambda: site.leaders() and site.leaders() != led, SECONDS_TO_TAKE_OVER)
    # The killed web's own children answer until they see that it is gone.
    wait_until(lambda: not answers(f"{webs[0]}/readyz"), SECONDS_TO_TAKE_OVER)

    wait_until(lambda: state(webs[1], token, second) == "ready", SECONDS_TO_START)
    assert httpx.post(
        f"{webs[2]}/api/v1/imports/{second}/commit", headers=token, json={}, timeout=30
    ).is_success
    wait_until(lambda: state(webs[2], token, second) == "done", SECONDS_TO_START)
    assert len(site.leaders()) == 1
    with transaction() as session:
        members = session.scalar(select(func.count()).where(Member.union_id == union_id))
        assert members == 2 * (ROWS - WRONG)
        assert find_lies(session) == []

    # A sign-out at one is one at all.
    assert httpx.post(f"{webs[1]}/api/v1/security/logout", headers=token, timeout=30).is_success
    assert httpx.get(f"{webs[2]}/api/v1/me", headers=token, timeout=30).status_code == 401


def signed_in(address: str) -> dict[str, str]:
    body = {"username": "operator", "password": PASSWORD, "provider": "db"}
    answer = httpx.post(f"{address}/api/v1/security/login", json=body, timeout=30)
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def with_cookie(address: str) -> dict[str, str]:
    """What a browser keeps after it has signed in there."""
    with httpx.Client(base_url=address, timeout=30) as browser:
        page = browser.get("/login/").text
        form = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        assert form is not None
        sent = {"username": "operator", "password": PASSWORD, "csrf_token": form[1]}
        assert browser.post("/login/", data=sent).status_code == 302
        return dict(browser.cookies)


def upload(address: str, token: dict[str, str], first: int) -> int:
    rows = [passport(first + at) for at in range(ROWS - WRONG)]
    rows += [passport(first + at, **{"手机号*": "12"}) for at in range(ROWS - WRONG, ROWS)]
    files = {"file": ("名单.xlsx", sheet_of(rows))}
    answer = httpx.post(f"{address}/api/v1/members/imports", headers=token, files=files, timeout=60)
    import_id: int = answer.json()["id"]
    return import_id


def state(address: str, token: dict[str, str], import_id: int) -> str:
    answer = httpx.get(f"{address}/api/v1/imports/{import_id}", headers=token, timeout=30)
    found: str = answer.json()["state"]
    return found


def begun(site: Site, import_id: int) -> set[int]:
    """How often each job of the import was begun."""
    with site.owner.connect() as connection:
        return {row.begun for row in connection.execute(text(BEGUN), {"import_id": import_id})}
