"""`python run.py` as a user meets it: starts, heals, stops, starts again on the same data."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.processes.product import (
    PASSWORD,
    SECONDS_TO_STOP,
    Product,
    postmaster_of,
    server_of,
    wait_until,
    workers_present,
)

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("processes")]


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
    assert again.sign_in("admin").status_code == 200
    assert again.stop(signal.SIGINT) <= SECONDS_TO_STOP
    assert server_of(data_dir) == []


def test_when_its_database_dies_it_is_started_again_and_nothing_else_has_to_be(
    data_dir: Path, start: Callable[..., Product]
) -> None:
    product = start()
    wait_until(product.is_ready)
    web = product.part("web")
    first = psutil.Process(product.process.pid)
    first.suspend()  # so that there is time to look around
    try:
        postmaster_of(data_dir).kill()
        wait_until(lambda: product.get("/readyz").status_code == 503)
        assert product.get("/readyz").json() == {"status": "waiting", "for": "database"}
        assert product.get("/healthz").status_code == 200
        refused = product.sign_in("admin")
        assert (refused.status_code, refused.json()["code"]) == (503, "database_away")
    finally:
        first.resume()

    wait_until(product.is_ready)
    wait_until(lambda: len(workers_present(data_dir)) == 1)
    assert product.part("web") == web
    assert product.stop() <= SECONDS_TO_STOP
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
