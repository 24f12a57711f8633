"""演练时钟: the product's time runs ahead of the real one, in every process, only where it is a training."""

from __future__ import annotations

from contextvars import Context
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app import clock
from app.clock import SHANGHAI, now, real_now
from app.extensions import db
from app.jobs import enqueue
from app.queries.boundaries import boundaries_ahead
from app.rules.violations import RuleViolation
from app.security.actor import Actor, actor_of
from app.security.roles import Role
from app.services.training import advance_clock, reset_clock, step_clock
from app.training import look_in
from app.transaction import transaction
from tests.factories import make_account, make_tree, make_year, sign_in

A_MOMENT = timedelta(seconds=20)


@pytest.fixture
def trainer(training: Flask) -> Actor:
    with transaction() as session:
        tree = make_tree(session)
        make_year(session)
        return actor_of(make_account(session, tree.city, Role.MUNICIPAL_ADMIN))


@pytest.fixture
def browser(training: Flask, trainer: Actor) -> FlaskClient:
    client = training.test_client()
    with transaction():
        sign_in(client, db.session().get_one(_account(), trainer.account_id))
    return client


def _account() -> type:
    from app.models import Account

    return Account


def advance(actor: Actor, by: timedelta) -> datetime:
    with transaction() as session:
        to = step_clock(session, actor, by=by, now=now())
    clock.look_again()
    return to


def test_another_process_follows_outside_of_any_transaction(training: Flask, trainer: Actor) -> None:
    advance(trainer, timedelta(days=40))
    # What another process does: nothing but ask for the time.
    clock.train(look_in(training.config["SQLALCHEMY_DATABASE_URI"]))
    assert abs(now() - real_now() - timedelta(days=40)) < A_MOMENT


def test_a_transaction_knows_the_newest_time_without_waiting_a_second(
    training: Flask, trainer: Actor, committed_database: str
) -> None:
    assert now() - real_now() < A_MOMENT
    engine = create_engine(committed_database)
    with engine.begin() as elsewhere:
        elsewhere.execute(text("UPDATE training_clock SET ahead = '3 days'"))
    engine.dispose()
    with transaction() as session:
        session.execute(text("SELECT 1"))
        assert abs(now() - real_now() - timedelta(days=3)) < A_MOMENT


def test_a_process_that_loses_the_database_keeps_the_time_it_knew(training: Flask, trainer: Actor) -> None:
    advance(trainer, timedelta(days=2))
    assert now() - real_now() > timedelta(days=1)
    assert look_in("postgresql+psycopg:///nowhere?host=/nowhere")() is None


def test_the_clock_goes_forward_only(training: Flask, trainer: Actor) -> None:
    advance(trainer, timedelta(days=2))
    with pytest.raises(RuleViolation, match="training_backwards"), transaction() as session:
        advance_clock(session, trainer, to=now() - timedelta(days=1), now=now())
    with pytest.raises(RuleViolation, match="training_far"), transaction() as session:
        advance_clock(session, trainer, to=now() + timedelta(days=401), now=now())
    with pytest.raises(DBAPIError, match="goes forward"), transaction() as session:
        session.execute(text("UPDATE training_clock SET ahead = ahead - interval '1 hour'"))
    with pytest.raises(DBAPIError, match="goes forward"), transaction() as session:
        session.execute(text("DELETE FROM training_clock"))


def test_a_reset_leads_back_to_the_real_time(training: Flask, trainer: Actor) -> None:
    advance(trainer, timedelta(days=2))
    with transaction() as session:
        reset_clock(session, trainer, now=now())
    with transaction() as session:
        session.execute(text("SELECT 1"))
    assert abs(now() - real_now()) < A_MOMENT


def test_only_the_municipal_administrator_sets_it(training: Flask, trainer: Actor) -> None:
    other = replace(trainer, roles=frozenset({Role.MANAGER}))
    with pytest.raises(RuleViolation, match="not_allowed"):
        advance(other, timedelta(days=1))


def test_outside_of_training_the_service_refuses_and_a_row_left_behind_is_not_looked_at(
    committing: Flask, committed_database: str
) -> None:
    engine = create_engine(committed_database)
    with engine.begin() as before:
        before.execute(text("UPDATE training_clock SET ahead = '90 days'"))
    engine.dispose()
    with transaction() as session:
        session.execute(text("SELECT 1"))
        assert abs(now() - real_now()) < A_MOMENT
        tree = make_tree(session)
        actor = actor_of(make_account(session, tree.city, Role.MUNICIPAL_ADMIN))
        with pytest.raises(RuleViolation, match="not_found"):
            step_clock(session, actor, by=timedelta(days=1), now=now())


def test_outside_of_training_there_is_no_page_no_entry_and_no_banner(
    client: FlaskClient, session: Session
) -> None:
    tree = make_tree(session)
    sign_in(client, make_account(session, tree.city, Role.MUNICIPAL_ADMIN))
    assert client.get("/training/").status_code == 404
    page = client.get("/").text
    assert "/training/" not in page
    assert 'class="training"' not in page


def test_every_page_says_so_signed_in_or_not(training: Flask, browser: FlaskClient) -> None:
    pages = [
        # An empty context each: the request gets an application context of its own.
        Context().run(client.get, path)
        for client, path in (
            (training.test_client(), "/login/"),
            (browser, "/"),
            (browser, "/no-such-page"),
            (browser, "/training/"),
        )
    ]
    assert [page.status_code for page in pages] == [200, 200, 404, 200]
    assert all('class="training"' in page.text for page in pages)


def test_the_page_steps_the_clock_and_the_trainer_stays_signed_in(
    training: Flask, browser: FlaskClient
) -> None:
    for by in ("hour", "day", "week"):
        assert browser.post("/training/step", data={"by": by}).status_code == 302
    assert abs(now() - real_now() - timedelta(days=8, hours=1)) < A_MOMENT
    assert browser.post("/training/step", data={"by": "century"}).status_code == 404
    page = browser.get("/training/")
    assert page.status_code == 200
    day = (now() + timedelta(days=60)).date()
    assert browser.post("/training/set", data={"day": day, "time": "24:00"}).status_code == 302
    assert browser.get("/training/").status_code == 200, "an idle time of weeks by that clock is none"
    refused = browser.post("/training/set", data={"day": "2001-01-01", "time": "08:30"})
    assert refused.status_code == 422
    assert 'value="2001-01-01"' in refused.text
    assert 'value="08:30"' in refused.text
    assert browser.post("/training/reset").status_code == 302
    assert abs(now() - real_now()) < A_MOMENT


def test_the_page_goes_to_a_boundary_or_to_the_second_before_it(
    training: Flask, trainer: Actor, browser: FlaskClient
) -> None:
    at = datetime(now().year + 1, 3, 1, tzinfo=SHANGHAI)
    with transaction() as session:
        session.execute(
            text("UPDATE protection_window SET closes_at = :at WHERE name = 'instant'"), {"at": at}
        )
        first = boundaries_ahead(session, now(), 1)[0]
    assert first.at == at
    sent = {"at": at.isoformat(), "before": "1"}
    assert browser.post("/training/boundary", data=sent).status_code == 302
    assert timedelta() < at - now() <= timedelta(seconds=1)
    assert browser.post("/training/boundary", data={"at": at.isoformat()}).status_code in (302, 422)
    assert browser.post("/training/boundary", data={"at": "yesterday"}).status_code == 422


def test_what_waits_for_its_time_comes_as_the_clock_passes_it(training: Flask, trainer: Actor) -> None:
    advance(trainer, timedelta(days=30))
    with transaction() as session:
        enqueue(session, "housekeeping.check", not_before=now() + timedelta(days=7))
    assert _waits() > timedelta(days=6)
    advance(trainer, timedelta(days=8))
    assert _waits() < timedelta()


def _waits() -> timedelta:
    with transaction() as session:
        waits: timedelta = session.scalars(
            text("SELECT scheduled_at - now() FROM procrastinate_jobs WHERE scheduled_at IS NOT NULL")
        ).one()
    return waits
