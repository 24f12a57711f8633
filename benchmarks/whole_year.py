"""Every grassroots union's whole year: submitted through both channels, approved, paid, filed and settled.

python -m benchmarks.whole_year --data-dir /a/city

Two years are set that nobody has touched: the first goes through the services, the second through bare SQL that
writes the same rows (``whole_year_bare``). They take turns, twenty-five lists at a time, and the one that begins
changes, so that neither has the quieter machine or the warmer memory. One process and one connection each: hardly
more than one core works at a time. It adds to the city; whoever wants to measure the same again begins with a fresh
one.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from time import monotonic
from typing import Any

from psycopg import Connection, connect
from sqlalchemy import create_engine, func, select

from app import clock, create_app
from app.acting import acting_for
from app.city.fees import SPLIT, SPLIT_PLAN
from app.database_roles import addresses
from app.extensions import db
from app.models import Account, Enrolment, Member, NoticeVersion, ProtectionYear, Union
from app.queries.enrolment import bucket_of, standing
from app.rules.enrolment import Bucket, Channel, Term
from app.rules.organisation import UnionLevel
from app.security.actor import SYSTEM, Actor, actor_of
from app.services.demo_year import PLANS, city_fees
from app.services.fees import set_split
from app.transaction import transaction
from benchmarks import whole_year_bare, whole_year_served
from benchmarks.city import open_year
from benchmarks.last_day_town import say
from benchmarks.machine import describe_machine
from benchmarks.report import emit, keep
from benchmarks.whole_year_served import STAGES, Place, Times
from config import Login, load_settings

LEAST_SHARE = 0.6
FREE_IDS = 1_000_000_000
IDS_OF_A_DISTRICT = 1_000_000
MINUTES = 45.0


@dataclass(slots=True)
class Totals:
    """Of one side: seconds by stage, batches, and by how much the database grew."""

    times: Times
    batches: int = 0
    megabytes: float = 0.0


def main(arguments: list[str]) -> bool:
    asked = _asked(arguments)
    logging.disable(logging.INFO)
    settings = load_settings({"CANBAO_DATA_DIR": str(asked.data_dir)})
    owner = addresses(settings).owner
    app = create_app(settings, Login.SCHEDULER)
    about = {"machine": describe_machine(create_engine(owner))}
    with app.app_context(), connect(owner.replace("+psycopg", "")) as bare, acting_for(db.session(), SYSTEM):
        year, at = _two_years(clock.now())
        districts = _districts()[: asked.districts]
        clerk = _actors(Account.username == "centre")[0]
        lists = _lists(year)
        served, floor = Totals(Times()), Totals(Times())
        of_bare = whole_year_bare.Year(year + 1, year, at, _notice_facts(), clerk.account_id)
        done, unions, ends = 0, 0, monotonic() + asked.minutes * 60
        for number, district in enumerate(districts):
            if monotonic() > ends:
                say(f"{asked.minutes:g} minutes are over: {done} of {len(districts)} districts")
                break
            place = _place(district, lists)
            if not place.lists:
                continue
            _live_side_by_side(bare, number, served, floor, [
                whole_year_served.live_a_year(place, clerk, year, at, served.times),
                whole_year_bare.live_a_year(
                    bare, place, of_bare, FREE_IDS + number * IDS_OF_A_DISTRICT, floor.times
                ),
            ])  # fmt: skip
            for side in (served, floor):
                side.batches += len(place.lists)
            done += 1
            unions += len({operator.union_id for operator, _ in place.lists})
            spent = f"{served.times.all:.0f} s, bare {floor.times.all:.0f} s"
            say(f"{done} districts, {unions} unions, {served.batches} batches: {spent}")
        rows = _compare(year)
    good = _report(served, floor, unions, rows)
    print(f"kept in {keep(asked.name, about)}")  # noqa: T201
    return good


def _asked(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.whole_year")
    parser.add_argument(
        "--data-dir", type=Path, required=True, help="a city that `canbao city` has made; it is changed"
    )
    parser.add_argument("--name", default="whole_year", help="the file of results")
    parser.add_argument(
        "--districts", type=int, default=None, help="only so many of them, with all their unions"
    )
    parser.add_argument(
        "--minutes", type=float, default=MINUTES, help="no further district is begun after these"
    )
    return parser.parse_args(arguments)


def _live_side_by_side(
    bare: Connection[Any], number: int, served: Totals, floor: Totals, sides: Sequence[Iterator[None]]
) -> None:
    """Turn by turn; who comes first changes each time."""
    totals, left, round_ = (served, floor), {0, 1}, number
    while left:
        for side in (0, 1) if round_ % 2 else (1, 0):
            if side in left:
                before = _megabytes(bare)
                if next(sides[side], _OVER) is _OVER:
                    left.discard(side)
                totals[side].megabytes += _megabytes(bare) - before
        round_ += 1


_OVER = object()


def _megabytes(connection: Connection[Any]) -> float:
    (size,) = connection.execute("SELECT pg_database_size(current_database())").fetchone() or (0,)
    connection.rollback()
    return int(size) / 2**20


def _two_years(now: datetime) -> tuple[int, datetime]:
    """The first of two new years, all windows of both open, every fifth ordinary district with a split."""
    admin = _actors(Account.username == "admin")[0]
    with transaction() as session:
        first = (session.scalar(select(func.max(ProtectionYear.year))) or now.year) + 1
        for year in (first, first + 1):
            open_year(session, admin, year, now, plans=PLANS, fees=city_fees)
    for at, district in enumerate(_districts()):
        if at % 5 == 0 and not district.central_enterprise:
            reviewer = _reviewer_of(district.id)
            with acting_for(db.session(), reviewer), transaction() as session:
                for year in (first, first + 1):
                    set_split(
                        session, reviewer, year=year, plan=SPLIT_PLAN, term=Term.FULL, union_id=None,
                        district_share=SPLIT[0], grassroots_share=SPLIT[1], now=now,
                    )  # fmt: skip
    return first, now


def _lists(year: int) -> dict[int, list[Channel]]:
    """By union, through which channels somebody can be enrolled: one look over the city for each."""
    lists: dict[int, list[Channel]] = {}
    with transaction() as session:
        for channel in Channel:
            somebody = (
                standing(select(Member.union_id), year)
                .where(bucket_of(channel, date(year, 1, 1)) == Bucket.ELIGIBLE.value)
                .group_by(Member.union_id)
            )
            for union_id in session.scalars(somebody):
                lists.setdefault(union_id, []).append(channel)
    return lists


def _place(district: Union, lists: dict[int, list[Channel]]) -> Place:
    operators = _actors(Account.username.like("operator0%"), Union.district_id == district.id)
    seconds = _actors(Union.level == UnionLevel.SECOND, Union.district_id == district.id)
    splits = district.id in {each.id for each in _districts()[::5]} and not district.central_enterprise
    return Place(
        district.id,
        district.central_enterprise,
        splits,
        _reviewer_of(district.id),
        {actor.union_id: actor for actor in seconds},
        [(actor, channel) for actor in operators for channel in lists.get(actor.union_id, ())],
    )


def _districts() -> list[Union]:
    with transaction() as session:
        found = list(
            session.scalars(select(Union).where(Union.level == UnionLevel.DISTRICT).order_by(Union.id))
        )
        session.expunge_all()
    return found


def _reviewer_of(district_id: int) -> Actor:
    return _actors(
        Account.username.like("district0%") | Account.username.like("district_%"), Union.id == district_id
    )[-1]


def _actors(*which: Any) -> list[Actor]:
    with transaction() as session:
        accounts = session.scalars(
            select(Account).join(Account.union).where(*which).order_by(Account.id)
        ).unique()
        actors = [actor_of(account) for account in accounts]
        session.expunge_all()
    return actors


def _notice_facts() -> dict[str, Any]:
    with transaction() as session:
        facts = session.scalar(select(NoticeVersion.facts).limit(1))
    assert facts is not None
    return facts


def _compare(year: int) -> int:
    """Both sides have enrolled the same people; how many."""
    with transaction() as session:
        counted = (
            select(Enrolment.year, func.count())
            .where(Enrolment.year.in_((year, year + 1)))
            .group_by(Enrolment.year)
        )
        counts = {row[0]: row[1] for row in session.execute(counted)}
    if counts.get(year) != counts.get(year + 1):
        raise AssertionError(
            f"the services enrolled {counts.get(year)} people, bare SQL {counts.get(year + 1)}"
        )
    return counts.get(year, 0)


def _report(served: Totals, floor: Totals, unions: int, people: int) -> bool:
    for stage in STAGES:
        emit(f"whole_year.{stage}", served.times.of[stage], "s", floor.times.of[stage], float("inf"))
    seconds, bare = served.times.all, floor.times.all
    rate, floor_rate = served.batches / seconds, floor.batches / bare
    return all(
        [
            emit("whole_year.batches", rate, "batches/s", floor_rate, LEAST_SHARE * floor_rate, at_least=True,
                 seconds=seconds, bare_seconds=bare, unions=unions, batches=served.batches),
            emit("whole_year.people", people / seconds, "people/s", people / bare, LEAST_SHARE * people / bare,
                 at_least=True, people=people),
            emit("whole_year.growth", served.megabytes, "MB", floor.megabytes, 1.1 * floor.megabytes),
        ]
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1:]) else 1)
