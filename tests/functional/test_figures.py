"""Figures written at night: how each day ended, once, and only where something changed."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.extensions import db
from app.models import DailyFigure, FigureDay, MemberCountChange, Union
from app.queries.check import find_lies
from app.queries.home import tree_figures
from app.queries.monitor import standings, total_of
from app.queries.trend import Night, last_nights
from app.rules.enrolment import BatchStatus
from app.security.roles import Role
from app.services.figures import add_up_members, take_figures
from app.transaction import transaction
from scheduler.routines import take_figures_of_the_day
from scheduler.timetable import TIMETABLE, due
from tests.factories import (
    Tree,
    actor_of_role,
    at,
    make_account,
    make_members,
    make_tree,
    make_union,
    sign_in,
)
from tests.factories.batches import batch_in, make_batch

MIDNIGHT = at("2024-12-24 00:05")
DAY = date(2024, 12, 23)


def test_the_day_before_the_boundary_is_counted_for_every_year_that_is_not_over(
    session: Session, tree: Tree
) -> None:
    make_members(session, tree.grassroots, 2)
    with time_machine.travel(MIDNIGHT, tick=False):
        said = take_figures_of_the_day(session, MIDNIGHT)
    assert said == "2024-12-23 counted, 11 figures new"
    assert session.execute(select(FigureDay.year, FigureDay.day, FigureDay.taken_at)).all() == [
        (2025, DAY, MIDNIGHT)
    ]
    assert session.scalars(select(MemberCountChange)).all() == []


def test_a_year_that_is_over_is_counted_no_more(session: Session, tree: Tree) -> None:
    assert take_figures_of_the_day(session, at("2026-01-01 00:05")).startswith("2025-12-31 counted, 11")
    assert take_figures_of_the_day(session, at("2026-01-02 00:05")) == "2026-01-01 counted, 0 figures new"


def test_the_first_count_of_a_day_stands(session: Session, tree: Tree) -> None:
    take_figures_of_the_day(session, MIDNIGHT)
    make_members(session, tree.grassroots, 5)
    assert take_figures_of_the_day(session, MIDNIGHT + timedelta(hours=9)).endswith(" 0 figures new")
    assert _figure(session, tree.grassroots).members == 0


def test_only_what_changed_is_written_again_from_the_union_up(session: Session, tree: Tree) -> None:
    make_members(session, tree.grassroots, 1)
    take_figures_of_the_day(session, MIDNIGHT)
    make_members(session, tree.straight, 1)
    take_figures_of_the_day(session, MIDNIGHT + timedelta(days=1))
    second_day = DAY + timedelta(days=1)
    written = session.scalars(select(DailyFigure.union_id).where(DailyFigure.day == second_day))
    assert set(written) == {tree.straight.id, tree.district.id, tree.city.id}
    assert _figure(session, tree.district).members == 2


@pytest.mark.parametrize("status", list(BatchStatus))
def test_the_figures_are_those_of_the_live_monitor(session: Session, tree: Tree, status: BatchStatus) -> None:
    batch_in(session, tree, status)
    make_batch(session, tree.other_grassroots, 3)
    take_figures(session, year=2025, day=DAY, now=MIDNIGHT)
    for place in (tree.city, tree.district, tree.second, tree.grassroots, tree.other_grassroots):
        actor = actor_of_role(session, tree.city, Role.MANAGER)
        live, night = total_of(standings(session, actor, 2025, place)), _figure(session, place)
        assert (night.people, night.fee, night.owed, night.paid, night.target) == (
            live.people,
            live.fee,
            live.owed,
            live.paid,
            live.members,
        )
    city = _figure(session, tree.city)
    others = 2 if status is BatchStatus.SUBMITTED else 1
    assert getattr(city, f"batches_{status.value}") == (others if status is BatchStatus.SUBMITTED else 1)
    assert city.fee >= Decimal("78.00")
    assert find_lies(session) == []


def test_a_night_without_a_count_is_left_out_and_one_without_a_change_is_not(
    session: Session, tree: Tree
) -> None:
    make_members(session, tree.grassroots, 4)
    actor = actor_of_role(session, tree.grassroots, Role.OPERATOR)
    take_figures(session, year=2025, day=DAY, now=MIDNIGHT)
    take_figures(session, year=2025, day=DAY + timedelta(days=1), now=MIDNIGHT)
    make_batch(session, tree.grassroots, 1)
    take_figures(session, year=2025, day=DAY + timedelta(days=3), now=MIDNIGHT)
    nights = last_nights(session, actor, tree.grassroots.id, 2025, DAY + timedelta(days=30))
    assert nights == [
        Night(DAY, 0, 4),
        Night(DAY + timedelta(days=1), 0, 4),
        Night(DAY + timedelta(days=3), 5, 5),
    ]
    later = last_nights(session, actor, tree.grassroots.id, 2025, DAY + timedelta(days=31))
    assert [night.day for night in later] == [DAY + timedelta(days=1), DAY + timedelta(days=3)]


def test_a_union_that_came_later_begins_with_its_first_night(session: Session, tree: Tree) -> None:
    take_figures(session, year=2025, day=DAY, now=MIDNIGHT)
    newcomer = make_union(session, tree.grassroots.level, tree.second)
    take_figures(session, year=2025, day=DAY + timedelta(days=1), now=MIDNIGHT)
    actor = actor_of_role(session, tree.second, Role.SECOND_REVIEWER)
    nights = last_nights(session, actor, newcomer.id, 2025, DAY)
    assert [night.day for night in nights] == [DAY + timedelta(days=1)]


@pytest.mark.parametrize(
    ("home", "role", "place", "seen"),
    [
        ("city", Role.MANAGER, "grassroots", True),
        ("district", Role.DISTRICT_REVIEWER, "grassroots", True),
        ("second", Role.SECOND_REVIEWER, "grassroots", True),
        ("second", Role.SECOND_REVIEWER, "straight", False),
        ("district", Role.DISTRICT_REVIEWER, "other_grassroots", False),
        ("district", Role.DISTRICT_REVIEWER, "city", False),
        ("city", Role.CENTRE_CLERK, "district", False),
    ],
)
def test_nobody_reads_figures_from_beside_or_above(
    session: Session, tree: Tree, home: str, role: Role, place: str, seen: bool
) -> None:
    take_figures(session, year=2025, day=DAY, now=MIDNIGHT)
    actor = actor_of_role(session, getattr(tree, home), role)
    nights = last_nights(session, actor, getattr(tree, place).id, 2025, DAY)
    assert bool(nights) is seen


def test_the_monitor_shows_the_trend_of_the_place_beside_its_table(
    client: FlaskClient, session: Session, tree: Tree
) -> None:
    with time_machine.travel(at("2024-12-24 09:00"), tick=False):
        sign_in(client, make_account(session, tree.district, Role.DISTRICT_REVIEWER))
        before = client.get("/monitor/").text
        make_batch(session, tree.grassroots, 3)
        take_figures(session, year=2025, day=DAY, now=MIDNIGHT)
        after = client.get("/monitor/").text
        part = client.get(f"/monitor/{tree.district.id}/figures").text
    assert "尚无统计数据" in before and "echarts" not in before
    assert '<th scope="row">2024-12-23</th><td class="n">3</td><td class="n">3</td>' in after
    assert "echarts" in after and "echarts" not in part


def test_the_snapshot_is_due_shortly_after_midnight_in_shanghai() -> None:
    (entry,) = (entry for entry in TIMETABLE if entry.name == "figures.snapshot")
    assert due(entry, at("2024-12-23 00:05"), at("2024-12-24 00:04:59")) == []
    assert due(entry, at("2024-12-23 00:05"), at("2024-12-24 00:05")) == [at("2024-12-24 00:05")]


def _figure(session: Session, union: Union) -> DailyFigure:
    newest = select(DailyFigure).where(DailyFigure.union_id == union.id).order_by(DailyFigure.day.desc())
    return session.scalars(newest.limit(1)).one()


def test_who_is_being_added_while_the_night_adds_up_is_counted_once(committing: Flask) -> None:
    with transaction() as session:
        tree = make_tree(session)
        make_members(session, tree.grassroots, 2)
        actor, union_id = actor_of_role(session, tree.city, Role.MANAGER), tree.grassroots.id
    importing = db.session.session_factory()
    make_members(importing, importing.get_one(Union, union_id), 3)
    with transaction() as session:
        assert add_up_members(session) == 1
    importing.commit()
    importing.close()
    with transaction() as session:
        assert tree_figures(session, actor).members == 5
        assert add_up_members(session) == 1
        assert tree_figures(session, actor).members == 5
        assert find_lies(session) == []
