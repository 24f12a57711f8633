"""The product while a workbook comes in: a web process and a worker, people who turn pages, and what they wait."""

from __future__ import annotations

import json
import re
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psutil

from benchmarks.city import PASSWORD, City
from benchmarks.web_memory import Web, start_part

CLIENTS, SECONDS_TO_THINK = 4, 0.25
PAGES = ("/", "/members/", "/imports/", "/enrolment/member-card/", "/members/?name=会员7")
SECONDS_BETWEEN_LOOKS = 1.0
"""As the page of an import renews itself."""
SECONDS_AT_MOST = 600


class Site:
    """One gunicorn with one worker, one worker of the job queue, and an operator's program that uploads."""

    def __init__(self, place: City) -> None:
        self.web = Web(place)
        self.worker = start_part("worker", place)
        self.web.wait()
        self.token = self.web.sign_in(place.big.username)
        self.uploader = place.big.username
        self.username = place.small[0].username
        self.reader_mb = 0.0
        threading.Thread(target=self._watch_readers, daemon=True).start()

    def close(self) -> None:
        for process in (self.worker, self.web.process):
            process.terminate()
            process.wait()

    def upload(self, content: bytes) -> int:
        answer = httpx.post(
            f"{self.web.address}/api/v1/members/imports",
            files={"file": ("members.xlsx", content)},
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=60,
        )
        run_id: int = answer.raise_for_status().json()["id"]
        return run_id

    def commit(self, run_id: int) -> None:
        self.web.call(f"/api/v1/imports/{run_id}/commit", self.token, {})

    def until(self, run_id: int, state: str) -> dict[str, Any]:
        """Ask as a waiting page does, until the import is in that state."""
        deadline = time.monotonic() + SECONDS_AT_MOST
        while True:
            run: dict[str, Any] = json.loads(self.web.call(f"/api/v1/imports/{run_id}", self.token))
            if run["state"] == state:
                return run
            if run["state"] == "failed" or time.monotonic() > deadline:
                raise AssertionError(f"the import is {run['state']}, not {state}: {run['problem']}")
            time.sleep(SECONDS_BETWEEN_LOOKS)

    def worker_mb(self) -> float:
        """The most that the worker ever held."""
        return _most_mb(self.worker.pid)

    def _watch_readers(self) -> None:
        """The processes that open workbooks live for seconds; each look costs the people who are measured."""
        worker = psutil.Process(self.worker.pid)
        while worker.is_running():
            with suppress(psutil.Error, OSError):
                for child in worker.children():
                    self.reader_mb = max(self.reader_mb, _most_mb(child.pid))
            time.sleep(0.2)


def _most_mb(process_id: int) -> float:
    """The most that a process ever held, as the kernel has noted it; nothing for one that is just ending."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process_id}/status").read_text())
    return int(found[1]) / 1_024 if found else 0.0


@contextmanager
def people_at_work(site: Site) -> Iterator[list[float]]:
    """Some operators of another union turn pages meanwhile; the milliseconds that each answer took.

    A page that fails fails the measurement: whoever waits for nothing isn't served faster.
    """
    waits: list[float] = []
    broken: list[Exception] = []
    stop = threading.Event()

    def turn_pages(first: int) -> None:
        with signed_in(site, site.username) as browser:
            at = first
            while not stop.is_set():
                began = time.perf_counter()
                browser.get(PAGES[at % len(PAGES)]).raise_for_status()
                waits.append((time.perf_counter() - began) * 1_000)
                at += 1
                stop.wait(SECONDS_TO_THINK)

    def work(first: int) -> None:
        try:
            turn_pages(first)
        except Exception as error:
            broken.append(error)

    people = [threading.Thread(target=work, args=(each,)) for each in range(CLIENTS)]
    for person in people:
        person.start()
    try:
        yield waits
    finally:
        stop.set()
        for person in people:
            person.join()
    if broken:
        raise broken[0]


def see_preview(uploader: httpx.Client, run_id: int) -> None:
    """What the clerk waits for: the page with the figures and the first wrong rows in their cells."""
    page = uploader.get(f"/imports/{run_id}").raise_for_status().text
    assert 'class="wrong"' in page and "data-refresh" not in page


@contextmanager
def signed_in(site: Site, username: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site.web.address, follow_redirects=True, timeout=60) as browser:
        page = browser.get("/login/").text
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        assert found is not None
        form = {"username": username, "password": PASSWORD, "csrf_token": found.group(1)}
        browser.post("/login/", data=form).raise_for_status()
        assert "/login/" not in str(browser.get("/members/").url)
        yield browser


def p95(waits: list[float]) -> float:
    return statistics.quantiles(waits, n=20)[-1]
