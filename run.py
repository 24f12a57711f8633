"""Start Canbao on one machine: `python run.py`, or one part: `python run.py web|worker|scheduler|prepare`.

The first process starts PostgreSQL (unless CANBAO_DATABASE_URL names one), has `prepare` bring the
schema up to date and fill an empty database, then keeps web, worker and scheduler running.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO, TYPE_CHECKING

import app as product
from app.database import is_embedded_running, leave_embedded, start_embedded, wait_for_database
from app.database_roles import Addresses, addresses, require_plain
from config import ConfigError, Login, Settings, load_settings

if TYPE_CHECKING:
    from flask import Flask

SERVING_PARTS = ("web", "worker", "scheduler")
SECONDS_TO_STOP = 6.0
LONGEST_PAUSE = 30.0
STEADY_AFTER = 60.0
ROOT = Path(__file__).resolve().parent
PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of Linux's prctl


def create_app() -> Flask:
    """The application of the command line: `flask --app run canbao …`."""
    return product.create_app(login=Login.SCHEDULER)


def main(arguments: list[str]) -> int:
    try:
        settings = load_settings()
        if not arguments:
            return run_everything(settings)
        if len(arguments) == 1 and arguments[0] in PARTS:
            _end_with_parent()
            return PARTS[arguments[0]](settings)
    except ConfigError as problem:
        print(problem, file=sys.stderr)
        return 2
    print(f"Usage: python run.py [{'|'.join(PARTS)}]", file=sys.stderr)
    return 2


# One part


def serve_web(settings: Settings) -> int:
    """gunicorn in this process, its workers as children."""
    from app.web_server import serve

    _require_database(addresses(settings).application)
    serve(settings)
    return 0


def serve_worker(settings: Settings) -> int:
    from scheduler.worker import run_worker

    _require_database(addresses(settings).scheduler)
    run_worker(product.create_app(settings, Login.SCHEDULER))
    return 0


def serve_scheduler(settings: Settings) -> int:
    from scheduler.process import run_scheduler

    _require_database(addresses(settings).scheduler)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    run_scheduler(product.create_app(settings, Login.SCHEDULER), stop)
    return 0


def prepare(settings: Settings) -> int:
    """Migrate, give the roles their rights, fill an empty database, and print the accounts."""
    from app.first_start import prepare_database

    for line in prepare_database(settings):
        print(line, flush=True)
    return 0


PARTS = {"web": serve_web, "worker": serve_worker, "scheduler": serve_scheduler, "prepare": prepare}


def _require_database(address: str) -> None:
    """A part that starts while the database comes back waits for it."""
    wait_for_database(address)
    require_plain(address)


def _end_with_parent() -> None:
    """A part started by the whole must not outlive it, even when that is killed."""
    if "CANBAO_PARENT" in os.environ and sys.platform == "linux":
        ctypes.CDLL(None).prctl(PARENT_DEATH_SIGNAL, signal.SIGTERM)
        if os.getppid() != int(os.environ["CANBAO_PARENT"]):
            os.kill(os.getpid(), signal.SIGTERM)


# Everything


def run_everything(settings: Settings) -> int:
    """Run all parts until SIGINT or SIGTERM; a part that dies is started again."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    if _in_use(settings):
        print(f"Port {settings.port} is in use. Set CANBAO_PORT to a free one.", file=sys.stderr)
        return 1
    parts: list[Part] = []
    try:
        places = addresses(settings)
        environment = what_parts_inherit(settings, places)
        first = subprocess.Popen(
            [sys.executable, str(ROOT / "run.py"), "prepare"], env=environment, start_new_session=True
        )
        while first.poll() is None and not stop.wait(0.1):
            pass
        if stop.is_set() or first.returncode:
            _end(first)
            return 0 if stop.is_set() else first.returncode
        parts = [Part(name, _without_owner(environment)) for name in SERVING_PARTS]
        threading.Thread(target=_announce, args=(settings, stop), daemon=True).start()
        database = [Database(settings)] if settings.embedded else []
        while not stop.wait(0.5):
            for each in (*database, *parts):
                each.keep_running()
    finally:
        _stop_all(parts)
        leave_embedded(settings.data_dir)
    print("Stopped.", flush=True)
    return 0


class Database:
    """The embedded server, started again when it dies; the parts find it again by themselves."""

    def __init__(self, settings: Settings) -> None:
        self.data_dir = settings.data_dir
        self.starting: threading.Thread | None = None

    def keep_running(self) -> None:
        """It recovers what was committed, which may take a while: the parts are looked after meanwhile."""
        if self.starting is not None and self.starting.is_alive():
            return
        if not is_embedded_running(self.data_dir):
            _say("database", "PostgreSQL has died; starting it again")
            self.starting = threading.Thread(target=self._start, daemon=True)
            self.starting.start()

    def _start(self) -> None:
        try:
            start_embedded(self.data_dir)
        except Exception as problem:  # it is tried again for as long as the product runs
            _say("database", f"{type(problem).__name__}: {problem}")


class Part:
    """One child process, started again after a growing pause when it dies."""

    def __init__(self, name: str, environment: dict[str, str]) -> None:
        self.name = name
        self.environment = environment
        self.deaths = 0
        self.due = 0.0
        self.process = self._start()

    def keep_running(self) -> None:
        code = self.process.poll()
        if code is None:
            if self.deaths and time.monotonic() - self.started > STEADY_AFTER:
                self.deaths = 0
            return
        if not self.due:
            _kill_group(self.process)
            pause = min(LONGEST_PAUSE, 0.5 * 2**self.deaths)
            self.deaths += 1
            self.due = time.monotonic() + pause
            _say(self.name, f"ended with {code}; starting again in {pause:g} s")
        elif time.monotonic() >= self.due:
            self.process = self._start()

    def _start(self) -> subprocess.Popen[str]:
        self.started, self.due = time.monotonic(), 0.0
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "run.py"), self.name],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        assert process.stdout is not None
        threading.Thread(target=self._pass_on, args=(process.stdout,), daemon=True).start()
        return process

    def _pass_on(self, lines: IO[str]) -> None:
        for line in lines:
            _say(self.name, line.rstrip("\n"))


def _say(name: str, line: str) -> None:
    sys.stdout.write(f"{name:<9} | {line}\n")
    sys.stdout.flush()


def what_parts_inherit(settings: Settings, places: Addresses) -> dict[str, str]:
    """The same addresses and secrets, whatever this process was told."""
    return os.environ | {
        "CANBAO_DATABASE_URL": places.owner,
        "CANBAO_APP_DATABASE_URL": places.application,
        "CANBAO_SCHEDULER_DATABASE_URL": places.scheduler,
        # Its default goes by the address, which is the embedded server's now.
        "CANBAO_DEMO": "1" if settings.demo else "0",
        "CANBAO_SECOND_FACTOR": settings.second_factor,
        "CANBAO_SECRET_KEY": settings.secret_key,
        "CANBAO_ID_KEYS": settings.id_keys,
        "CANBAO_PERSON_KEY": settings.person_key,
        "CANBAO_DATA_DIR": str(settings.data_dir),
        "CANBAO_PARENT": str(os.getpid()),
        "PYTHONUNBUFFERED": "1",
    }


def _without_owner(environment: dict[str, str]) -> dict[str, str]:
    """Only `prepare` acts as the owner of the tables."""
    return environment | {"CANBAO_DATABASE_URL": ""}


def _in_use(settings: Settings) -> bool:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError:
            return True
    return False


def _announce(settings: Settings, stop: threading.Event) -> None:
    """Say where to go once the product really answers."""
    host = "127.0.0.1" if settings.host in {"0.0.0.0", ""} else settings.host  # noqa: S104
    address = f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"
    while not stop.wait(0.2):
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=2):  # noqa: S310
                print(f"\n  Canbao is ready: {address}\n", flush=True)
                return
        except (urllib.error.URLError, OSError):
            continue


def _stop_all(parts: list[Part]) -> None:
    for part in parts:
        if part.process.poll() is None:
            part.process.terminate()
    deadline = time.monotonic() + SECONDS_TO_STOP
    for part in parts:
        with contextlib.suppress(subprocess.TimeoutExpired):
            part.process.wait(max(0.0, deadline - time.monotonic()))
        _kill_group(part.process)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            _kill_group(process)


def _kill_group(process: subprocess.Popen[bytes] | subprocess.Popen[str]) -> None:
    """What a part left behind: its own children, all in its session."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
