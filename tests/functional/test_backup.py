"""A copy of the database in a file, and a database made from it, proved by the checks of the living one."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, select, text

from app import create_app
from app.checking import find_all_lies
from app.clock import now
from app.database_roles import addresses
from app.extensions import db
from app.models import Member
from app.services.audit import seal_audit_log
from app.services.demo import make_demo_city
from app.transaction import transaction
from app.wall import gaps
from config import Login
from tests.databases import settings_for

BACKUP, RESTORE = ["canbao", "backup"], ["canbao", "restore"]


@pytest.fixture
def new_database(server_url: str) -> Iterator[str]:
    """What `createdb` makes: no table at all."""
    name = f"new_{secrets.token_hex(6)}"
    maintenance = create_engine(make_url(server_url).set(database="postgres"), isolation_level="AUTOCOMMIT")
    with maintenance.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template0"))
    yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    with maintenance.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        for login in Login:
            connection.execute(text(f"DROP ROLE IF EXISTS {name}_{login.value}"))
    maintenance.dispose()


def test_a_restored_city_holds_no_lie_stands_behind_the_wall_and_opens_its_numbers(
    committed_database: str, new_database: str, tmp_path: Path
) -> None:
    copy = tmp_path / "canbao.dump"
    living = create_app(settings_for(committed_database, tmp_path), Login.SCHEDULER)
    with living.app_context():
        with transaction() as session:
            make_demo_city(session, password="Right-horse-9", now=now())
        with transaction() as session:
            seal_audit_log(session)
            numbers = session.scalars(select(Member.id_number).order_by(Member.id)).all()
        db.session.remove()
    made = living.test_cli_runner().invoke(args=[*BACKUP, str(copy)])
    assert made.exit_code == 0, made.output
    assert copy.stat().st_mode & 0o777 == 0o600
    assert not any(number.encode() in copy.read_bytes() for number in numbers[:20] if number)

    restored = create_app(settings_for(new_database, tmp_path), Login.SCHEDULER)
    done = restored.test_cli_runner().invoke(args=[*RESTORE, str(copy)])
    assert done.exit_code == 0, done.output
    with restored.app_context():
        settings = restored.config["SETTINGS"]
        assert find_all_lies(settings) == []
        assert list(gaps(addresses(settings))) == []
        with transaction() as session:
            assert session.scalars(select(Member.id_number).order_by(Member.id)).all() == numbers
        db.session.remove()


def test_nothing_is_restored_over_a_database_in_use_nor_from_what_is_no_copy(
    committed_database: str, new_database: str, tmp_path: Path
) -> None:
    copy, broken = tmp_path / "canbao.dump", tmp_path / "broken.dump"
    living = create_app(settings_for(committed_database, tmp_path), Login.SCHEDULER).test_cli_runner()
    assert living.invoke(args=[*BACKUP, str(copy)]).exit_code == 0
    again = living.invoke(args=[*BACKUP, str(copy)])
    assert again.exit_code == 1 and "there already" in again.output
    over = living.invoke(args=[*RESTORE, str(copy)])
    assert over.exit_code == 1 and "isn't empty" in over.output

    broken.write_bytes(copy.read_bytes()[: copy.stat().st_size // 2])
    new = create_app(settings_for(new_database, tmp_path), Login.SCHEDULER).test_cli_runner()
    for source in (broken, Path(__file__)):
        refused = new.invoke(args=[*RESTORE, str(source)])
        assert refused.exit_code == 1 and refused.output.startswith("Error: pg_restore: ")
    whole = new.invoke(args=[*RESTORE, str(copy)])
    assert whole.exit_code == 0, f"nothing was left of the broken one: {whole.output}"


def test_a_copy_that_could_not_be_finished_is_not_there(committed_database: str, tmp_path: Path) -> None:
    living = create_app(settings_for(committed_database, tmp_path), Login.SCHEDULER).test_cli_runner()
    refused = living.invoke(args=[*BACKUP, str(tmp_path / "missing" / "canbao.dump")])
    assert refused.exit_code == 1 and refused.output.startswith("Error: pg_dump: ")
    assert list(tmp_path.glob("**/*dump*")) == []
