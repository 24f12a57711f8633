"""集中参保统计表: opened again, its totals are the sums of its rows, and only visible unions are in it."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy.orm import Session

from app.models import Union
from app.queries.enrolment import preview
from app.queries.statistics import UnionFigures, levels_for, statistics
from app.queries.years import get_year
from app.rules.contacts import Handler
from app.rules.enrolment import BatchStatus, Bucket, Channel
from app.rules.organisation import UnionLevel
from app.rules.violations import RuleViolation
from app.security.roles import Role
from app.services.enrolment import submit_batch
from app.services.filing import file_district_batch
from app.services.review import approve_batches
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

SUBMITTED_AT, FILED_AT = at("2024-12-01"), at("2024-12-27")
PLANS = ("A", "B")


@pytest.fixture
def tree(session: Session) -> Tree:
    """Three unions have submitted, one of them plan B through both channels; one has not; one is filed."""
    made = make_tree(session)
    make_year(session)
    make_fees(session)
    for union, people in (
        (made.grassroots, 4),
        (made.sibling, 2),
        (made.straight, 3),
        (made.other_grassroots, 5),
    ):
        make_members(session, union, people)
        make_members(session, union, 1, has_card=False)
        make_members(session, union, 1, employment_status="deceased")
    make_members(session, made.grassroots, 2, kind="flexible")
    first = _submit(session, made.grassroots, "A")
    _submit(session, made.straight, "B")
    _submit(session, made.straight, "B", Channel.SOCIAL_CARD)
    _submit(session, made.other_grassroots, "A")
    district = actor_of_role(session, made.district, Role.DISTRICT_REVIEWER)
    approve_batches(session, district, batch_ids=[first], now=SUBMITTED_AT)
    handler = Handler("李四", "13812345678", "li@example.org")
    file_district_batch(session, district, year=2025, handler=handler, now=FILED_AT)
    return made


@pytest.mark.parametrize("level", [UnionLevel.DISTRICT, UnionLevel.SECOND, UnionLevel.GRASSROOTS])
def test_the_sums_are_the_same_at_every_level(session: Session, tree: Tree, level: UnionLevel) -> None:
    rows = _rows(session, tree.city, Role.MANAGER, level)

    assert sum(row.members for row in rows) == 14 + 8
    assert sum(row.submitted for row in rows) == 4 + 3 + 1 + 5
    assert sum(row.by_plan["A"] for row in rows) == 9
    assert sum(row.by_plan["B"] for row in rows) == 4
    assert sum(row.fee for row in rows) == 9 * Decimal("26.00") + 4 * Decimal("70.00")
    assert sum(row.owed for row in rows) == 9 * Decimal("13.00") + 4 * Decimal("40.00")
    assert sum(row.by_status[BatchStatus.FORWARDED] for row in rows) == 1
    assert all(row.fee == row.municipal + row.district + row.grassroots for row in rows)


def test_unions_straight_below_a_district_have_a_row_among_the_second_level(
    session: Session, tree: Tree
) -> None:
    rows = _rows(session, tree.city, Role.MANAGER, UnionLevel.SECOND)

    straight = next(row for row in rows if row.straight and row.union_id == tree.district.id)

    assert straight.submitted == 4
    assert {row.union_id for row in rows if not row.straight} == {tree.second.id, tree.other_second.id}


def test_who_can_be_enrolled_is_what_the_confirmation_screen_says(session: Session, tree: Tree) -> None:
    year = get_year(session, 2025)
    for row in _rows(session, tree.city, Role.MANAGER, UnionLevel.GRASSROOTS):
        per_channel = [
            preview(session, session.get_one(Union, row.union_id), year, channel, now=SUBMITTED_AT).buckets
            for channel in Channel
        ]
        submitted = sum(buckets[Bucket.SUBMITTED] for buckets in per_channel)
        eligible = sum(buckets[Bucket.ELIGIBLE] for buckets in per_channel)
        assert row.enrollable == submitted + eligible
        assert row.submitted == submitted


def test_a_union_that_has_done_nothing_is_there_with_zeros(session: Session, tree: Tree) -> None:
    rows = _rows(session, tree.city, Role.MANAGER, UnionLevel.GRASSROOTS)

    sibling = next(row for row in rows if row.union_id == tree.sibling.id)

    assert (sibling.members, sibling.enrollable, sibling.submitted, sibling.fee) == (4, 3, 0, Decimal("0.00"))
    assert sibling.last_submitted_at is None


@pytest.mark.parametrize(
    ("home", "role", "unions"),
    [
        (
            "city",
            Role.MANAGER,
            {"grassroots", "sibling", "straight", "other_grassroots", "central_grassroots"},
        ),
        ("district", Role.MANAGER, {"grassroots", "sibling", "straight"}),
        ("second", Role.SECOND_REVIEWER, {"grassroots", "sibling"}),
    ],
)
def test_only_visible_unions_have_rows(
    session: Session, tree: Tree, home: str, role: Role, unions: set[str]
) -> None:
    rows = _rows(session, getattr(tree, home), role, UnionLevel.GRASSROOTS)

    assert {row.union_id for row in rows} == {getattr(tree, name).id for name in unions}


def test_a_level_above_ones_own_is_refused(session: Session, tree: Tree) -> None:
    with pytest.raises(RuleViolation, match="statistics_level"):
        _rows(session, tree.second, Role.SECOND_REVIEWER, UnionLevel.DISTRICT)


def test_the_levels_offered_are_ones_own_and_those_below(session: Session, tree: Tree) -> None:
    second = actor_of_role(session, tree.second, Role.SECOND_REVIEWER)

    assert levels_for(second) == (UnionLevel.SECOND, UnionLevel.GRASSROOTS)


@pytest.mark.parametrize("level", ["district", "second", "grassroots"])
def test_the_workbooks_totals_are_the_sums_of_its_rows(
    session: Session, tree: Tree, client: FlaskClient, level: str
) -> None:
    sign_in(client, make_account(session, tree.city, Role.MANAGER))

    response = client.get(f"/statistics/workbook.xlsx?year=2025&level={level}")
    heads, rows, total = _read(response.data)

    assert response.status_code == 200
    for head in (
        "会员数",
        "可参保人数",
        "已提交人数",
        "A 类人数",
        "B 类人数",
        "保障费用",
        "应缴职保会金额",
        "已缴金额",
    ):
        at_column = next(
            at for at, name in enumerate(heads) if name.replace(" ", "") == head.replace(" ", "")
        )
        assert total[at_column] == pytest.approx(sum(row[at_column] for row in rows)), head
    assert total[heads.index("已提交人数")] == 13


def test_a_district_is_chosen_for_the_workbook(session: Session, tree: Tree, client: FlaskClient) -> None:
    sign_in(client, make_account(session, tree.city, Role.MANAGER))

    address = f"/statistics/workbook.xlsx?year=2025&level=grassroots&district_id={tree.other_district.id}"
    _, rows, total = _read(client.get(address).data)

    assert [row[0] for row in rows] == [tree.other_grassroots.name]
    assert total[0] == "合计"


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/statistics/?level=nonsense", 422),
        ("/statistics/?level=municipal", 422),
        ("/statistics/?year=2031", 404),
        ("/statistics/workbook.xlsx?year=2031", 404),
        ("/statistics/?district_id=99999999", 404),
    ],
)
def test_what_there_is_no_table_of_is_told(
    session: Session, tree: Tree, client: FlaskClient, address: str, status: int
) -> None:
    sign_in(client, make_account(session, tree.city, Role.MANAGER))

    assert client.get(address).status_code == status


def test_a_foreign_district_is_not_there(session: Session, tree: Tree, client: FlaskClient) -> None:
    sign_in(client, make_account(session, tree.district, Role.MANAGER))

    assert client.get(f"/statistics/?district_id={tree.other_district.id}").status_code == 404


def test_the_screen_shows_the_rows_and_their_total(session: Session, tree: Tree, client: FlaskClient) -> None:
    sign_in(client, make_account(session, tree.district, Role.DISTRICT_REVIEWER))

    page = client.get("/statistics/?level=grassroots").get_data(as_text=True)

    assert tree.grassroots.name in page and tree.other_grassroots.name not in page
    assert "合计" in page and "384.00" in page


def _rows(session: Session, union: Union, role: Role, level: UnionLevel) -> list[UnionFigures]:
    actor = actor_of_role(session, union, role)
    return list(statistics(session, actor, get_year(session, 2025), level=level, plans=PLANS))


def _submit(session: Session, union: Union, plan: str, channel: Channel = Channel.MEMBER_CARD) -> int:
    operator = actor_of_role(session, union, Role.OPERATOR)
    ticked = None
    if channel is Channel.SOCIAL_CARD:
        from sqlalchemy import select

        from app.models import Member

        without_card = (
            Member.union_id == union.id,
            Member.card_no.is_(None),
            Member.employment_status == "employed",
        )
        ticked = list(session.scalars(select(Member.id).where(*without_card)))
    return submit_batch(
        session, operator, year=2025, channel=channel, plan=plan, member_ids=ticked, now=SUBMITTED_AT
    ).id


def _read(content: bytes) -> tuple[list[str], list[tuple[Any, ...]], tuple[Any, ...]]:
    """Heads, rows and the total row's stored results of the first sheet."""
    sheet = load_workbook(io.BytesIO(content), data_only=True).worksheets[0]
    heads, *rows, total = sheet.iter_rows(values_only=True)
    return [str(head) for head in heads], rows, total
