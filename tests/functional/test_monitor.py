"""The live monitor: each union at its stage, people and money add up, nobody sees past their own place."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.models import EnrolmentBatch, Union
from app.queries.monitor import Standing, standings, total_of
from app.rules.contacts import Handler
from app.rules.enrolment import Channel
from app.rules.monitor import Stage
from app.security.actor import SYSTEM
from app.security.roles import Role
from app.services.enrolment import submit_batch
from app.services.filing import file_district_batch
from app.services.lapse import lapse_batches
from app.services.review import approve_batches, return_batch
from app.services.settlement import VoucherDetails, accept_district_batch, settle_voucher, upload_voucher
from tests.databases import statements
from tests.factories import (
    Tree,
    actor_of_role,
    at,
    make_account,
    make_fees,
    make_members,
    make_tree,
    make_year,
    sign_in,
)
from tests.factories.papers import make_paper

SUBMITTED_AT, FILED_AT = at("2024-12-01"), at("2024-12-27")
PEOPLE = 3


@pytest.fixture
def tree(session: Session) -> Tree:
    made = make_tree(session)
    make_year(session)
    make_fees(session)
    for union in (made.grassroots, made.sibling, made.straight, made.other_grassroots):
        make_members(session, union, PEOPLE)
    return made


def test_a_union_without_a_batch_has_not_started(session: Session, tree: Tree) -> None:
    assert _stage(session, tree, tree.grassroots) is Stage.NOT_STARTED


def test_a_union_moves_through_the_stages_with_its_batch(session: Session, tree: Tree) -> None:
    district = actor_of_role(session, tree.district, Role.DISTRICT_REVIEWER)
    clerk = actor_of_role(session, tree.city, Role.CENTRE_CLERK)
    seen = []

    batch = _submit(session, tree.grassroots)
    seen.append(_stage(session, tree, tree.grassroots))
    approve_batches(session, district, batch_ids=[batch.id], now=SUBMITTED_AT)
    seen.append(_stage(session, tree, tree.grassroots))
    filed = file_district_batch(
        session, district, year=2025, handler=Handler("李四", "13812345678", "li@example.org"), now=FILED_AT
    )
    accept_district_batch(session, clerk, batch_id=filed.id, now=FILED_AT)
    seen.append(_stage(session, tree, tree.grassroots))
    voucher = upload_voucher(
        session,
        district,
        batch_id=filed.id,
        paper=make_paper(),
        details=VoucherDetails("凭证", filed.owed, at("2024-12-26").date()),
        now=FILED_AT,
    )
    settle_voucher(session, clerk, voucher_id=voucher.id, now=FILED_AT)
    seen.append(_stage(session, tree, tree.grassroots))

    assert seen == [Stage.SUBMITTED, Stage.APPROVED, Stage.FILED, Stage.SETTLED]
    row = _row(session, tree, tree.grassroots)
    assert (row.people, row.fee, row.owed, row.paid) == (
        3,
        Decimal("78.00"),
        Decimal("39.00"),
        Decimal("39.00"),
    )


def test_a_returned_list_shows_until_it_is_submitted_anew(session: Session, tree: Tree) -> None:
    district = actor_of_role(session, tree.district, Role.DISTRICT_REVIEWER)
    batch = _submit(session, tree.grassroots)
    return_batch(session, district, batch_id=batch.id, reason_code="wrong_list", now=SUBMITTED_AT)
    returned = _row(session, tree, tree.grassroots)

    _submit(session, tree.grassroots)

    assert (returned.stage, returned.people, returned.fee) == (Stage.RETURNED, 0, Decimal(0))
    assert _stage(session, tree, tree.grassroots) is Stage.SUBMITTED


def test_the_least_advanced_live_batch_decides(session: Session, tree: Tree) -> None:
    district = actor_of_role(session, tree.district, Role.DISTRICT_REVIEWER)
    first = _submit(session, tree.grassroots)
    approve_batches(session, district, batch_ids=[first.id], now=SUBMITTED_AT)
    make_members(session, tree.grassroots, 1)

    _submit(session, tree.grassroots)

    assert _stage(session, tree, tree.grassroots) is Stage.SUBMITTED


def test_a_union_whose_only_batch_lapsed_is_lapsed(session: Session, tree: Tree) -> None:
    batch = _submit(session, tree.grassroots)

    lapse_batches(session, SYSTEM, batch_ids=[batch.id], now=FILED_AT)

    assert _stage(session, tree, tree.grassroots) is Stage.LAPSED


def test_the_figures_of_every_level_add_up_to_the_level_above(session: Session, tree: Tree) -> None:
    for union in (tree.grassroots, tree.straight, tree.other_grassroots):
        _submit(session, union)
    manager = actor_of_role(session, tree.city, Role.MANAGER)

    city = standings(session, manager, 2025, tree.city)
    district = standings(session, manager, 2025, tree.district)
    second = standings(session, manager, 2025, tree.second)

    assert _figures(total_of(district)) == _figures(_of(city, tree.district))
    assert _figures(total_of(second)) == _figures(_of(district, tree.second))
    assert total_of(city).people == 3 * PEOPLE
    assert total_of(city).unions == 5
    assert {row.union.id for row in district if row.union} == {tree.second.id, tree.straight.id}


def test_a_level_is_one_statement(session: Session, tree: Tree) -> None:
    manager = actor_of_role(session, tree.city, Role.MANAGER)

    with statements(session) as sent:
        standings(session, manager, 2025, tree.city)

    assert len([statement for statement in sent if statement.startswith(("SELECT", "WITH"))]) == 1


@pytest.mark.parametrize(
    ("home", "role", "place", "status"),
    [
        ("city", Role.MANAGER, "other_district", 200),
        ("district", Role.MANAGER, "district", 200),
        ("district", Role.MANAGER, "second", 200),
        ("district", Role.MANAGER, "other_district", 404),
        ("district", Role.MANAGER, "city", 404),
        ("second", Role.SECOND_REVIEWER, "grassroots", 200),
        ("second", Role.SECOND_REVIEWER, "straight", 404),
        ("grassroots", Role.OPERATOR, "grassroots", 403),
        ("city", Role.AUDITOR, "district", 403),
    ],
)
def test_everybody_sees_their_own_place_and_what_lies_below(
    session: Session, tree: Tree, client: FlaskClient, home: str, role: Role, place: str, status: int
) -> None:
    sign_in(client, make_account(session, getattr(tree, home), role))

    page = client.get(f"/monitor/{getattr(tree, place).id}")
    part = client.get(f"/monitor/{getattr(tree, place).id}/figures")

    assert (page.status_code, part.status_code) == (status, status)


def test_the_page_renews_itself_and_opens_at_the_actors_own_union(
    session: Session, tree: Tree, client: FlaskClient
) -> None:
    _submit(session, tree.grassroots)
    sign_in(client, make_account(session, tree.district, Role.MANAGER))

    page = client.get("/monitor/").get_data(as_text=True)
    part = client.get(f"/monitor/{tree.district.id}/figures?year=2025").get_data(as_text=True)

    assert (
        f'data-refresh="/monitor/{tree.district.id}/figures?year=2025" data-every="2" aria-live="polite"'
        in page
    )
    assert "秒前更新" in page
    assert tree.second.name in page and tree.other_district.name not in page
    assert part.strip() in page
    assert "<html" not in part


def test_a_grassroots_union_shows_its_batches(session: Session, tree: Tree, client: FlaskClient) -> None:
    batch = _submit(session, tree.grassroots)
    sign_in(client, make_account(session, tree.city, Role.MANAGER))

    page = client.get(f"/monitor/{tree.grassroots.id}").get_data(as_text=True)

    assert batch.number in page


def test_before_the_first_year_the_page_says_so(session: Session, client: FlaskClient) -> None:
    tree = make_tree(session)
    sign_in(client, make_account(session, tree.city, Role.MANAGER))

    assert "尚未设置保障年度" in client.get("/monitor/").get_data(as_text=True)
    assert "尚未设置保障年度" in client.get("/statistics/").get_data(as_text=True)


def _submit(session: Session, union: Union) -> EnrolmentBatch:
    operator = actor_of_role(session, union, Role.OPERATOR)
    return submit_batch(session, operator, year=2025, channel=Channel.MEMBER_CARD, plan="A", now=SUBMITTED_AT)


def _row(session: Session, tree: Tree, union: Union) -> Standing:
    manager = actor_of_role(session, tree.city, Role.MANAGER)
    (row,) = standings(session, manager, 2025, union)
    return row


def _stage(session: Session, tree: Tree, union: Union) -> Stage | None:
    return _row(session, tree, union).stage


def _of(rows: list[Standing], union: Union) -> Standing:
    return next(row for row in rows if row.union is union)


def _figures(row: Standing) -> tuple[Any, ...]:
    return (row.unions, row.stages, row.members, row.people, row.fee, row.owed, row.paid)
