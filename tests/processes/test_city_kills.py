"""kill -9 of `canbao city` while it makes members: run again it goes on, and the city is whole and made once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from tests.processes.product import wait_until

ROOT = Path(__file__).resolve().parents[2]
SIZE = ("--members", "60000", "--unions", "600", "--employers", "900", "--past-years", "1", "--seed", "7")
PARTS = text("SELECT count(*) FROM city.made WHERE part LIKE 'unions %'")

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("processes")]


@pytest.fixture
def engine(committed_database: str) -> Iterator[Engine]:
    made = create_engine(committed_database)
    yield made
    made.dispose()


def start(url: str, data_dir: Path, *command: str) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CANBAO_")}
    environment |= {
        "CANBAO_DATABASE_URL": url.replace("+psycopg", ""),
        "CANBAO_DATA_DIR": str(data_dir),
        "CANBAO_SECRET_KEY": "a long secret of the tests 4711 only",
        "CANBAO_DEMO_PASSWORD": "Whole-city-9",
    }
    program = [sys.executable, "-m", "flask", "--app", "run", "canbao", *command]
    return subprocess.Popen(
        program, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def kill_after(parts: int, engine: Engine, making: subprocess.Popen[str]) -> None:
    wait_until(lambda: parts_made(engine) >= parts or making.poll() is not None)
    making.send_signal(signal.SIGKILL)
    making.wait()


def parts_made(engine: Engine) -> int:
    with engine.connect() as connection:
        if connection.scalar(text("SELECT to_regclass('city.made')")) is None:
            return 0
        return connection.scalar(PARTS) or 0


def test_a_killed_city_goes_on_and_is_made_once(
    committed_database: str, engine: Engine, tmp_path: Path
) -> None:
    for parts in (1, 2):
        kill_after(parts, engine, start(committed_database, tmp_path, "city", *SIZE))
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT to_regclass('member_by_union')")) is None

    made = start(committed_database, tmp_path, "city", *SIZE)
    said, _ = made.communicate()
    assert made.returncode == 0, said
    checked = start(committed_database, tmp_path, "check")
    found, _ = checked.communicate()
    assert (checked.returncode, found) == (0, "Every figure agrees with its rows.\n")
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM member")) == 60_000
        assert connection.scalar(text("SELECT to_regclass('member_by_union')")) is not None
        assert connection.scalar(text("SELECT count(*) FROM city.aside")) == 0
