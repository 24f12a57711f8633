"""What the real web process holds in memory after a day's work: started as the product starts it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from benchmarks.city import PASSWORD, SECRET, City
from benchmarks.report import emit

TARGET_MB = 250.0
SECONDS_TO_START = 60
ROOT = Path(__file__).resolve().parent.parent


def main(place: City) -> bool:
    """The floor is the same process after its first answer."""
    web = Web(place)
    try:
        web.wait()
        started = web.resident_mb()
        _work(web, place)
        return emit("web.resident", web.resident_mb(), "MB", started, TARGET_MB)
    finally:
        web.process.terminate()
        web.process.wait()


def start_part(name: str, place: City, **settings: str) -> subprocess.Popen[bytes]:
    """A part of the product as it is started in earnest."""
    environment = os.environ | {
        "CANBAO_DATABASE_URL": place.url.replace("+psycopg", ""),
        "CANBAO_SECRET_KEY": SECRET,
        "CANBAO_DATA_DIR": str(place.data_dir),
        "CANBAO_DEMO": "0",
        "CANBAO_CAPTCHA": "0",
        "CANBAO_SECOND_FACTOR": "optional",
        **settings,
    }
    return subprocess.Popen(
        [sys.executable, str(ROOT / "run.py"), name],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


class Web:
    """One gunicorn with one worker, and a program that calls it."""

    def __init__(self, place: City) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        self.process = start_part("web", place, CANBAO_PORT=str(port), CANBAO_WEB_WORKERS="1")

    def wait(self) -> None:
        deadline = time.monotonic() + SECONDS_TO_START
        while True:
            try:
                self.call("/readyz")
                return
            except (urllib.error.URLError, OSError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def sign_in(self, username: str) -> str:
        body = {"username": username, "password": PASSWORD, "provider": "db"}
        token: str = json.loads(self.call("/api/v1/security/login", body=body))["access_token"]
        return token

    def call(self, path: str, token: str = "", body: Any = None) -> bytes:
        request = urllib.request.Request(
            self.address + path, data=None if body is None else json.dumps(body).encode()
        )
        request.add_header("Content-Type", "application/json")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        with urllib.request.urlopen(request, timeout=120) as answer:
            content: bytes = answer.read()
        return content

    def resident_mb(self) -> float:
        """Of the worker: gunicorn's own process only looks after it."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        (worker,) = children
        lines = Path(f"/proc/{worker}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1_024


def _work(web: Web, place: City) -> None:
    """The union of 50,000 submits and is approved, notices are set, statistics and monitor are read."""
    big, district, manager = (
        web.sign_in(actor.username) for actor in (place.big, place.district, place.manager)
    )
    enrolment = f"/api/v1/years/{place.year}/enrolment"
    for _ in range(5):
        web.call(f"{enrolment}/preview?channel=member_card&kind=collective&plan=A", big)
        web.call(f"{enrolment}/people?channel=member_card&kind=collective&bucket=eligible&page_size=200", big)
    submit = {"channel": "member_card", "kind": "collective", "plan": "A"}
    batch = json.loads(web.call(f"{enrolment}/batches", big, submit))
    web.call("/api/v1/enrolment/batches/approve", district, {"ids": [batch["id"]]})
    for _ in range(20):
        web.call(f"/api/v1/notices/{batch['notice']['number']}.pdf", big)
    for _ in range(3):
        web.call(f"/api/v1/years/{place.year}/statistics.xlsx?level=grassroots", manager)
        web.call(f"/api/v1/years/{place.year}/monitor", manager)
        web.call("/api/v1/enrolment/batches?page_size=200", district)
