"""A copy of the database in one file, and a new database from it.

PostgreSQL's own programs do both, as the owner of the tables: one consistent snapshot while people work, in its custom
format. The file holds no key: document numbers and uploaded workbooks stand sealed in it (`CANBAO_ID_KEYS`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from psycopg import conninfo, pq
from sqlalchemy import NullPool, create_engine, text

from app.database import CONNECT_ARGUMENTS, bundled_programs
from app.database_roles import addresses
from app.first_start import prepare_schema
from config import ConfigError, Settings

TABLES = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"


def back_up(settings: Settings, target: Path) -> int:
    """Write the database to ``target``, which must not be there yet; answers its bytes.

    A broken-off copy never stands under that name. Raises ConfigError with what PostgreSQL says.
    """
    if target.exists():
        raise ConfigError(f"{target} is there already. Choose another name: no copy is written over.")
    unfinished = target.with_name(f".{target.name}.unfinished")
    try:
        _run(settings, "pg_dump", "--format=custom", f"--file={unfinished}")
        unfinished.rename(target)
    finally:
        unfinished.unlink(missing_ok=True)
    target.chmod(0o600)
    return target.stat().st_size


def restore(settings: Settings, source: Path) -> None:
    """Fill an empty database from ``source``, all of it or nothing, and bring it to this version's tables and roles.

    Raises ConfigError if the database has tables, or with what PostgreSQL says.
    """
    engine = create_engine(_owner(settings), connect_args=CONNECT_ARGUMENTS, poolclass=NullPool)
    with engine.connect() as connection:
        if connection.scalar(text(TABLES)):
            raise ConfigError(
                "The database isn't empty. Restore into a new one: set CANBAO_DATA_DIR to a new folder, or"
                " CANBAO_DATABASE_URL to a database that `createdb` has just made."
            )
    whole = ("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges")
    _run(settings, "pg_restore", *whole, str(source))
    prepare_schema(settings)


def _owner(settings: Settings) -> str:
    owner = addresses(settings).owner
    if not owner:
        raise ConfigError("Only the owner of the tables can do this: set CANBAO_DATABASE_URL.")
    return owner


def _run(settings: Settings, program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs; the address, which may hold a password, goes by its environment."""
    owner = _owner(settings)
    asked = conninfo.conninfo_to_dict(owner.replace("+psycopg", "", 1))
    named = {
        part.keyword.decode(): part.envvar.decode() for part in pq.Conninfo.get_defaults() if part.envvar
    }
    place = {named[key]: str(value) for key, value in asked.items() if key in named}
    into = [f"--dbname={asked['dbname']}"] if program == "pg_restore" else []
    done = subprocess.run(
        [_found(owner, program), *into, *arguments],
        env=os.environ | place,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise ConfigError(f"{program}: {said[0] if said else done.returncode}")


def _found(owner: str, program: str) -> str:
    """Of the programs that are no older than the server the one nearest to it: none reads what is newer, and what a
    newer one writes an older server may not understand."""
    engine = create_engine(owner, connect_args=CONNECT_ARGUMENTS, poolclass=NullPool)
    with engine.connect() as connection:
        needed = int(connection.scalar(text("SHOW server_version_num"))) // 10_000
    there = [shutil.which(program), *(str(folder / program) for folder in bundled_programs())]
    fitting = sorted((version, path) for path in there if path and (version := _version(path)) >= needed)
    if fitting:
        return fitting[0][1]
    raise ConfigError(
        f"{program} of PostgreSQL {needed} is needed: install its client programs on this machine."
    )


def _version(program: str) -> int:
    """The major version: `pg_dump (PostgreSQL) 16.14` says 16."""
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    return int(said.split("(PostgreSQL)")[1].split(".")[0])
