"""The town on its last day: who is signed in, at what rate they come, and what they waited."""

from __future__ import annotations

import asyncio
import random
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from time import perf_counter, process_time
from typing import Any

from psycopg import Connection

from benchmarks.browser import Browser, place_of
from benchmarks.last_day_people import Day, Part, get_token, lived, sign_in
from benchmarks.served import Site

OPERATORS_AT_ONCE = 500
SIGN_INS_AT_ONCE = 3
"""Fewer than the failures in a row after which an address waits: each attempt counts as one until it is judged."""
SECONDS_TO_END = 90

WRITES = frozenset({"submit", "submit by program", "approve", "confirm"})
"""Everything else is a page, or an answer to look at."""

BESIDE = frozenset({"review", "approve, then", "monitor", "figures"})
"""What those look at who are there all the time; the other pages are the operators'."""

OPERATORS = """
    SELECT a.username
      FROM trade_union AS u
      JOIN ab_user AS a ON a.union_id = u.id AND a.username LIKE 'operator0%%'
      JOIN member_count AS c ON c.union_id = u.id AND c.employed >= 10
     WHERE u.level = 'grassroots'
       AND NOT EXISTS (SELECT FROM enrolment_batch AS b WHERE b.union_id = u.id AND b.year = %(year)s)
     ORDER BY hashint8(u.id)
     LIMIT %(most)s
"""
"""Who hasn't submitted yet, from all over the city."""

REVIEWERS = """
    WITH waiting AS (
        SELECT b.district_id, b.second_id, count(*) AS batches
          FROM enrolment_batch AS b
         WHERE b.year = %(year)s AND b.status = 'submitted'
         GROUP BY 1, 2
    ), district AS (
        SELECT district_id AS union_id, sum(batches) AS batches
          FROM waiting GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %(most)s / 2
    ), second AS (
        SELECT second_id AS union_id, batches
          FROM waiting
         WHERE second_id IS NOT NULL AND district_id NOT IN (SELECT union_id FROM district)
         ORDER BY 2 DESC, 1 LIMIT %(most)s / 2
    )
    SELECT a.username
      FROM (TABLE district UNION ALL TABLE second) AS u
      JOIN ab_user AS a ON a.union_id = u.union_id AND a.username ~ '^(second|district)[0-9]+$'
"""
"""Those of both levels for whom most batches wait; nobody's above another, who would find the work done."""


@dataclass(frozen=True, slots=True)
class Level:
    """What one rate of arrivals came to: a second, milliseconds, and shares of cores."""

    rate: float
    submits: float
    people: float
    pages: float
    page_p95: float
    operator_p95: float
    write_p95: float
    present: int
    broken: int
    cores: dict[str, float]


class Town:
    def __init__(self, site: Site, year: int, password: str, pause: float, seed: int) -> None:
        self.site, self.year, self.password, self.pause = site, year, password, pause
        self.host, self.port = place_of(site.address)
        self.dice = random.Random(seed)  # noqa: S311
        self.waits: dict[str, list[float]] = defaultdict(list)
        self.bad: list[str] = []

    async def sign_in(self, usernames: Sequence[str]) -> list[Browser]:
        """Through the login page, as everybody does."""
        return await self._enter(sign_in, usernames)

    async def get_tokens(self, usernames: Sequence[str]) -> list[Browser]:
        return await self._enter(get_token, usernames)

    async def level(
        self, part: Part, browsers: Sequence[Browser], others: Sequence[tuple[Part, Browser]], rate: float
    ) -> Level:
        """``browsers`` come one after the other, ``rate`` a second; the others are there all the time."""
        self.waits.clear()
        self.bad.clear()
        day = Day(self.year, self.pause, self.dice)
        before, own, began = self.site.seconds_of(), process_time(), perf_counter()
        beside = [asyncio.create_task(lived(each, day, browser)) for each, browser in others]
        tasks: list[asyncio.Task[None]] = []
        present = 0
        for at, browser in enumerate(browsers):
            await asyncio.sleep(max(0.0, began + at / rate - perf_counter()))
            tasks = [task for task in tasks if not task.done()]
            present = max(present, len(tasks))
            if len(tasks) >= OPERATORS_AT_ONCE:
                day.broken.append(f"{len(tasks)} operators are there: they come faster than they are served")
                break
            tasks.append(asyncio.create_task(lived(part, day, browser)))
        last_came = perf_counter()
        if tasks:
            await asyncio.wait(tasks, timeout=SECONDS_TO_END)
        lasted = perf_counter() - began
        after = self.site.seconds_of()
        cores = {name: (after[name] - before[name]) / lasted for name in after}
        cores["measuring"] = (process_time() - own) / lasted
        day.over.set()
        stays = list(day.stays)
        if beside:
            await asyncio.wait(beside, timeout=SECONDS_TO_END)
        day.stays = stays  # of who came, not of who was there all the time
        return self._told(day, rate, began, last_came, lasted, present, cores)

    def _told(
        self,
        day: Day,
        rate: float,
        began: float,
        last_came: float,
        lasted: float,
        present: int,
        cores: dict[str, float],
    ) -> Level:
        writes = [wait for kind, waits in self.waits.items() if kind in WRITES for wait in waits]
        pages = [wait for kind, waits in self.waits.items() if kind not in WRITES for wait in waits]
        own = [wait for kind, waits in self.waits.items() if kind not in WRITES | BESIDE for wait in waits]
        broken = [*day.broken, *self.bad]
        for kind, waits in sorted(self.waits.items()):
            say(f"  {kind:22} {len(waits):6}  median {median(waits):7.0f} ms  p95 {p95(waits):7.0f} ms")
        for problem in broken[:5]:
            say(f"  ! {problem}")
        # While some come and others leave: who came first has gone, and the last has only just come.
        since = began + max(day.stays, default=0.0)
        steady = sum(since <= at <= last_came for at in day.submitted_at)
        short = since >= last_came
        submits = len(day.submitted_at) / lasted if short else steady / (last_came - since)
        level = Level(
            rate, submits, day.people / lasted, len(pages) / lasted, p95(pages), p95(own), p95(writes),
            present, len(broken), cores,
        )  # fmt: skip
        say(f"  {level}")
        return level

    def watch(self, kind: str, milliseconds: float, status: int) -> None:
        self.waits[kind].append(milliseconds)
        if status >= 400:
            self.bad.append(f"{kind}: {status}")

    async def _enter(self, door: Any, usernames: Sequence[str]) -> list[Browser]:
        turn = asyncio.Semaphore(SIGN_INS_AT_ONCE)

        async def enter(username: str) -> Browser:
            browser = Browser(self.host, self.port, self.watch)
            async with turn:
                await door(browser, username, self.password)
            return browser

        return list(await asyncio.gather(*map(enter, usernames)))


def find(connection: Connection[Any], query: str, year: int, most: int) -> list[str]:
    """The user names that the query answers."""
    return [name for (name,) in connection.execute(query, {"year": year, "most": most})]


def p95(waits: Sequence[float]) -> float:
    return quantiles(waits, n=20)[-1] if len(waits) > 1 else 0.0


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201
