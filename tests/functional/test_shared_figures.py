"""The live monitor's figures are counted once for all who look, soon anew, and shown to nobody who may not see them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.acting import acting_for
from app.models import PlaceFigures, Union
from app.queries.monitor import standings, total_of
from app.security.roles import Role
from app.services.shared_figures import OLDEST, PAGE_RENEWS, RENEWED_AFTER, renew, shared_standings
from tests.databases import statements
from tests.factories import Tree, actor_of_role, make_account, make_fees, make_tree, make_year, sign_in
from tests.factories.batches import make_batch

LONGEST = timedelta(seconds=5)


@pytest.fixture
def tree(session: Session) -> Tree:
    made = make_tree(session)
    make_year(session)
    make_fees(session)
    for union in (made.grassroots, made.straight, made.other_grassroots):
        make_batch(session, union)
    return made


def test_whatever_number_of_viewers_costs_one_count(session: Session, tree: Tree) -> None:
    viewers = [
        actor_of_role(session, tree.city, Role.MANAGER),
        actor_of_role(session, tree.district, Role.MANAGER),
        actor_of_role(session, tree.district, Role.DISTRICT_REVIEWER),
    ]
    with statements(session) as sent:
        shown = [shared_standings(session, viewer, 2025, tree.district).rows for viewer in viewers * 5]

    assert len([each for each in sent if "FROM enrolment_batch" in each]) == 1
    assert all(rows == shown[0] for rows in shown)


def test_what_is_shared_is_what_is_counted(session: Session, tree: Tree) -> None:
    manager = actor_of_role(session, tree.city, Role.MANAGER)
    for place in (tree.city, tree.district, tree.second, tree.grassroots):
        counted = standings(session, manager, 2025, place)
        assert shared_standings(session, manager, 2025, place).rows == counted
        assert shared_standings(session, manager, 2025, place).rows == counted


def test_a_change_is_seen_as_soon_as_the_figures_are_too_old(session: Session, tree: Tree) -> None:
    manager = actor_of_role(session, tree.city, Role.MANAGER)
    before = total_of(shared_standings(session, manager, 2025, tree.city).rows).people
    make_batch(session, tree.sibling, people=3)
    assert total_of(shared_standings(session, manager, 2025, tree.city).rows).people == before
    _grow_older(session, OLDEST)

    assert total_of(shared_standings(session, manager, 2025, tree.city).rows).people == before + 3


def test_a_page_of_ageing_figures_is_answered_first_and_has_them_counted_then(
    session: Session, tree: Tree, client: FlaskClient
) -> None:
    sign_in(client, make_account(session, tree.district, Role.MANAGER))
    figures = f"/monitor/{tree.district.id}/figures"
    first = client.get(figures).text
    make_batch(session, tree.sibling, people=3)
    _grow_older(session, RENEWED_AFTER)
    with statements(session) as sent, client.get(figures) as answer:
        assert answer.text == first
        assert not [each for each in sent if "FROM enrolment_batch" in each]

    with statements(session) as sent:
        assert client.get(figures).text != first
        assert not [each for each in sent if "FROM enrolment_batch" in each]


def test_figures_are_not_renewed_before_their_time(session: Session, tree: Tree) -> None:
    manager = actor_of_role(session, tree.city, Role.MANAGER)
    counted = shared_standings(session, manager, 2025, tree.city)
    assert not counted.ageing
    renew(session, manager, 2025, tree.city)
    assert shared_standings(session, manager, 2025, tree.city).at == counted.at
    _grow_older(session, RENEWED_AFTER)
    assert shared_standings(session, manager, 2025, tree.city).ageing
    renew(session, manager, 2025, tree.city)
    assert shared_standings(session, manager, 2025, tree.city).at > counted.at


def test_no_page_shows_what_is_older_than_five_seconds() -> None:
    assert timedelta(seconds=PAGE_RENEWS) > RENEWED_AFTER  # each look finds them due for the next
    assert OLDEST + timedelta(seconds=PAGE_RENEWS) <= LONGEST


@pytest.mark.parametrize(
    ("home", "role", "seen"),
    [
        ("city", Role.MANAGER, {"city", "district", "other_district", "second", "grassroots", "straight"}),
        ("district", Role.MANAGER, {"district", "second", "grassroots", "straight"}),
        ("second", Role.SECOND_REVIEWER, {"second", "grassroots"}),
        ("grassroots", Role.OPERATOR, {"grassroots"}),
        ("city", Role.CENTRE_CLERK, set()),
        ("city", Role.AUDITOR, set()),
        ("district", Role.SECURITY_ADMIN, set()),
    ],
)
def test_behind_the_second_wall_shared_figures_are_those_of_ones_own_place_and_below(
    session: Session, tree: Tree, home: str, role: Role, seen: set[str]
) -> None:
    manager = actor_of_role(session, tree.city, Role.MANAGER)
    places = ("city", "district", "other_district", "second", "grassroots", "straight")
    for name in places:
        shared_standings(session, manager, 2025, getattr(tree, name))
    asker = actor_of_role(session, getattr(tree, home), role)
    with acting_for(session, asker):
        found = set(session.scalars(select(PlaceFigures.union_id)))

    assert found == {getattr(tree, name).id for name in seen}


@pytest.mark.parametrize("place", ["city", "other_district", "other_grassroots"])
def test_what_others_had_counted_of_a_place_is_still_not_there_for_who_may_not_see_it(
    session: Session, tree: Tree, client: FlaskClient, place: str
) -> None:
    union: Union = getattr(tree, place)
    shared_standings(session, actor_of_role(session, tree.city, Role.MANAGER), 2025, union)
    sign_in(client, make_account(session, tree.district, Role.MANAGER))

    assert client.get(f"/monitor/{union.id}/figures").status_code == 404


def test_a_page_shows_a_hundred_unions_and_the_total_of_all(
    session: Session, tree: Tree, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.views.monitor.ROWS", 1)
    sign_in(client, make_account(session, tree.district, Role.MANAGER))

    first = client.get(f"/monitor/{tree.district.id}").text
    second = client.get(f"/monitor/{tree.district.id}?first=1").text

    assert tree.second.name in first and tree.straight.name not in first
    assert tree.straight.name in second and 'rel="prev"' in second and 'rel="next"' not in second
    assert first.count('rel="next"') == 1


def _grow_older(session: Session, by: timedelta) -> None:
    session.execute(update(PlaceFigures).values(counted_at=PlaceFigures.counted_at - by))
