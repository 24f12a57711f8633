"""`python run.py` as a user meets it: starts, heals, stops, starts again on the same data."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "Right-horse-9"
SECONDS_TO_START = 150
SECONDS_TO_STOP = 10

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("processes")]


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

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=10)

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


@pytest.fixture
def data_dir() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="canbao-test-"))
    yield folder / "var"
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def start(data_dir: Path) -> Iterator[Callable[..., Product]]:
    started: list[Product] = []

    def start_product(**settings: str) -> Product:
        product = Product(data_dir, **settings)
        started.append(product)
        return product

    yield start_product
    for product in started:
        if product.process.poll() is None:
            product.stop()
        print(f"--- the product on port {product.port} said:", product.log.read_text(), sep="\n")


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


def test_it_starts_heals_stops_and_starts_again(data_dir: Path, start: Callable[..., Product]) -> None:
    product = start()
    wait_until(product.is_ready)
    first_lines = product.log.read_text()
    assert "The first account is admin." in first_lines
    assert PASSWORD not in first_lines

    check = product.run_command("check")
    assert (check.returncode, check.stdout) == (0, "Every figure agrees with its rows.\n")
    assert product.is_ready(), "a command beside the product must not take its database along"

    for name in ("web", "worker", "scheduler"):
        part = product.part(name)
        assert part is not None
        part.send_signal(signal.SIGKILL)
        part_id = part.pid
        wait_until(lambda name=name, old=part_id: (new := product.part(name)) and new.pid != old)
    wait_until(product.is_ready)

    assert product.stop() <= SECONDS_TO_STOP
    assert product.process.returncode == 0
    assert server_of(data_dir) == []

    again = start()
    wait_until(again.is_ready)
    assert "The first account is admin." not in again.log.read_text()
    token = httpx.post(
        f"http://127.0.0.1:{again.port}/api/v1/security/login",
        json={"username": "admin", "password": PASSWORD, "provider": "db"},
        timeout=10,
    )
    assert token.status_code == 200
    assert again.stop(signal.SIGINT) <= SECONDS_TO_STOP
    assert server_of(data_dir) == []


def test_when_the_first_process_is_killed_its_parts_end_and_the_next_start_finds_the_data(
    data_dir: Path, start: Callable[..., Product]
) -> None:
    product = start()
    wait_until(product.is_ready)
    parts = psutil.Process(product.process.pid).children(recursive=True)
    product.process.kill()
    product.process.wait()
    _, alive = psutil.wait_procs(parts, timeout=15)
    assert alive == []

    again = start()
    wait_until(again.is_ready)
    again.stop()
    assert server_of(data_dir) == []


def test_a_port_in_use_is_said_before_anything_starts(data_dir: Path, start: Callable[..., Product]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        product = start(CANBAO_PORT=str(port))
        assert product.process.wait(30) == 1
    assert f"Port {port} is in use" in product.log.read_text()


def test_a_wrong_setting_is_a_sentence(data_dir: Path, start: Callable[..., Product]) -> None:
    product = start(CANBAO_PORT="eighty")
    assert product.process.wait(30) == 2
    said = product.log.read_text()
    assert said.startswith("CANBAO_PORT must be a whole number")
    assert "Traceback" not in said
