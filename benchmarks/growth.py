"""Do pages slow down as years go by? The same city with one, two and four settled years, page by page.

python -m benchmarks.growth --data-dir /somewhere

Each city is made below the folder once, by `canbao city`, and served by an application of its own in this process.
Every page is asked of all of them in turn, so that what else the machine does troubles them alike. Kept are
milliseconds of the whole request (session, both walls, template), what of them this process worked, and the blocks that
the database looked at, which don't depend on how busy anybody is. The picture goes to ``docs/growth.svg``.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

from flask import Flask
from psycopg import Connection, connect
from sqlalchemy import create_engine

from app import create_app
from app.acting import acting_for
from app.city.make import make_city
from app.database_roles import addresses
from app.extensions import db
from app.first_start import city_password, prepare_schema
from app.security.actor import SYSTEM
from benchmarks.lists import Reader, reader_of
from benchmarks.machine import describe_machine
from benchmarks.plot import Line, draw
from benchmarks.report import emit, keep
from benchmarks.served import ROOT
from config import Login, load_settings

YEARS = (1, 2, 4)
SIZE = {"members": 200_000, "unions": 1_600, "employers": 2_700, "seed": 2026}
ROUNDS, WARM = 15, 6
"""Prepared statements have found their plan after the first five."""
LARGEST_RATIO = 1.25
STATISTICS_LATE = 1.2
"""Seconds after which a backend tells what it has looked at."""
PICTURE = ROOT / "docs" / "growth.svg"

PAGES: dict[str, tuple[str, ...]] = {
    "operator2": ("/", "/members/", "/enrolment/member-card/", "/enrolment/{year}/member_card/",
                  "/enrolment/{year}/social_card/", "/enrolment/{year}/member_card/?bucket=submitted"),
    "second": ("/", "/review/collective/"),
    "district": ("/", "/members/", "/review/collective/", "/review/approved/", "/district-batches/"),
    "centre": ("/centre/batches/", "/district-batches/"),
    "manager": ("/monitor/", "/members/"),
    "auditor": ("/audit/",),
}  # fmt: skip


@dataclass(slots=True)
class Grown:
    """A city of so many settled years, with who reads in it."""

    years: int
    app: Flask
    owner: Connection[Any]
    year: int
    gigabytes: float
    readers: dict[str, Reader]
    waits: list[float] = field(default_factory=list)
    worked: list[float] = field(default_factory=list)

    def blocks(self) -> int:
        """What its database has looked at so far, as far as it has been told."""
        time.sleep(STATISTICS_LATE)
        self.ask("manager", "/messages/")
        asked = "SELECT blks_hit + blks_read FROM pg_stat_database WHERE datname = current_database()"
        (blocks,) = self.owner.execute(asked).fetchone() or (0,)
        return int(blocks)

    def ask(self, who: str, path: str) -> None:
        answer = self.readers[who].client.get(path.format(year=self.year))
        if answer.status_code != 200:
            raise AssertionError(f"{who} {path}: {answer.status_code}")


def main(arguments: list[str]) -> bool:
    asked = _asked(arguments)
    logging.disable(logging.INFO)
    cities = [_city(asked.data_dir / f"{years}-years", years, asked.members) for years in YEARS]
    about = {
        "machine": describe_machine(create_engine(addresses(cities[0].app.config["SETTINGS"]).owner)),
        "cities": {city.years: {"gigabytes": round(city.gigabytes, 3)} for city in cities},
        "members": asked.members,
    }
    lines: list[Line] = []
    good = [_page(cities, who, path, asked.rounds, lines) for who, paths in PAGES.items() for path in paths]
    draw(
        asked.picture,
        "Milliseconds of a page by years of history",
        [city.years for city in cities],
        lines,
        x_title="settled years before the current one",
        y_title="ms, median",
    )
    print(f"kept in {keep(asked.name, about)} and {asked.picture}")  # noqa: T201
    return all(good)


def _asked(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth")
    parser.add_argument(
        "--data-dir", type=Path, required=True, help="below it the cities are, or are to be made"
    )
    parser.add_argument("--name", default="growth", help="the file of results")
    parser.add_argument("--members", type=int, default=SIZE["members"])
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="requests a page and city")
    parser.add_argument("--picture", type=Path, default=PICTURE)
    return parser.parse_args(arguments)


def _city(data_dir: Path, years: int, members: int) -> Grown:
    settings = load_settings({"CANBAO_DATA_DIR": str(data_dir)})
    prepare_schema(settings)
    app = create_app(settings, Login.SCHEDULER)
    share = members / SIZE["members"]
    with app.app_context(), acting_for(db.session(), SYSTEM):
        making: Callable[..., Any] = make_city
        for line in making(
            settings,
            seed=SIZE["seed"],
            members=members,
            unions=int(SIZE["unions"] * share),
            employers=int(SIZE["employers"] * share),
            past_years=years,
            password=city_password(settings),
        ):
            print(f"{years} years: {line}", file=sys.stderr, flush=True)  # noqa: T201
    owner = connect(addresses(settings).owner.replace("+psycopg", ""), autocommit=True)
    (year,) = owner.execute("SELECT max(year) FROM protection_year").fetchone() or (0,)
    (size,) = owner.execute("SELECT pg_database_size(current_database())").fetchone() or (0,)
    readers = {who: reader_of(app, who) for who in PAGES}
    return Grown(years, app, owner, int(year), int(size) / 2**30, readers)


def _page(cities: list[Grown], who: str, path: str, rounds: int, lines: list[Line]) -> bool:
    for city in cities:
        city.waits.clear()
        city.worked.clear()
        for _ in range(WARM):
            city.ask(who, path)
    before = [city.blocks() for city in cities]
    for at in range(rounds):
        # Whoever comes first pays for the processor's caches: each in its turn.
        for city in cities[at % len(cities) :] + cities[: at % len(cities)]:
            began, working = perf_counter(), process_time()
            city.ask(who, path)
            city.waits.append((perf_counter() - began) * 1_000)
            city.worked.append((process_time() - working) * 1_000)
    blocks = [(city.blocks() - first) / rounds for city, first in zip(cities, before, strict=True)]
    waits = [median(city.waits) for city in cities]
    worked = [median(city.worked) for city in cities]
    lines.append(Line(f"{who} {path}", waits))
    by_year = {}
    for city, wait, seen in zip(cities, waits, blocks, strict=True):
        by_year |= {f"ms_{city.years}": wait, f"blocks_{city.years}": seen}
    name = path.strip("/").replace("{year}", "YEAR") or "home"
    # By what this process works: how long a page waits for the processor isn't its city's doing.
    return emit(
        f"growth.{who}.{name}", worked[-1], "ms of processor", worked[0], LARGEST_RATIO * worked[0],
        max_ratio=LARGEST_RATIO, **by_year,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1:]) else 1)
