"""Measurements at the city's own size, which takes minutes to make: kept in a folder, and made there only once.

python -m benchmarks.whole --data-dir /somewhere/large

The folder is one of the product's (CANBAO_DATA_DIR), so `make run` can serve the same city. Results go to
``benchmarks/results/``, with a description of the machine.
"""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path
from time import perf_counter

from sqlalchemy import create_engine, text

from app import create_app
from app.acting import acting_for
from app.checking import find_all_lies
from app.city.make import make_city
from app.database_roles import addresses
from app.extensions import db
from app.first_start import city_password, prepare_schema
from app.security.actor import SYSTEM
from app.services.audit import seal_audit_log
from app.transaction import transaction
from benchmarks import exports, lists
from benchmarks.machine import describe_machine
from benchmarks.report import emit, keep
from config import Login, Settings, load_settings

SIZE = {"members": 7_364_540, "unions": 52_701, "employers": 90_356, "past_years": 3, "seed": 2026}
TARGET_MAKE_S, TARGET_CHECK_S = 600.0, 300.0
PARTS = ("city", "check", "exports", "lists")


def main(arguments: list[str]) -> bool:
    asked = _asked(arguments)
    logging.disable(logging.INFO)
    settings = load_settings({"CANBAO_DATA_DIR": str(asked.data_dir)})
    prepare_schema(settings)
    owner = addresses(settings).owner
    about = {
        "machine": describe_machine(create_engine(owner)),
        "city": {name: vars(asked)[name] for name in SIZE},
    }
    app = create_app(settings, Login.SCHEDULER)
    good = []
    with app.app_context(), acting_for(db.session(), SYSTEM):
        good.append(_make(settings, asked, owner))
        if "check" in asked.parts:
            good.append(_check(settings))
        if "exports" in asked.parts:
            good.append(exports.of_city(settings))
    if "lists" in asked.parts:
        good.append(lists.main(app, owner, asked.rounds))
    print(f"kept in {keep(asked.name, about)}")  # noqa: T201
    return all(good)


def _asked(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.whole")
    parser.add_argument("--data-dir", type=Path, required=True, help="where the city is, or is to be made")
    parser.add_argument("--name", default="whole", help="the file of results")
    for name, size in SIZE.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=size)
    parser.add_argument("--rounds", type=int, default=lists.ROUNDS, help="requests a page")
    parser.add_argument("parts", nargs="*", default=PARTS, help=f"what to measure: {', '.join(PARTS)}")
    return parser.parse_args(arguments)


def _make(settings: Settings, asked: argparse.Namespace, owner: str) -> bool:
    """Nothing is measured where the city is there already."""
    start = perf_counter()
    size = {name: vars(asked)[name] for name in SIZE}
    for line in make_city(settings, **size, password=city_password(settings)):
        print(line, file=sys.stderr, flush=True)  # noqa: T201
        if line.startswith("This city is finished"):
            return True
    engine = create_engine(owner)
    with engine.connect() as connection:
        bytes_ = connection.scalar(text("SELECT pg_database_size(current_database())")) or 0
    return emit("city.made", perf_counter() - start, "s", 0.0, TARGET_MAKE_S, gigabytes=bytes_ / 2**30)


def _check(settings: Settings) -> bool:
    start = perf_counter()
    with transaction() as session:
        seal_audit_log(session)
    lies = find_all_lies(settings)
    return emit("check", perf_counter() - start, "s", 0.0, TARGET_CHECK_S) and not lies


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1:]) else 1)
