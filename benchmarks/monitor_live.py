"""The live monitor while fifty unions submit a second: how long its pages take, and how old what they show is.

python -m benchmarks.monitor_live --data-dir /a/city

`run.py` serves the city. Processes of their own have unions submit through the services at a steady rate, each in the
name of its operator; managers watch the city and drill down to people, as the monitor's pages renew themselves, and a
program asks for the city's figures. How old an answer is follows from outside: it counts so many unions as submitted,
and the first submit that it doesn't count had been committed so long before.

It adds to the city.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import random
import sys
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from time import sleep, time
from typing import Any

from sqlalchemy import create_engine, select

from app import clock, create_app
from app.acting import acting_for
from app.database import leave_embedded
from app.extensions import db
from app.models import Account
from app.rules.enrolment import Channel
from app.security.actor import actor_of
from app.services.enrolment import submit_batch
from app.transaction import transaction
from benchmarks.browser import Browser, place_of
from benchmarks.last_day_people import RENEWED, get_token, sign_in
from benchmarks.last_day_town import OPERATORS, find, p95, say
from benchmarks.machine import describe_machine
from benchmarks.report import emit, keep
from benchmarks.served import served
from config import Login, load_settings

RATE, SECONDS = 50.0, 60.0
PAGE_TARGET_MS, AGE_TARGET = 100.0, 5.0
VIEWERS_OF_A_PLACE = 5
SUBMITTERS = 2
WARMING = 8
"""Looks at each place before, by which both web processes know their questions."""
SECONDS_BETWEEN_LOOKS, SECONDS_BETWEEN_QUESTIONS = 2.0, 0.5
DRILLED = """
    SELECT above.id FROM trade_union AS above JOIN trade_union AS u ON above.id IN (u.district_id, u.second_id)
     WHERE above.level = %(level)s GROUP BY above.id ORDER BY count(*) DESC, above.id OFFSET 2 LIMIT 1
"""
UNION_OF_PEOPLE = """
    SELECT u.id FROM trade_union AS u JOIN enrolment_batch AS b ON b.union_id = u.id AND b.year = %(year)s
     WHERE u.level = 'grassroots' ORDER BY u.id LIMIT 1
"""


def main(arguments: list[str]) -> bool:
    asked = _asked(arguments)
    with served(asked.data_dir, asked.log) as site:
        with site.looked_at() as (connection, year):
            about = {"machine": describe_machine(create_engine(site.owner))}
            operators = find(connection, OPERATORS, year, int(asked.rate * asked.seconds * 1.2))
            places = [0, *_places(connection, year)]
        day = _Day(place_of(site.address), year, site.password, places, asked.seconds)
        ready, begin = get_context("spawn").Barrier(SUBMITTERS + 1), get_context("spawn").Value("d", 0.0)
        pipes = []
        for at in range(SUBMITTERS):
            heard, told = get_context("spawn").Pipe(duplex=False)
            mine, rate = operators[at::SUBMITTERS], asked.rate / SUBMITTERS
            get_context("spawn").Process(
                target=submit_steadily,
                args=(asked.data_dir, mine, year, rate, asked.seconds, ready, begin, told),
            ).start()
            told.close()
            pipes.append(heard)
        asyncio.run(day.live(ready, begin))
        commits = sorted(moment for pipe in pipes for moment in _heard(pipe))
        leave_embedded(asked.data_dir)
    good = _report(day, commits)
    print(f"kept in {keep(asked.name, about)}")  # noqa: T201
    return good


def submit_steadily(
    data_dir: Path,
    operators: Sequence[str],
    year: int,
    rate: float,
    seconds: float,
    ready: Any,
    begin: Any,
    told: Pipe,
) -> None:
    """In a process of its own: waits until all are ready, and tells the moment of each commit."""
    logging.disable(logging.INFO)
    app = create_app(load_settings({"CANBAO_DATA_DIR": str(data_dir)}), Login.SCHEDULER)
    with app.app_context():
        found = db.session.scalars(select(Account).where(Account.username.in_(operators))).unique()
        actors = [actor_of(account) for account in found]
        random.Random(year).shuffle(actors)  # noqa: S311
        db.session.remove()
        ready.wait()
        while not (began := begin.value):
            sleep(0.01)
        for at, actor in enumerate(actors):
            due = began + at / rate
            if due > began + seconds:
                break
            sleep(max(0.0, due - time()))
            with acting_for(db.session(), actor), transaction() as session:
                submit_batch(
                    session, actor, year=year, channel=Channel.MEMBER_CARD, plan="A", now=clock.now()
                )
            db.session.remove()
            told.send(time())
    told.close()


class _Day:
    """Who watches, and what they were shown when."""

    def __init__(
        self, place: tuple[str, int], year: int, password: str, places: Sequence[int], seconds: float
    ) -> None:
        self.place, self.year, self.password, self.seconds = place, year, password, seconds
        self.paths = [f"/monitor/{each}?year={year}" if each else f"/monitor/?year={year}" for each in places]
        self.waits: dict[str, list[float]] = defaultdict(list)
        self.bad: list[str] = []
        self.shown: list[tuple[float, int]] = []
        """When an answer came, and how many unions have submitted by it."""

    async def live(self, ready: Any, begin: Any) -> None:
        browsers = [await self._enter(sign_in) for _ in range(VIEWERS_OF_A_PLACE)]
        program = await self._enter(get_token)
        await asyncio.to_thread(ready.wait)
        for path in self.paths * WARMING:
            await browsers[0].get("warming", path)
        begin.value = began = time()
        ends = began + self.seconds
        looking = [
            self._look(browser, path, at, ends)
            for at, (browser, path) in enumerate((b, p) for p in self.paths for b in browsers)
        ]
        await asyncio.gather(self._ask(program, ends), *looking)

    async def _look(self, browser: Browser, path: str, at: int, ends: float) -> None:
        """As a page that stands open: opened now and then, renewed all the time."""
        own = Browser(browser.host, browser.port, browser.watch, cookies=dict(browser.cookies))
        await asyncio.sleep(at * SECONDS_BETWEEN_LOOKS / VIEWERS_OF_A_PLACE / len(self.paths))
        while time() < ends:
            page = await own.get(f"page {path.partition('?')[0]}", path)
            renewed = RENEWED.search(page.text)
            for _ in range(5):
                await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
                if renewed and time() < ends:
                    await own.get("figures", renewed.group(1).replace("&amp;", "&"))

    async def _ask(self, program: Browser, ends: float) -> None:
        while time() < ends:
            answer = await program.call("program", f"/api/v1/years/{self.year}/monitor")
            stages = json.loads(answer.text)["total"]["stages"]
            self.shown.append((time(), sum(stages.values()) - stages["not_started"]))
            await asyncio.sleep(SECONDS_BETWEEN_QUESTIONS)

    async def _enter(self, door: object) -> Browser:
        browser = Browser(*self.place, self._watch)
        await door(browser, "manager", self.password)  # type: ignore[operator]
        return browser

    def _watch(self, kind: str, milliseconds: float, status: int) -> None:
        self.waits[kind].append(milliseconds)
        if status >= 400:
            self.bad.append(f"{kind}: {status}")


def _places(connection: object, year: int) -> list[int]:
    levels = [("district", DRILLED), ("second", DRILLED), ("grassroots", UNION_OF_PEOPLE)]
    return [
        row[0]
        for level, query in levels
        for row in connection.execute(query, {"level": level, "year": year}).fetchall()  # type: ignore[attr-defined]
    ]


def _heard(pipe: Pipe) -> list[float]:
    commits: list[float] = []
    try:
        while True:
            commits.append(float(pipe.recv()))
    except EOFError:
        return commits


def ages(commits: Sequence[float], shown: Sequence[tuple[float, int]]) -> list[float]:
    """Of each answer, how long ago the first submit was committed that it doesn't count; 0: it counts all.

    ``commits``: moments in their order. ``shown``: when an answer came and how many have submitted by it, with those
    before; the first answer came before the first commit.
    """
    if not shown:
        return []
    before = shown[0][1]
    found = []
    for at, submitted in shown:
        counted = submitted - before
        missing = counted < bisect_right(commits, at)
        found.append(max(0.0, at - commits[counted]) if missing else 0.0)
    return found


def _report(day: _Day, commits: Sequence[float]) -> bool:
    for kind, waits in sorted(day.waits.items()):
        say(f"  {kind:22} {len(waits):6}  p95 {p95(waits):7.0f} ms")
    pages = [
        wait for kind, waits in day.waits.items() if kind.startswith(("page", "figures")) for wait in waits
    ]
    old = ages(commits, day.shown)
    lasted = commits[-1] - commits[0]
    return all([
        emit("monitor_live.submits", len(commits) / lasted, "submits/s", 0.0, 0.95 * RATE, at_least=True),
        emit("monitor_live.pages_p95", p95(pages), "ms", 0.0, PAGE_TARGET_MS, pages=float(len(pages))),
        emit("monitor_live.oldest_shown", max(old, default=0.0), "s", 0.0, AGE_TARGET, answers=float(len(old))),
        emit("monitor_live.refused", float(len(day.bad)), "answers", 0.0, 0.0),
    ])  # fmt: skip


def _asked(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.monitor_live")
    parser.add_argument("--data-dir", type=Path, required=True, help="a city that `canbao city` has made")
    parser.add_argument("--name", default="monitor_live", help="the file of results")
    parser.add_argument("--rate", type=float, default=RATE, help="submits a second")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--log", type=Path, default=Path(os.devnull), help="where the product's own lines go")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1:]) else 1)
