"""The last day of the year's submitting: operators look and submit, reviewers approve, managers watch, over real HTTP.

python -m benchmarks.last_day --data-dir /a/city

`run.py` serves the city as `make run` does. Operators sign in through the login page, come at a steady rate, look at
four pages, confirm who waits, submit, and see what came of it. The rate rises level by level until pages take too long
or somebody is refused; what counts is the highest level that keeps the targets. Then the same through the API with
tokens. Reviewers and managers are there all the time, by screens. In the end `canbao check` looks at the whole city.

It changes the city, and asks no server but one of this machine, for no longer than the levels last.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from time import perf_counter

from sqlalchemy import create_engine

from app.database import leave_embedded
from benchmarks.browser import Browser
from benchmarks.last_day_people import Part, review, submit_by_program, submit_by_screens, watch_monitor
from benchmarks.last_day_town import OPERATORS, REVIEWERS, Level, Town, find, say
from benchmarks.machine import describe_machine
from benchmarks.plot import Line, draw
from benchmarks.report import emit, keep
from benchmarks.served import ROOT, served

TARGET_SUBMITS, TARGET_P95_MS = 20.0, 500.0
SCREENS, API = (1.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 16.0, 20.0), (5.0, 10.0, 20.0, 30.0)
"""Operators a second, level by level."""
SECONDS, PAUSE = 90.0, 4.0
"""Of a level; between two steps of an operator."""
LONGEST_SECONDS, MOST_OPERATORS = 300.0, 20_000
HOW_MANY_REVIEW, HOW_MANY_WATCH = 12, 5
WARMING = 60
GIVES_UP = 2
"""Levels in a row that miss: one alone may have met somebody else's work on the machine."""


def main(arguments: list[str]) -> bool:
    asked = _asked(arguments)
    with served(asked.data_dir, asked.log) as site:
        with site.looked_at() as (connection, year):
            about = {"machine": describe_machine(create_engine(site.owner))}
            operators = find(connection, OPERATORS, year, MOST_OPERATORS)
            reviewers = find(connection, REVIEWERS, year, HOW_MANY_REVIEW)
        town = Town(site, year, site.password, asked.pause, asked.seed)
        good = asyncio.run(_measure(town, asked, operators, reviewers))
        leave_embedded(asked.data_dir)
    good = (asked.no_check or _check(asked.data_dir)) and good
    print(f"kept in {keep(asked.name, about)}")  # noqa: T201
    return good


def _asked(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.last_day")
    parser.add_argument(
        "--data-dir", type=Path, required=True, help="a city that `canbao city` has made; it is changed"
    )
    parser.add_argument("--name", default="last_day", help="the file of results")
    parser.add_argument(
        "--screens", type=float, nargs="*", default=SCREENS, help="operators a second, level by level"
    )
    parser.add_argument("--api", type=float, nargs="*", default=API, help="programs a second, level by level")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of a level")
    parser.add_argument("--pause", type=float, default=PAUSE, help="seconds between two steps of an operator")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument(
        "--no-check", action="store_true", help="leave out `canbao check`, minutes in a large city"
    )
    parser.add_argument("--pictures", type=Path, default=None, help="a folder for a chart of either way")
    parser.add_argument("--log", type=Path, default=Path(os.devnull), help="where the product's own lines go")
    asked = parser.parse_args(arguments)
    if not 0 < asked.seconds <= LONGEST_SECONDS:
        parser.error(f"--seconds: at most {LONGEST_SECONDS:g}")
    return asked


async def _measure(town: Town, asked: argparse.Namespace, operators: list[str], reviewers: list[str]) -> bool:
    reviewing = [(review, browser) for browser in await town.sign_in(reviewers)]
    watching = [(watch_monitor, browser) for browser in await town.sign_in(["manager"] * HOW_MANY_WATCH)]
    others = [*reviewing, *watching]
    left = iter(operators)
    began = perf_counter()
    warming = await town.sign_in(list(islice(left, WARMING)))
    emit("last_day.sign_ins", len(warming) / (perf_counter() - began), "sign-ins/s", 0.0, 0.0, at_least=True)
    await town.level(submit_by_screens, warming, others, 2.0)
    good = []
    for way, part in (("screens", submit_by_screens), ("api", submit_by_program)):
        best, missed, levels = None, 0, []
        for rate in getattr(asked, way):
            names = list(islice(left, int(rate * asked.seconds)))
            if len(names) < int(rate * asked.seconds):
                say(f"{way}: only {len(names)} operators are left, too few for {rate:g} a second")
                break
            level = await _level(town, way, part, names, others, rate)
            _tell(way, level)
            levels.append(level)
            if _keeps_targets(level):
                best, missed = level, 0
            else:
                missed += 1
            if missed == GIVES_UP:
                break
        good.append(_report(way, best))
        if asked.pictures and len(levels) > 1:
            _draw(asked.pictures / f"last_day_{way}.svg", way, levels)
    return all(good)


async def _level(
    town: Town,
    way: str,
    part: Part,
    names: Sequence[str],
    others: Sequence[tuple[Part, Browser]],
    rate: float,
) -> Level:
    browsers = await (town.sign_in(names) if way == "screens" else town.get_tokens(names))
    say(f"{way}: {rate:g} a second")
    return await town.level(part, browsers, others, rate)


def _keeps_targets(level: Level) -> bool:
    return level.broken == 0 and level.page_p95 <= TARGET_P95_MS and level.write_p95 <= TARGET_P95_MS


def _tell(way: str, level: Level) -> None:
    """One level; shares of cores are what the product's parts, the database and this program took."""
    emit(
        f"last_day.{way}.{level.rate:g}",
        level.submits,
        "submits/s",
        0.0,
        0.9 * level.rate,
        at_least=True,
        page_p95=level.page_p95,
        operator_p95=level.operator_p95,
        write_p95=level.write_p95,
        broken=level.broken,
        people_a_second=level.people,
        pages_a_second=level.pages,
        operators_at_once=level.present,
        **{f"cores_{name}": share for name, share in level.cores.items()},
    )


def _draw(picture: Path, way: str, levels: Sequence[Level]) -> None:
    draw(
        picture,
        f"The last day by {way}: how long pages take",
        [round(level.submits, 1) for level in levels],
        [
            Line("all pages", [level.page_p95 for level in levels]),
            Line("operators' pages", [level.operator_p95 for level in levels]),
            Line("writes", [level.write_p95 for level in levels]),
        ],
        x_title="submits a second",
        y_title="ms, p95",
    )


def _report(way: str, level: Level | None) -> bool:
    """The highest level that kept the targets; none did where ``level`` is ``None``."""
    submits = 0.0 if level is None else level.submits
    return emit(f"last_day.{way}.submits", submits, "submits/s", 0.0, TARGET_SUBMITS, at_least=True)


def _check(data_dir: Path) -> bool:
    """`canbao check`, as it is called by hand."""
    began = perf_counter()
    checking = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "run", "canbao", "check"],
        env=os.environ | {"CANBAO_DATA_DIR": str(data_dir)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    say(checking.stdout[-2_000:])
    lies = float(checking.returncode)
    return emit("last_day.check", lies, "exit code", 0.0, 0.0, seconds=perf_counter() - began)


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1:]) else 1)
