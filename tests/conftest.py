"""One PostgreSQL server per run, one database per worker, one rolled-back transaction per test."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import settings as hypothesis_settings
from sqlalchemy.orm import Session

from app import create_app
from app.clock import heed_machine_alone
from app.database import leave_embedded, migrate_to_head, start_embedded
from app.jobs import perform_pending
from config import Login, Settings
from scheduler.tasks import import_all
from tests.conformance.cities import SEED, fresh_seed
from tests.databases import TEMPLATES, SharingClient, cloned_database, rolled_back, settings_for

TEMPORARY = "PYTEST_DEBUG_TEMPROOT"
FASTER_THAN_SAFE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def pytest_configure() -> None:
    """Choose the seed before the workers start, so that all of them have the same one.

    A machine with other work is slow, not wrong: no example has a deadline.
    """
    # Tests put this machine's clock where they want it; the database's stands still in today.
    heed_machine_alone()
    hypothesis_settings.register_profile("canbao", deadline=None)
    hypothesis_settings.load_profile("canbao")
    fresh_seed()
    # The servers of a run that root starts are another user's, and pytest shuts its shared folder to all others
    # whenever a run begins: each run has a folder of its own, so that two of them can go on side by side.
    if not is_worker() and TEMPORARY not in os.environ:
        os.environ[TEMPORARY] = tempfile.mkdtemp(prefix="canbao-tests-")
        os.chmod(os.environ[TEMPORARY], 0o755)


def pytest_unconfigure() -> None:
    folder = os.environ.get(TEMPORARY, "")
    if not is_worker() and "canbao-tests-" in folder:
        shutil.rmtree(folder, ignore_errors=True)


def is_worker() -> bool:
    return "PYTEST_XDIST_WORKER" in os.environ


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What starts the whole product goes first: it is one worker's, and the others have the rest meanwhile."""
    items.sort(key=lambda item: item.get_closest_marker("process") is None)


def pytest_report_header() -> list[str]:
    seed = fresh_seed()
    return [f"conformance: one more city of seed {seed} ({SEED}={seed} brings it back)"] if seed else []


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The run's own server, shared by all xdist workers; its first database is the migrated template."""
    folder = tmp_path_factory.getbasetemp()
    if is_worker():
        folder = folder.parent
    data_dir = folder / "server"
    url = start_embedded(data_dir, FASTER_THAN_SAFE)
    migrate_to_head(url)
    yield url
    leave_embedded(data_dir)


@pytest.fixture(scope="session")
def database_url(server_url: str) -> Iterator[str]:
    """This worker's own copy of the template."""
    with cloned_database(server_url) as url:
        yield url


@pytest.fixture(scope="session")
def settings(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings_for(database_url, tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def app(settings: Settings) -> Flask:
    application = create_app(settings, Login.SCHEDULER)
    application.config.update(TESTING=True, PROPAGATE_EXCEPTIONS=False, WTF_CSRF_ENABLED=False)
    application.jinja_env.bytecode_cache = TEMPLATES
    return application


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    """A session whose commits are undone after the test; requests of `client` see its rows."""
    with rolled_back(app) as undone:
        yield undone


@pytest.fixture
def client(app: Flask, session: Session) -> FlaskClient:
    """A browser without a page: cookies and redirects, on the test's own transaction."""
    return SharingClient(app, app.response_class, use_cookies=True)


@pytest.fixture
def perform_jobs(session: Session) -> Callable[[], int]:
    """Run what was enqueued, in the test's own transaction."""
    import_all()
    return lambda: perform_pending(session)


@pytest.fixture
def committed_database(server_url: str) -> Iterator[str]:
    """The address of a throw-away database, for tests that race or start processes."""
    with cloned_database(server_url) as url:
        yield url
