"""The product served to a real browser: a committed database, a real server, Chromium in Chinese."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlalchemy import text, update
from sqlalchemy.orm import Session
from werkzeug.serving import make_server

from app import create_app
from app.clock import now, today
from app.jobs import known_tasks
from app.models import ProtectionWindow, Union
from app.rules.members import EmploymentStatus, SocialCardStatus
from app.security.roles import Role
from app.services.demo import make_demo_city
from app.transaction import transaction
from config import Login
from scheduler.tasks import import_all
from tests.databases import TEMPLATES, cloned_database, settings_for
from tests.factories import Tree, make_account, make_fees, make_member, make_members, make_tree, make_year
from tests.factories.accounts import PASSWORD

# A machine with other work is slow, not wrong: wait longer than the five seconds of the library.
expect.set_options(timeout=20_000)

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True, slots=True)
class Served:
    """An application and its address; what is committed in its context, the browser sees."""

    app: Flask
    address: str


@contextmanager
def serving(database_url: str, data_dir: Path) -> Iterator[Served]:
    application = create_app(settings_for(database_url, data_dir), Login.SCHEDULER)
    application.jinja_env.bytecode_cache = TEMPLATES
    server = make_server("127.0.0.1", 0, application, threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Served(application, f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        thread.join()


@pytest.fixture
def served(committed_database: str, tmp_path: Path) -> Iterator[Served]:
    with serving(committed_database, tmp_path) as one:
        yield one


@pytest.fixture(scope="session")
def demo_city(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The demo city with everybody's password, to look at only: tests share it."""
    with cloned_database(server_url) as url, serving(url, tmp_path_factory.mktemp("city")) as one:
        with one.app.app_context(), transaction() as session:
            make_demo_city(session, password=PASSWORD, now=now())
        yield one


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = os.environ.get("CANBAO_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    """A new window; an error in its console fails the test."""
    context = browser.new_context(locale="zh-CN", base_url=served.address, accept_downloads=True)
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    yield opened
    context.close()
    # A refused form answers 422, which the console repeats as a failed resource: that one is meant.
    assert [text for text in complaints if "status of 4" not in text] == []


@pytest.fixture
def sign_in() -> Callable[[Page, str], None]:
    """Sign in through the page, in Chinese; whoever was signed in before is forgotten."""

    def through_the_page(page: Page, username: str) -> None:
        page.context.clear_cookies()
        page.goto("/login/")
        page.get_by_label("账号").fill(username)
        page.get_by_label("密码").fill(PASSWORD)
        page.get_by_role("button", name="登录").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("工作台")

    return through_the_page


@pytest.fixture
def work(served: Served) -> Callable[[], None]:
    """The worker's part: each job in the transactions that it opens itself."""
    import_all()

    def perform() -> None:
        with served.app.app_context():
            with transaction() as session:
                jobs = session.execute(text(TAKE_JOBS)).all()
            for job in sorted(jobs):
                known_tasks[job.task_name](**job.args)

    return perform


@contextmanager
def at_work(work: Callable[[], None], go_on: Event) -> Iterator[None]:
    """The worker at work meanwhile; what holds it is to let go by ``go_on``, at the latest when the block ends."""
    worker = Thread(target=work)
    worker.start()
    try:
        yield
    finally:
        go_on.set()
        worker.join()


TAKE_JOBS = """
    UPDATE procrastinate_jobs SET status = 'succeeded' WHERE status = 'todo' RETURNING id, task_name, args
"""


@pytest.fixture
def operator(served: Served, page: Page, sign_in: Callable[[Page, str], None]) -> Page:
    """Signed in as the operator of a union with people in several buckets, all windows open."""
    with served.app.app_context(), transaction() as session:
        make_union_at_work(session)
    sign_in(page, "jingbanren")
    return page


def make_open_tree(session: Session, year: int) -> Tree:
    """The small tree with a year and its fees; every window is open whatever the day is."""
    tree = make_tree(session)
    make_year(session, year)
    span = {"opens_at": now() - timedelta(days=9), "closes_at": now() + timedelta(days=9)}
    session.execute(update(ProtectionWindow).values(**span))
    make_fees(session, year)
    return tree


def make_union_at_work(session: Session) -> Union:
    """A union with people in several buckets, whose operator is ``jingbanren``; all windows are open."""
    union: Union = make_open_tree(session, today().year + 1).grassroots
    make_members(session, union, 53)
    make_members(session, union, 36, has_card=False)
    make_member(session, union, has_card=False, social_card_status=SocialCardStatus.SEALED)
    make_member(session, union, name="买买提·艾力", employment_status=EmploymentStatus.UNCLEAR)
    make_account(session, union, Role.OPERATOR, username="jingbanren")
    return union
