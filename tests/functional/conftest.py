"""Where most functional tests begin: a city whose year 2025 is set, and the people who act in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app import clock, create_app
from app.extensions import db
from app.models import DistrictBatch
from app.security.actor import Actor
from app.security.roles import Role
from config import Login
from tests.databases import TEMPLATES, settings_for
from tests.factories import Tree, actor_of_role, make_fees, make_tree, make_year
from tests.factories.batches import make_filed


@pytest.fixture
def tree(session: Session) -> Tree:
    """Unions of every level, the year 2025 with its windows, and its fees; nobody has been enrolled."""
    made = make_tree(session)
    make_year(session)
    make_fees(session)
    return made


@pytest.fixture
def training(committed_database: str, tmp_path: Path) -> Iterator[Flask]:
    """A training (演练) on a database of its own."""
    settings = replace(settings_for(committed_database, tmp_path), training=True)
    application = create_app(settings, Login.SCHEDULER)
    application.config.update(WTF_CSRF_ENABLED=False)
    application.jinja_env.bytecode_cache = TEMPLATES
    with application.app_context():
        yield application
        db.session.remove()
    clock.train(None)


@pytest.fixture
def operator(session: Session, tree: Tree) -> Actor:
    return actor_of_role(session, tree.grassroots, Role.OPERATOR)


@pytest.fixture
def reviewer(session: Session, tree: Tree) -> Actor:
    return actor_of_role(session, tree.district, Role.DISTRICT_REVIEWER)


@pytest.fixture
def clerk(session: Session, tree: Tree) -> Actor:
    return actor_of_role(session, tree.city, Role.CENTRE_CLERK)


@pytest.fixture
def municipal(session: Session, tree: Tree) -> Actor:
    return actor_of_role(session, tree.city, Role.MUNICIPAL_ADMIN)


@pytest.fixture
def filed(session: Session, tree: Tree) -> DistrictBatch:
    """A district batch with the centre, of two unions' batches."""
    return make_filed(session, tree.district, tree.grassroots, tree.straight)


@pytest.fixture
def committing(committed_database: str, tmp_path: Path) -> Iterator[Flask]:
    """The application on a database of its own, where commits last: for races and kills."""
    application = create_app(settings_for(committed_database, tmp_path), Login.SCHEDULER)
    application.jinja_env.bytecode_cache = TEMPLATES
    with application.app_context():
        yield application
