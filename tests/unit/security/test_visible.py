"""Who sees which rows: ``visible_to`` × entity × level, against real rows of every union."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import (
    Account,
    DistrictBatch,
    DistrictBatchPlan,
    Employer,
    Enrolment,
    EnrolmentBatch,
    Event,
    ImportRun,
    Member,
    Notice,
    PaymentVoucher,
    Union,
)
from app.rules.violations import RuleViolation
from app.security.actor import SYSTEM, actor_of
from app.security.roles import Role
from app.security.visible import get_visible, visible_to
from tests.architecture.world import DISTRICTS, World, build_world
from tests.databases import rolled_back
from tests.factories import make_union

pytestmark = pytest.mark.xdist_group("visibility")

ALL = "all"
NONE: set[str] = set()
IN_DISTRICT = {"district", "second", "grassroots", "sibling", "straight"}
IN_SECOND = {"second", "grassroots", "sibling"}
FILED = set(DISTRICTS.values())
FILERS = set(DISTRICTS)

SCOPED = (
    Union,
    Account,
    Employer,
    Member,
    EnrolmentBatch,
    Enrolment,
    DistrictBatch,
    PaymentVoucher,
    Notice,
    ImportRun,
)

TREE: list[tuple[str, str | set[str]]] = [
    ("municipal_admin@city", ALL),
    ("manager@city", ALL),
    ("manager@district", IN_DISTRICT),
    ("district_reviewer@district", IN_DISTRICT),
    ("second_reviewer@second", IN_SECOND),
    ("operator@grassroots", {"grassroots"}),
]
"""Who sees by the tree, and the unions whose rows they see, whatever the entity."""

OTHERS: dict[str, dict[type, str | set[str]]] = {
    "centre_clerk@city": {
        DistrictBatch: FILERS,
        PaymentVoucher: FILERS,
        Notice: FILERS,
        Union: FILERS,
        EnrolmentBatch: FILED,
        Enrolment: FILED,
    },
    "security_admin@city": {Union: ALL, Account: ALL},
    "auditor@city": {},
}
"""Whose work is not the tree's, and the unions whose rows they see; what isn't named they don't."""


@pytest.fixture(scope="module")
def session(app: Flask) -> Iterator[Session]:
    with rolled_back(app) as shared:
        yield shared


@pytest.fixture(scope="module")
def world(session: Session) -> World:
    return build_world(session)


@pytest.mark.parametrize("entity", SCOPED, ids=lambda entity: entity.__name__)
@pytest.mark.parametrize(("who", "unions"), TREE, ids=lambda value: value if isinstance(value, str) else "")
def test_the_tree_shows_a_union_itself_and_what_lies_below(
    session: Session, world: World, who: str, unions: str | set[str], entity: type
) -> None:
    assert _seen(session, world, who, entity) == _meant(session, world, unions, entity)


@pytest.mark.parametrize("entity", SCOPED, ids=lambda entity: entity.__name__)
@pytest.mark.parametrize("who", OTHERS)
def test_the_others_see_what_their_work_needs(session: Session, world: World, who: str, entity: type) -> None:
    assert _seen(session, world, who, entity) == _meant(session, world, OTHERS[who].get(entity, NONE), entity)


@pytest.mark.parametrize("entity", SCOPED, ids=lambda entity: entity.__name__)
def test_nobody_sees_anything_without_a_role(session: Session, entity: type) -> None:
    assert session.scalar(select(func.count()).select_from(entity).where(visible_to(SYSTEM, entity))) == 0


def test_a_grassroots_union_sees_its_groups_that_cannot_work_here(session: Session, world: World) -> None:
    with session.begin_nested() as savepoint:
        group = make_union(session, None, world.places["grassroots"].union)
        operator = actor_of(world.accounts["operator@grassroots"])
        assert group.id in session.scalars(select(Union.id).where(visible_to(operator, Union))).all()
        savepoint.rollback()


def test_a_batchs_lines_are_seen_with_the_batch(session: Session, world: World) -> None:
    for who, count in (
        ("district_reviewer@district", 1),
        ("centre_clerk@city", 3),
        ("operator@grassroots", 0),
    ):
        condition = visible_to(actor_of(world.accounts[who]), DistrictBatchPlan)
        assert session.scalar(select(func.count()).select_from(DistrictBatchPlan).where(condition)) == count


def test_the_auditor_sees_every_event_and_nothing_else(session: Session, world: World) -> None:
    auditor = actor_of(world.accounts["auditor@city"])
    everything = session.scalar(select(func.count()).select_from(Event))
    assert (
        session.scalar(select(func.count()).select_from(Event).where(visible_to(auditor, Event)))
        == everything
    )


@pytest.mark.parametrize("key", [999_999_999, 0, -1, 2**63, 10**30])
def test_a_row_that_is_not_there_is_the_same_as_one_that_is_not_yours(
    session: Session, world: World, key: int
) -> None:
    operator = actor_of(world.accounts["operator@grassroots"])
    foreign = session.scalars(select(Member.id).where(Member.union_id != operator.union_id)).first()
    told = []
    for asked in (key, foreign):
        with pytest.raises(RuleViolation) as refusal:
            get_visible(session, operator, Member, asked)
        told.append((refusal.value.code, refusal.value.status, refusal.value.facts))
    assert told[0] == told[1]
    assert told[0][1] == 404


def test_every_role_is_in_these_tables() -> None:
    assert {who.partition("@")[0] for who in [*(line[0] for line in TREE), *OTHERS]} == set(Role)


def _seen(session: Session, world: World, who: str, entity: type) -> set[int]:
    condition = visible_to(actor_of(world.accounts[who]), entity)
    return set(session.scalars(select(_home(entity)).where(condition)))


def _meant(session: Session, world: World, unions: str | set[str], entity: type) -> set[int]:
    """Of these unions, those that have such a row at all."""
    having = set(session.scalars(select(_home(entity))))
    return having if unions == ALL else having & {world.places[name].union.id for name in unions}


def _home(entity: type) -> object:
    return entity.id if entity is Union else entity.union_id  # type: ignore[attr-defined]
