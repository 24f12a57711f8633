"""Each city is loaded once by the services and once through the API, each time into a database of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app import create_app
from app.extensions import db
from config import Login
from tests.conformance.cities import City, committed_city, make_city
from tests.conformance.programs import CalledCity, load_by_api
from tests.conformance.services import LoadedCity, load_by_services
from tests.databases import cloned_database, rolled_back, settings_for

TempFolders = pytest.TempPathFactory


@pytest.fixture(scope="session")
def loaded(
    request: pytest.FixtureRequest, server_url: str, tmp_path_factory: TempFolders
) -> Iterator[LoadedCity]:
    """The city of the seed in ``request.param``, in by the services. Tests leave it as they found it."""
    city = city_of(request.param, tmp_path_factory)
    with application(server_url, tmp_path_factory) as app:
        yield load_by_services(app, city)


@pytest.fixture(scope="session")
def called(
    request: pytest.FixtureRequest, server_url: str, tmp_path_factory: TempFolders
) -> Iterator[CalledCity]:
    """The same through the API."""
    city = city_of(request.param, tmp_path_factory)
    with application(server_url, tmp_path_factory) as app:
        yield load_by_api(app, city)


@pytest.fixture
def city_session(loaded: LoadedCity) -> Iterator[Session]:
    """A session on the loaded city whose commits are undone after the test."""
    with rolled_back(loaded.app) as session:
        yield session


@contextmanager
def application(server_url: str, folders: TempFolders) -> Iterator[Flask]:
    """An application of its own on a copy of the empty, migrated database."""
    with cloned_database(server_url) as url:
        app = create_app(settings_for(url, folders.mktemp("city-data")), Login.SCHEDULER)
        app.config.update(TESTING=True, PROPAGATE_EXCEPTIONS=False, WTF_CSRF_ENABLED=False)
        yield app
        with app.app_context():
            db.engine.dispose()


def city_of(seed: int, folders: TempFolders) -> City:
    committed = committed_city(seed)
    if committed.folder.exists():
        return committed
    return make_city(seed, folders.mktemp("city"))
