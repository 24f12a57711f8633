"""Unions at work over HTTP while processes die under them: they ask again, with the same key, until they are told."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from tests.factories.imports import passport, sheet_of

LONGEST_WAIT = 150.0
"""Seconds until somebody who asks again and again gives up: more than what has died needs to be back."""
BETWEEN_STEPS = 0.3
BETWEEN_TRIES = 0.5
COME_BACK = {503}
NOT_NOW = {"window_closed"}
ROWS = 60


@dataclass(frozen=True, slots=True)
class Submitted:
    """What a union was told of a submit."""

    key: str
    member_id: int
    batch_id: int


class Work(threading.Thread):
    """Somebody's work; ``faults`` are answers that nobody should get, whatever has died."""

    def __init__(self, address: str, header: dict[str, str], stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.client = httpx.Client(base_url=f"{address}/api/v1/", headers=header, timeout=30)
        self.stop = stop
        self.faults: list[str] = []
        self.lost = 0
        self.told = 0

    def insist(self, path: str, expect: int, **sent: Any) -> dict[str, Any] | None:
        """The answer that was expected, after however many tries; None when it is another one."""
        until = time.monotonic() + LONGEST_WAIT
        said = "nothing"
        while time.monotonic() < until:
            try:
                answer = self.client.request("POST" if sent else "GET", path, **sent)
            except httpx.TransportError as problem:
                self.lost += 1
                said = repr(problem)
            else:
                if answer.status_code == expect:
                    self.told += 1
                    told: dict[str, Any] = answer.json()
                    return told
                said = f"{answer.status_code} {answer.text[:300]}"
                if not self._may_come_back(answer):
                    break
            threading.Event().wait(BETWEEN_TRIES)
        self.faults.append(f"{path}: {said}")
        return None

    def _may_come_back(self, answer: httpx.Response) -> bool:
        if answer.status_code in COME_BACK:
            self.lost += 1
            return True
        return answer.status_code == 422 and answer.json()["code"] in NOT_NOW


class Submitting(Work):
    """An operator who submits one member after another."""

    def __init__(
        self,
        address: str,
        header: dict[str, str],
        stop: threading.Event,
        year: int,
        member_ids: Sequence[int],
    ) -> None:
        super().__init__(address, header, stop)
        self.year, self.member_ids = year, member_ids
        self.submitted: list[Submitted] = []

    def run(self) -> None:
        for member_id in self.member_ids:
            key = f"member {member_id}"
            told = self.submit(key, member_id)
            if told is not None:
                self.submitted.append(Submitted(key, member_id, told["id"]))
            if self.stop.wait(BETWEEN_STEPS):
                return

    def submit(self, key: str, member_id: int) -> dict[str, Any] | None:
        body = {"channel": "social_card", "kind": "collective", "plan": "A", "member_ids": [member_id]}
        path = f"years/{self.year}/enrolment/batches"
        return self.insist(path, 201, json=body, headers={"Idempotency-Key": key})


@dataclass(slots=True)
class Imported:
    """An upload that was taken in; ``confirmed`` once the union was told that its rows are being applied."""

    import_id: int
    first: int
    confirmed: bool = False


class Importing(Work):
    """An operator who brings in one list of new members after another."""

    def __init__(self, address: str, header: dict[str, str], stop: threading.Event, serial: int) -> None:
        super().__init__(address, header, stop)
        self.serial = serial
        self.imported: list[Imported] = []

    def run(self) -> None:
        while not self.stop.is_set():
            self.bring_in(self.serial)
            self.serial += ROWS

    def bring_in(self, first: int) -> None:
        key = {"Idempotency-Key": f"list from {first}"}
        content = sheet_of([passport(first + at) for at in range(ROWS)])
        told = self.insist("members/imports", 202, files={"file": ("名单.xlsx", content)}, headers=key)
        if told is None:
            return
        run = Imported(told["id"], first)
        self.imported.append(run)
        if self.wait_for(run, "ready") and self.insist(f"imports/{run.import_id}/commit", 202, json={}):
            run.confirmed = True
            self.wait_for(run, "done")

    def wait_for(self, run: Imported, state: str) -> bool:
        """Whether the import comes there while there is work; what it comes to afterwards, the rows will say."""
        while not self.stop.wait(BETWEEN_STEPS):
            told = self.insist(f"imports/{run.import_id}", 200)
            if told is None or told["state"] in (state, "failed"):
                return told is not None and told["state"] == state
        return False


class Deadlines(threading.Thread):
    """The window to submit in closes within seconds, and once its boundary has passed it is opened again."""

    def __init__(self, owner: Engine, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.owner, self.stop = owner, stop
        self.passed = 0

    def run(self) -> None:
        while not self.stop.wait(BETWEEN_STEPS):
            try:
                with self.owner.connect() as connection:
                    self.passed += connection.execute(text(OPEN_AGAIN)).rowcount
            except SQLAlchemyError:
                continue  # The database is among what dies.


OPEN_AGAIN = """
    UPDATE protection_window
       SET closes_at = clock_timestamp() + interval '4 seconds'
     WHERE name = 'grassroots_submit' AND closes_at < clock_timestamp() - interval '3 seconds'
"""
