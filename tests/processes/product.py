"""A running product, as a user starts it: ``python run.py`` on a port and a data directory of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
from sqlalchemy import NullPool, create_engine, text

from app.database import leave_embedded, start_embedded
from scheduler.routines import WORKER_LOCK

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "Right-horse-9"
SECONDS_TO_START = 150
SECONDS_TO_STOP = 10


class Product:
    """A running product on a free port."""

    def __init__(self, data_dir: Path, **settings: str) -> None:
        self.port = free_port()
        self.log = data_dir.parent / f"log-{self.port}.txt"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CANBAO_")}
        self.environment = environment | {
            "CANBAO_DATA_DIR": str(data_dir),
            "CANBAO_PORT": str(self.port),
            "CANBAO_DEMO": "0",
            "CANBAO_ADMIN_PASSWORD": PASSWORD,
            **settings,
        }
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "run.py"], cwd=ROOT, env=self.environment, stdout=log, stderr=log
            )

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"{self.address}{path}", timeout=10)

    def sign_in(self, username: str) -> httpx.Response:
        """A program's; the answer holds its token."""
        body = {"username": username, "password": PASSWORD, "provider": "db"}
        return httpx.post(f"{self.address}/api/v1/security/login", json=body, timeout=10)

    def is_ready(self) -> bool:
        try:
            return self.get("/readyz").status_code == 200
        except httpx.HTTPError:
            return False

    def part(self, name: str) -> psutil.Process | None:
        for child in psutil.Process(self.process.pid).children():
            if child.status() != psutil.STATUS_ZOMBIE and child.cmdline()[-1:] == [name]:
                return child
        return None

    def stop(self, number: int = signal.SIGTERM) -> float:
        """Stop it; returns the seconds it took."""
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(SECONDS_TO_STOP + 20)
        return time.monotonic() - began

    def run_command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "flask", "--app", "run", "canbao", *arguments]
        return subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def wait_until(holds: Callable[[], object], seconds: float = SECONDS_TO_START) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it didn't happen in time"
        time.sleep(0.2)


def server_of(data_dir: Path) -> list[psutil.Process]:
    return [
        process
        for process in psutil.process_iter(["name", "cmdline"])
        if process.info["name"] == "postgres" and str(data_dir / "pg") in (process.info["cmdline"] or [])
    ]


def postmaster_of(data_dir: Path) -> psutil.Process:
    return psutil.Process(int((data_dir / "pg" / "postmaster.pid").read_text().split()[0]))


def workers_present(data_dir: Path) -> list[int]:
    """The numbers of the workers that hold the lock which says that they live."""
    engine = create_engine(start_embedded(data_dir), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            held = "SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND classid = :lock AND granted"
            return list(connection.scalars(text(held), {"lock": WORKER_LOCK}))
    finally:
        leave_embedded(data_dir)
