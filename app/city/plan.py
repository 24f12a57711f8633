"""How large a city is and how it is laid out: which union stands where, and how many members each has.

Everything follows from the plan alone, so that any process can work out any part of the city by itself.
"""

from __future__ import annotations

import hashlib
import random
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import accumulate

from app.clock import SHANGHAI

DISTRICTS = 16
INDUSTRIES = 52
CENTRAL_INDUSTRIES = 5
"""The first of the industries are central-enterprise unions (Q49)."""

BIGGEST = 50_000
BIG_CITY = 400_000
"""From this many members on, the first union has exactly ``BIGGEST``; in smaller cities every eighth member."""

UNIONS_UNDER_A_SECOND = 70
STRAIGHT = 7
"""Every seventh grassroots union belongs straight to its district."""

MEMBERS_IN_A_PART = 20_000


class PlanProblem(ValueError):
    """A city that can't be laid out; the text says why."""


@dataclass(frozen=True, slots=True)
class CityPlan:
    """What was asked for. ``today``: the day on which it was begun, which its dates hang on."""

    seed: int
    members: int
    unions: int
    employers: int
    past_years: int
    today: date

    @property
    def years(self) -> range:
        """The settled years and then the one that is half done, which is the next, as in the demo city."""
        return range(self.today.year + 1 - self.past_years, self.today.year + 2)

    @property
    def current_year(self) -> int:
        return self.today.year + 1

    @property
    def noon(self) -> datetime:
        return datetime.combine(self.today, time(12), SHANGHAI)

    def ago(self, days: int, seconds: int = 0) -> datetime:
        return self.noon - timedelta(days=days, seconds=seconds)

    def dice(self, of: str, number: int) -> tuple[int, ...]:
        """Sixteen numbers below 65,536 that belong to one thing of this city for ever."""
        digest = hashlib.blake2b(f"{self.seed} {of} {number}".encode(), digest_size=32).digest()
        return tuple(int.from_bytes(digest[at : at + 2]) for at in range(0, 32, 2))


@dataclass(frozen=True, slots=True)
class Layout:
    """The city's unions by their places, which count from 0; ids are worked out by the methods.

    ``sizes``, ``first_member``, ``employers``, ``first_employer``, ``district`` and ``second`` (-1 for none) are of
    grassroots unions, which stand district by district.
    """

    plan: CityPlan
    sizes: Sequence[int]
    first_member: Sequence[int]
    employers: Sequence[int]
    first_employer: Sequence[int]
    district: Sequence[int]
    second: Sequence[int]
    district_of_second: Sequence[int]

    @property
    def districts(self) -> int:
        return DISTRICTS + INDUSTRIES

    @property
    def seconds(self) -> int:
        return len(self.district_of_second)

    def district_id(self, place: int) -> int:
        return 2 + place

    def second_id(self, place: int) -> int:
        return 2 + self.districts + place

    def union_id(self, place: int) -> int:
        return 2 + self.districts + self.seconds + place

    def district_account(self, place: int) -> int:
        return FIRST_ACCOUNT + place

    def second_account(self, place: int) -> int:
        return FIRST_ACCOUNT + self.districts + place

    def operator_account(self, place: int) -> int:
        return FIRST_ACCOUNT + self.districts + self.seconds + place

    def is_central(self, district: int) -> bool:
        return DISTRICTS <= district < DISTRICTS + CENTRAL_INDUSTRIES

    def splits_fees(self, district: int) -> bool:
        """One ordinary district in five lets its unions pay a part of plan A themselves."""
        return district % 5 == 0 and not self.is_central(district)

    def parts(self) -> list[tuple[int, int]]:
        """The unions in ranges of alike many members: each is loaded at once."""
        ranges, begin, members = [], 0, 0
        for place, size in enumerate(self.sizes):
            members += size
            if members >= MEMBERS_IN_A_PART:
                ranges.append((begin, place + 1))
                begin, members = place + 1, 0
        if begin < len(self.sizes):
            ranges.append((begin, len(self.sizes)))
        return ranges


FIRST_ACCOUNT = 101
"""The accounts of districts, seconds and operators begin here; before them come the listed ones of the demo."""


def check_plan(plan: CityPlan) -> None:
    """Refuses a city that has too few of something."""
    if plan.unions < 20:
        raise PlanProblem("A city has at least 20 grassroots unions.")
    if plan.members < 10 * plan.unions:
        raise PlanProblem("A city has at least ten members for each grassroots union.")
    if not plan.unions <= plan.employers < 10**8:
        raise PlanProblem("Each grassroots union has an employer at least.")
    if plan.members >= 10**8:
        raise PlanProblem("A city has fewer than a hundred million members.")


def lay_out(plan: CityPlan) -> Layout:
    """Few large unions and many small ones; districts of very different size; exact totals."""
    rng = random.Random(f"{plan.seed} layout")  # noqa: S311
    biggest = BIGGEST if plan.members >= BIG_CITY else plan.members // 8
    weights = [rng.lognormvariate(0, 1.25) for _ in range(plan.unions)]
    sizes = [biggest, *_shared(plan.members - biggest, weights[1:], least=2)]
    employers = _shared(plan.employers, [size**0.5 for size in sizes], least=1)
    of_district = _shared(plan.unions, _district_weights(rng), least=0)
    district, second, district_of_second = array("l"), array("l"), array("l")
    for place, unions in enumerate(of_district):
        first, seconds = len(district_of_second), -(-unions // UNIONS_UNDER_A_SECOND)
        district_of_second.extend([place] * seconds)
        for at in range(unions):
            district.append(place)
            second.append(-1 if at % STRAIGHT == STRAIGHT - 1 else first + at * seconds // unions)
    return Layout(
        plan,
        array("l", sizes),
        array("l", accumulate(sizes[:-1], initial=0)),
        array("l", employers),
        array("l", accumulate(employers[:-1], initial=0)),
        district,
        second,
        district_of_second,
    )


def _district_weights(rng: random.Random) -> list[int]:
    """Districts are several times as large as industries; the first, with the biggest union, is among the large."""
    return [
        90,
        *(rng.randint(30, 100) for _ in range(DISTRICTS - 1)),
        *(rng.randint(2, 14) for _ in range(INDUSTRIES)),
    ]


def _shared(total: int, weights: Sequence[float], *, least: int) -> list[int]:
    """``total`` in whole parts near the weights, none below ``least``; the parts add up exactly."""
    free, whole = total - least * len(weights), sum(weights)
    shares, before, so_far = [], 0, 0.0
    for weight in weights:
        so_far += weight
        until = min(free, int(free * so_far / whole + 0.5))
        shares.append(least + until - before)
        before = until
    shares[-1] += free - before
    return shares
