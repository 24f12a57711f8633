"""The conformance cities: workbooks as real users would upload them, and what the software must answer.

Three are files of ours (`tests/data/city-*`). Where the program that makes them lies beside the checkout, one
more comes with a fresh seed, which the run's header prints; ``CANBAO_CITY_SEED=48213`` brings any seed back.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "data"
MAKER = ROOT.parent / "shared" / "conformance" / "make_city.py"
SEED = "CANBAO_CITY_SEED"
HIGHEST_SEED = 86_199
"""Of a higher one the maker's telephone numbers have twelve digits, which no import may take."""
CHANNELS = ("member_card", "social_card")
AMOUNTS = ("fee", "municipal", "district", "grassroots")

Figures = dict[str, Any]


@dataclass(frozen=True)
class City:
    """One city's folder; money in yuan."""

    seed: int
    folder: Path

    @cached_property
    def expected(self) -> dict[str, Any]:
        """expected.json, worked out by other means than ours."""
        read: dict[str, Any] = json.loads((self.folder / "expected.json").read_text(encoding="utf-8"))
        return read

    @property
    def year(self) -> int:
        return int(self.expected["year"])

    def workbook(self, name: str) -> bytes:
        return (self.folder / f"{name}.xlsx").read_bytes()

    def row_errors(self, name: str) -> list[tuple[int, str]]:
        """Rows and columns of the errors that a workbook must give."""
        return [(error["row"], error["column"]) for error in self.expected["errors"].get(name, [])]

    @cached_property
    def unions(self) -> dict[str, dict[str, Any]]:
        """The grassroots unions by code, each with its figures per channel."""
        of: dict[str, dict[str, Any]] = self.expected["unions"]
        return of

    def figures(self, code: str, channel: str) -> Figures:
        """What the confirmation screen of a union and channel says."""
        told = self.unions[code][channel]
        return {part: told[part] for part in ("total", "with_card", "buckets", "amounts")}

    def eligible(self, code: str, channel: str) -> int:
        return int(self.unions[code][channel]["buckets"]["eligible"])

    def district_of(self, code: str) -> str:
        """The district's code above a grassroots union."""
        by_code = {union["code"]: union for union in self.expected["tree"]}
        while by_code[code]["level"] != "DISTRICT":
            code = by_code[code]["parent"]
        return code

    @cached_property
    def owed_by_district(self) -> dict[str, Decimal]:
        """What each district owes the centre once everyone eligible is enrolled; those that owe nothing left out."""
        owed: dict[str, Decimal] = defaultdict(Decimal)
        for code, union in self.unions.items():
            if any(self.eligible(code, channel) for channel in CHANNELS):
                owed[self.district_of(code)] += sum(Decimal(union[channel]["owed"]) for channel in CHANNELS)
        return dict(owed)

    def people(self, channel: str) -> int:
        """Everyone eligible in the city, in one channel."""
        return sum(self.eligible(code, channel) for code in self.unions)

    def money(self, part: str) -> Decimal:
        """The city's sum of one of ``AMOUNTS``, both channels."""
        return sum(
            (
                Decimal(union[channel]["amounts"][part])
                for union in self.unions.values()
                for channel in CHANNELS
            ),
            Decimal(),
        )


def fresh_seed() -> int | None:
    """The seed of this run's own city, the same in all its workers; None where no city can be made."""
    if not MAKER.exists():
        return None
    # Workers inherit the environment of the process that starts them.
    return int(os.environ.setdefault(SEED, str(random.randint(100, HIGHEST_SEED))))


def make_city(seed: int, folder: Path) -> City:
    """A city that nobody has seen before."""
    options = ["--out", str(folder), "--seed", str(seed), "--unions", "30", "--members", "1500"]
    command = [sys.executable, str(MAKER), *options]
    subprocess.run(command, check=True, capture_output=True)
    return City(seed, folder)


def committed_city(seed: int) -> City:
    return City(seed, DATA / f"city-{seed}")


def every_seed() -> list[Any]:
    """All seeds of this run as pytest's parameters; whatever concerns one of them runs on one worker."""
    seeds = sorted(int(folder.name.removeprefix("city-")) for folder in DATA.glob("city-*"))
    fresh = fresh_seed()
    return [one_seed(seed) for seed in ([*seeds, fresh] if fresh and fresh not in seeds else seeds)]


def one_seed(seed: int) -> Any:
    return pytest.param(seed, id=f"city-{seed}", marks=pytest.mark.xdist_group(f"city-{seed}"))
