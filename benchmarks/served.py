"""The whole product served from a folder as `make run` serves it, and what its parts take of the processor."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from psycopg import Connection, connect

from app.database_roles import addresses
from config import load_settings

ROOT = Path(__file__).resolve().parent.parent
SECONDS_TO_START, SECONDS_TO_STOP = 300, 30
"""A city that was stopped in the middle recovers first."""


class Site:
    """`run.py` with the folder's data; no riddle at the door, which keeps programs out."""

    def __init__(self, data_dir: Path, log: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        self.data_dir = data_dir
        settings = {"CANBAO_DATA_DIR": str(data_dir), "CANBAO_PORT": str(port), "CANBAO_CAPTCHA": "0"}
        with log.open("w") as lines:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / "run.py")],
                env=os.environ | settings,
                stdout=lines,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
            )

    def wait(self) -> None:
        deadline = time.monotonic() + SECONDS_TO_START
        while True:
            try:
                urllib.request.urlopen(f"{self.address}/readyz", timeout=5).close()
                return
            except (urllib.error.URLError, OSError):
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.5)

    @property
    def owner(self) -> str:
        """The address of the tables' owner, by which the city is looked at from outside."""
        return addresses(load_settings({"CANBAO_DATA_DIR": str(self.data_dir)})).owner

    @property
    def password(self) -> str:
        """Of all accounts of a made city."""
        return (self.data_dir / "demo_password").read_text().strip()

    @contextmanager
    def looked_at(self) -> Iterator[tuple[Connection[Any], int]]:
        """A connection past both walls, and the newest year."""
        with connect(self.owner.replace("+psycopg", ""), autocommit=True) as connection:
            (year,) = connection.execute("SELECT max(year) FROM protection_year").fetchone() or (0,)
            yield connection, year

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def seconds_of(self) -> dict[str, float]:
        """Processor seconds since their start, of the product's parts and of the database."""
        parts = {"web": 0.0, "worker": 0.0, "scheduler": 0.0}
        for child in psutil.Process(self.process.pid).children():
            name = child.cmdline()[-1]
            if name in parts:
                parts[name] = sum(map(_seconds, [child, *child.children(recursive=True)]))
        head = self.data_dir / "pg" / "postmaster.pid"
        server = psutil.Process(int(head.read_text().split()[0]))
        return parts | {"database": sum(map(_seconds, [server, *server.children()])) + _of_the_dead(server)}


def _of_the_dead(server: psutil.Process) -> float:
    used = server.cpu_times()
    return float(used.children_user + used.children_system)


def _seconds(process: psutil.Process) -> float:
    try:
        used = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(used.user + used.system)


@contextmanager
def served(data_dir: Path, log: Path) -> Iterator[Site]:
    site = Site(data_dir, log)
    try:
        site.wait()
        yield site
    finally:
        site.stop()
