"""The demo city 海城市: invented unions and people, a year whose windows are open whatever the day, and
batches in every state, so that no screen is empty."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.models import DistrictBatch, Union
from app.sealing import key_ring
from app.security.persons import person_secret
from app.services.demo_accounts import (
    OPERATOR_AFTER_SUBMIT,
    DemoAccount,
    demo_accounts,
    make_demo_accounts,
)
from app.services.demo_board import make_demo_board
from app.services.demo_people import Home, Person, Register, store_people
from app.services.demo_transfers import make_demo_transfers
from app.services.demo_tree import DemoTree, make_demo_tree
from app.services.demo_work import DemoWork
from app.services.demo_year import make_demo_year, split_fees

__all__ = ["DemoAccount", "demo_accounts", "make_demo_city"]

MEMBERS = 20_000
MEMBERSHIPS_TWICE = 60
HANDFUL = 5
SHOWN_UNION = 120
"""Members of the unions of the listed operators: neither too few to see something nor too many to read."""


def make_demo_city(session: Session, *, password: str, now: datetime, seed: int = 2026) -> list[DemoAccount]:
    """Fill an empty database; every account has ``password``. The same seed makes the same city."""
    rng = random.Random(seed)  # noqa: S311
    tree = make_demo_tree(session, rng, now)
    actors = make_demo_accounts(session, tree, password=password, now=now)
    year = make_demo_year(session, actors.by_name["admin"], now)
    register = Register(rng, year=year.year, now=now, secret=person_secret(), ring=key_ring())
    fresh = actors.by_name["operator"].union_id
    shown = {actors.by_name[name].union_id for name in ("operator", OPERATOR_AFTER_SUBMIT)}
    people = list(_people(rng, register, tree, shown))
    store_people(session, [*people, *_second_memberships(rng, register, tree, people, fresh)])
    session.execute(text("ANALYZE member"))
    work = DemoWork(session, rng, actors, year, now)
    first = tree.districts[0]
    split_fees(session, actors.of_union[first.id], _below(tree, first)[2], year.year, now)
    work.decide([union for union in tree.grassroots if union.id != fresh])
    for union in _busy(tree, rng, {fresh}, shown - {fresh}):
        work.submit(union)
    _every_state(work, tree)
    _one_state_each(work, tree, rng)
    make_demo_board(session, actors.by_name["admin"], year, now)
    make_demo_transfers(session, actors.by_name["operator"], actors.by_name[OPERATOR_AFTER_SUBMIT], now)
    session.flush()
    return demo_accounts(session)


def _people(rng: random.Random, register: Register, tree: DemoTree, shown: set[int]) -> Iterator[Person]:
    """Few large unions, many small ones."""
    weights = [rng.random() ** 2 + 0.08 for _ in tree.grassroots]
    for union, weight in zip(tree.grassroots, weights, strict=True):
        homes = _homes(tree, union)
        share = max(8, round(MEMBERS * weight / sum(weights)))
        yield from register.people(homes, SHOWN_UNION if union.id in shown else share)


def _second_memberships(
    rng: random.Random, register: Register, tree: DemoTree, people: list[Person], fresh: int
) -> Iterator[Person]:
    """Some people belong to two unions; a few of them to the one that has submitted nothing yet."""
    employed = [person for person in people if person.kind == "employed" and person.card_no]
    targets = [union for union in tree.grassroots if union.id == fresh] * 6
    targets += rng.choices(tree.grassroots, k=MEMBERSHIPS_TWICE - len(targets))
    for person, union in zip(rng.sample(employed, len(targets)), targets, strict=True):
        if person.union_id != union.id:
            yield register.again(person, _homes(tree, union)[0])


def _homes(tree: DemoTree, union: Union) -> list[Home]:
    return [
        Home(union.id, union.second_id, union.district_id, employer.id)
        for employer in tree.employers[union.id]
    ]


def _below(tree: DemoTree, district: Union) -> list[Union]:
    return [union for union in tree.grassroots if union.district_id == district.id]


def _busy(tree: DemoTree, rng: random.Random, never: set[int], always: set[int]) -> list[Union]:
    """The unions that have submitted: nearly half of the city, more in some districts than in others, a handful in
    every one."""
    chosen = set(always)
    for district in tree.districts:
        below = [union.id for union in _below(tree, district) if union.id not in never]
        share = 0.3 + 0.3 * rng.random()
        chosen.update(rng.sample(below, min(len(below), max(HANDFUL, round(share * len(below))))))
    return [union for union in tree.grassroots if union.id in chosen]


def _every_state(work: DemoWork, tree: DemoTree) -> None:
    """The first district's batches stand in every state there is, its filings too."""
    district = tree.districts[0]
    waiting = work.waiting(district)
    work.send_back(waiting[0], "left_included", "标记人员已离职，请核实后重新提交。", mark=True)
    work.lapse(waiting[1:2])
    work.approve(waiting[2:4])
    rejected = work.file(district)
    work.reject(rejected)
    completed = work.file(district)
    work.accept(completed)
    work.settle(work.pay(completed))
    for at, step in enumerate((_wait_for_settling, _wait_for_payment, None), start=2):
        work.approve(waiting[2 * at : 2 * at + 2])
        filed = work.file(district)
        if step is not None:
            step(work, filed)
    work.approve(waiting[10:12], by_second=False)


def _one_state_each(work: DemoWork, tree: DemoTree, rng: random.Random) -> None:
    """The other districts are each at one step of the year, a few batches behind."""
    steps = (None, _leave, _wait_for_payment, _wait_for_settling, _finish, _refuse, _refuse_payment, _finish)
    for at, district in enumerate(tree.districts[1:]):
        waiting = work.waiting(district)
        rng.shuffle(waiting)
        returned, late = waiting[:1], waiting[1 : 1 + len(waiting) // 6]
        for batch_id in returned:
            work.send_back(batch_id, rng.choice(("wrong_list", "retired_included", "wrong_plan")))
        ready = waiting[1 + len(late) :]
        step = steps[at % len(steps)]
        if step is None:
            work.approve(ready[: len(ready) // 2])
        else:
            work.approve(ready)
            step(work, work.file(district))


def _leave(work: DemoWork, batch: DistrictBatch) -> None:
    """Nothing yet: the centre has it before it."""


def _wait_for_payment(work: DemoWork, batch: DistrictBatch) -> None:
    work.accept(batch)


def _wait_for_settling(work: DemoWork, batch: DistrictBatch) -> None:
    work.accept(batch)
    work.pay(batch, picture=True)


def _finish(work: DemoWork, batch: DistrictBatch) -> None:
    work.accept(batch)
    work.settle(work.pay(batch))


def _refuse(work: DemoWork, batch: DistrictBatch) -> None:
    work.reject(batch)


def _refuse_payment(work: DemoWork, batch: DistrictBatch) -> None:
    work.accept(batch)
    work.refuse_voucher(work.pay(batch, picture=True))
