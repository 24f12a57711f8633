"""A small city as `canbao city` makes it: exact, the same for the same seed, and whole by every rule of the schema."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy import Connection, create_engine, text

from app import create_app
from app.city.schema import LOADED, REINDEXED
from app.rules.members import IdType
from app.rules.person import number_hash, person_key
from app.sealing import KeyRing, Purpose
from config import Login
from tests.databases import cloned_database, settings_for

SIZE = ("--members", "2400", "--unions", "60", "--employers", "80", "--past-years", "2", "--seed", "7")
PASSWORD = "Whole-city-9"


def application(url: str, data_dir: Path) -> Flask:
    return create_app(replace(settings_for(url, data_dir), demo_password=PASSWORD), Login.SCHEDULER)


def schema_of(url: str) -> list[str]:
    """Constraints, indexes and triggers of all tables that a city is loaded into, as they would be written down."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = connection.scalars(text(SCHEMA), {"tables": list(LOADED)}).all()
    engine.dispose()
    return list(found)


SCHEMA = """
    SELECT format('%s %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid), convalidated)
      FROM pg_constraint WHERE conrelid = ANY (CAST(:tables AS regclass[]))
     UNION
    SELECT format('%s %s', indrelid::regclass, pg_get_indexdef(indexrelid))
      FROM pg_index WHERE indrelid = ANY (CAST(:tables AS regclass[]))
     UNION
    SELECT format('%s %s %s', tgrelid::regclass, tgname, tgenabled)
      FROM pg_trigger WHERE tgrelid = ANY (CAST(:tables AS regclass[])) AND NOT tgisinternal
     ORDER BY 1
"""


@pytest.fixture(scope="module")
def before_and_after(
    server_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[list[str], Flask]]:
    """The schema before, and an application on a city that was made once for all tests of this file."""
    with cloned_database(server_url) as url:
        before = schema_of(url)
        app = application(url, tmp_path_factory.mktemp("city"))
        made = app.test_cli_runner().invoke(args=["canbao", "city", *SIZE])
        assert made.exit_code == 0, made.output
        yield before, app


@pytest.fixture
def app_of_city(before_and_after: tuple[list[str], Flask]) -> Flask:
    return before_and_after[1]


@pytest.fixture
def runner_of_city(app_of_city: Flask) -> FlaskCliRunner:
    return app_of_city.test_cli_runner()


@pytest.fixture
def city(app_of_city: Flask) -> Iterator[Connection]:
    engine = create_engine(app_of_city.config["SETTINGS"].database_url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_the_city_tells_no_lies(runner_of_city: FlaskCliRunner) -> None:
    result = runner_of_city.invoke(args=["canbao", "check"])
    assert (result.exit_code, result.stdout) == (0, "Every figure agrees with its rows.\n")


def test_the_counts_are_exactly_those_that_were_asked_for(city: Connection) -> None:
    counts = {
        "member": 2400,
        "employer": 80,
        "trade_union WHERE level = 'grassroots'": 60,
        "trade_union WHERE level = 'municipal'": 1,
        "trade_union WHERE level = 'district' AND type = 'district_federation'": 16,
        "trade_union WHERE level = 'district' AND type = 'industry_federation'": 52,
        "protection_year": 3,
        "ab_user WHERE username ~ '^operator[0-9]{6}$'": 60,
    }
    found = {what: city.scalar(text(f"SELECT count(*) FROM {what}")) for what in counts}
    assert found == counts


def test_the_schema_is_as_it_was_and_every_reference_was_looked_through(
    before_and_after: tuple[list[str], Flask],
) -> None:
    before, app = before_and_after
    assert schema_of(app.config["SETTINGS"].database_url) == before
    assert {line.split()[0] for line in before} >= set(REINDEXED)


def test_every_row_obeys_every_reference_and_check(city: Connection) -> None:
    """Asked of PostgreSQL anew: a constraint that is added again is held against all rows."""
    constraints = city.execute(
        text(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(k.oid)"
            "  FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid"
            " WHERE contype IN ('f', 'c') AND conparentid = 0 AND NOT c.relispartition"
            "   AND connamespace = 'public'::regnamespace"
            " ORDER BY 1, 2"
        )
    ).all()
    assert len(constraints) > 100
    for table, name, definition in constraints:
        city.exec_driver_sql(f'ALTER TABLE {table} ADD CONSTRAINT "again {name}" {definition}')
        city.exec_driver_sql(f'ALTER TABLE {table} DROP CONSTRAINT "again {name}"')
    city.rollback()


def test_numbers_are_sealed_and_hashed_as_the_product_does(app_of_city: Flask, city: Connection) -> None:
    settings = app_of_city.config["SETTINGS"]
    ring, secret = KeyRing(settings.sealing_keys), settings.person_secret
    for id_type, sealed, hashed, person in city.execute(
        text("SELECT id_type, id_number, id_number_hash, person_key FROM member ORDER BY id LIMIT 200")
    ):
        number = ring.unseal(sealed, Purpose.ID_NUMBER).decode()
        assert hashed == number_hash(IdType(id_type), number, secret)
        assert person == person_key(IdType(id_type), number, secret)


def test_settled_years_are_complete_and_the_current_one_is_under_way(city: Connection) -> None:
    states = city.execute(
        text(
            "SELECT b.year < (SELECT max(year) FROM protection_year),"
            " array_agg(DISTINCT b.status ORDER BY b.status), array_agg(DISTINCT e.status ORDER BY e.status)"
            "  FROM enrolment_batch AS b JOIN enrolment AS e ON e.year = b.year AND e.batch_id = b.id"
            " GROUP BY 1 ORDER BY 1 DESC"
        )
    ).all()
    (_, batches, people), (_, current_batches, _) = states
    assert (batches, people) == (["completed"], ["active", "ended"])
    assert {"submitted", "approved", "forwarded"} <= set(current_batches)


def test_the_windows_of_the_current_year_are_open(city: Connection) -> None:
    closed = text(
        "SELECT count(*) FROM protection_window WHERE year = (SELECT max(year) FROM protection_year)"
        " AND NOT now() BETWEEN opens_at AND closes_at"
    )
    assert city.scalar(closed) == 0


def test_what_is_loaded_by_copy_is_told_to_the_audit_log_by_table_and_number(city: Connection) -> None:
    told = dict(
        city.execute(
            text(
                "SELECT table_name, sum(rows) FROM audit_entry WHERE facts ? 'city' AND table_name"
                " IN ('member', 'enrolment', 'enrolment_batch', 'event') GROUP BY table_name"
            )
        ).all()
    )
    for table in ("member", "enrolment", "enrolment_batch"):
        assert told[table] == city.scalar(text(f"SELECT count(*) FROM {table}"))


def test_nothing_collides_with_what_comes_next(city: Connection) -> None:
    for table in ("member", "enrolment_batch", "event", "notice", "trade_union", "employer"):
        follows = f"SELECT nextval(pg_get_serial_sequence('{table}', 'id')) > max(id) FROM {table}"
        assert city.scalar(text(follows)), table


def test_a_finished_city_says_so_and_stays_as_it_is(runner_of_city: FlaskCliRunner, city: Connection) -> None:
    again = runner_of_city.invoke(args=["canbao", "city", *SIZE])
    assert again.exit_code == 0
    assert "This city is finished." in again.output
    assert city.scalar(text("SELECT count(*) FROM member")) == 2400


def test_another_city_is_refused_where_one_was_begun(runner_of_city: FlaskCliRunner) -> None:
    other = runner_of_city.invoke(args=["canbao", "city", *SIZE, "--seed", "8"])
    assert other.exit_code == 1
    assert "Another city was begun here" in other.output


def test_a_database_in_use_is_refused_and_stays_as_it_is(committed_database: str, tmp_path: Path) -> None:
    engine = create_engine(committed_database)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO trade_union (code, name, type, level, central_enterprise, created_at)"
                " VALUES ('81', '市总', 'municipal_federation', 'municipal', false, now())"
            )
        )
    refused = (
        application(committed_database, tmp_path).test_cli_runner().invoke(args=["canbao", "city", *SIZE])
    )
    assert refused.exit_code == 1
    assert "in use" in refused.output
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT to_regclass('city.plan')")) is None
    engine.dispose()


def test_the_same_seed_makes_the_same_rows(
    committed_database: str, tmp_path: Path, app_of_city: Flask, city: Connection
) -> None:
    """The nonces of sealed numbers and the salt of the password aside, which must never be the same twice."""
    twin = create_app(
        replace(app_of_city.config["SETTINGS"], database_url=committed_database, data_dir=tmp_path),
        Login.SCHEDULER,
    )
    assert twin.test_cli_runner().invoke(args=["canbao", "city", *SIZE]).exit_code == 0
    engine = create_engine(committed_database)
    with engine.connect() as other:
        for table in ROWS:
            assert fingerprint(other, table) == fingerprint(city, table), table
    engine.dispose()


ROWS = (
    "trade_union", "employer", "member", "enrolment", "enrolment_batch", "district_batch", "payment_voucher",
    "notice", "notice_version", "plan_choice", "grassroots_payment",
)  # fmt: skip


def fingerprint(connection: Connection, table: str) -> str | None:
    rows = f"SELECT to_jsonb(t) - 'id_number' AS said FROM {table} AS t"
    return connection.scalar(
        text(f"SELECT md5(string_agg(said::text, '|' ORDER BY said::text)) FROM ({rows}) AS r")
    )
