"""Every route × role × {own, sibling, parent, child, other branch}: who is let in, and what they never see.

Nor change: rows are compared before and after.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from tests.architecture.asking import (
    ASKERS,
    NOBODYS,
    Asker,
    Asking,
    Rows,
    filled,
    foreign_places,
    places_of,
    text_of,
)
from tests.architecture.cases import API, CASES, OPEN_TO_ALL
from tests.architecture.pages import faults_of
from tests.architecture.world import Kind, World, build_world
from tests.databases import SharingClient, rolled_back

pytestmark = pytest.mark.xdist_group("visibility")

NAMING = sorted(endpoint for endpoint, case in CASES.items() if case.objects)
SENDING = sorted(endpoint for endpoint, case in CASES.items() if case.bodies)


@pytest.fixture(scope="module")
def world_session(app: Flask) -> Iterator[Session]:
    with rolled_back(app) as session:
        yield session


@pytest.fixture(scope="module")
def asking(app: Flask, world_session: Session) -> Asking:
    return Asking(app, SharingClient(app, app.response_class, use_cookies=True), build_world(world_session))


@pytest.fixture(scope="module")
def rows(world_session: Session, asking: Asking) -> Rows:
    """The rows as the last test left them."""
    return Rows(world_session)


@pytest.fixture
def unchanged(rows: Rows) -> Iterator[None]:
    """Nothing may change during the test."""
    yield
    assert rows.changed() == set()


def test_every_route_is_in_the_table(app: Flask) -> None:
    routes = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert routes == set(CASES) | set(OPEN_TO_ALL)


def test_every_part_of_an_address_is_known(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        if rule.endpoint in CASES:
            case = CASES[rule.endpoint]
            assert rule.arguments <= set(case.objects) | set(case.fixed), rule


@pytest.mark.parametrize("endpoint", sorted(CASES))
def test_a_role_without_the_permission_is_turned_away(asking: Asking, endpoint: str, unchanged: None) -> None:
    permission, case = asking.permissions[endpoint], CASES[endpoint]
    assert permission is not None
    place = next(iter(places_of(asking.world, case.objects)))
    for asker in ASKERS:
        if asker.may(permission):
            continue
        for method in sorted(asking.methods(endpoint)):
            answer = _ask(asking, asker, method, endpoint, place, case.body)
            if _another_permission(asking, asker, method, endpoint):
                continue
            assert answer.status_code == 403, (asker, method, answer.status_code)
            _shows_nothing_hidden(asking, asker, answer)
            if endpoint in API:
                assert (answer.mimetype, answer.json["code"]) == ("application/problem+json", "not_allowed")


@pytest.mark.parametrize("endpoint", sorted(CASES))
def test_nobody_is_let_in_without_signing_in(asking: Asking, endpoint: str, unchanged: None) -> None:
    place = next(iter(places_of(asking.world, CASES[endpoint].objects)))
    address = asking.address(endpoint, place if CASES[endpoint].objects else None)
    for method in sorted(asking.methods(endpoint)):
        answer = asking.ask(None, method, address, endpoint)
        if endpoint in API:
            assert (answer.status_code, answer.json["code"]) == (401, "not_signed_in")
        else:
            assert (answer.status_code, answer.location.partition("?")[0]) == (302, "/login/")


@pytest.mark.parametrize("endpoint", NAMING)
def test_what_is_foreign_is_not_there(asking: Asking, endpoint: str, unchanged: None) -> None:
    permission, case, world = asking.permissions[endpoint], CASES[endpoint], asking.world
    asked = 0
    for asker in ASKERS:
        if not asker.may(permission):
            continue
        addresses = [asking.address(endpoint, place) for place in foreign_places(asker, world, case.objects)]
        addresses += _nobodys(asking, endpoint)
        for address in addresses:
            for method in sorted(asking.methods(endpoint)):
                body = filled(case.body, world, asker.place)
                answer = asking.ask(asker, method, address, endpoint, body)
                # Two routes of one address tell a number that can't be one from the other by their methods.
                not_there = (404, 405) if str(NOBODYS[1]) in address else (404,)
                assert answer.status_code in not_there, (asker, method, address, answer.status_code)
                _shows_nothing_hidden(asking, asker, answer)
                asked += 1
    assert asked


@pytest.mark.parametrize("endpoint", SENDING)
def test_a_foreign_name_in_a_body_changes_nothing(asking: Asking, endpoint: str, unchanged: None) -> None:
    permission, case, world = asking.permissions[endpoint], CASES[endpoint], asking.world
    for asker in ASKERS:
        if not asker.may(permission):
            continue
        for query, body in case.bodies:
            for place in [*foreign_places(asker, world, {"union": Kind.UNION}), None]:
                if not _names_something(query, body, world, place):
                    continue
                for method in sorted(asking.methods(endpoint) - {"GET"}):
                    answer = asking.ask(
                        asker,
                        method,
                        asking.address(endpoint, asker.place if case.objects else None),
                        endpoint,
                        filled(body, world, place),
                        filled(query, world, place),
                    )
                    assert answer.status_code < 500, (asker, place, answer.status_code)
                    assert answer.status_code not in (201, 202, 302), (asker, place, answer.status_code)
                    _shows_nothing_hidden(asking, asker, answer)


@pytest.mark.parametrize("endpoint", sorted(CASES))
def test_an_answer_holds_nothing_of_others_and_is_a_sound_page(
    asking: Asking, app: Flask, endpoint: str, monkeypatch: pytest.MonkeyPatch, unchanged: None
) -> None:
    case, world = CASES[endpoint], asking.world
    permission = asking.permissions[endpoint]
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    askers = [asker for asker in ASKERS if asker.may(permission)]
    for asker in askers if "GET" in asking.methods(endpoint) else []:
        addresses = _seen_addresses(asking, endpoint, asker)
        for address in addresses:
            answer = asking.ask(asker, "GET", address, endpoint)
            assert answer.status_code in case.alone, (asker, address, answer.status_code)
            _looks_right(asking, asker, endpoint, answer)
        for query in case.queries:
            for place in [*foreign_places(asker, world, {"union": Kind.UNION}), None]:
                answer = asking.ask(asker, "GET", addresses[0], endpoint, query=filled(query, world, place))
                assert answer.status_code < 500, (asker, query, answer.status_code)
                _looks_right(asking, asker, endpoint, answer)


def _ask(asking: Asking, asker: Asker, method: str, endpoint: str, place: str, body: Any) -> TestResponse:
    address = asking.address(endpoint, place if CASES[endpoint].objects else None)
    return asking.ask(asker, method, address, endpoint, filled(body, asking.world, place))


def _another_permission(asking: Asking, asker: Asker, method: str, endpoint: str) -> bool:
    """Whether the same address and method belong to another route too, which let the asker in."""
    address = asking.rules[endpoint][0].rule
    others = [
        other
        for other, rules in asking.rules.items()
        if other != endpoint
        and any(rule.rule == address and method in (rule.methods or ()) for rule in rules)
    ]
    return any((needed := asking.permissions[other]) is not None and asker.may(needed) for other in others)


def _nobodys(asking: Asking, endpoint: str) -> list[str]:
    """Addresses of objects that don't exist."""
    names = CASES[endpoint].objects
    return [
        asking.address(
            endpoint, **{name: f"X{key}" if kind is Kind.NOTICE else key for name, kind in names.items()}
        )
        for key in NOBODYS
    ]


def _seen_addresses(asking: Asking, endpoint: str, asker: Asker) -> list[str]:
    """The route's address for an object of each level that the asker sees; the bare one where it names none."""
    kinds, world = CASES[endpoint].objects, asking.world
    if not kinds:
        return [asking.address(endpoint)]
    by_level = {
        len(world.places[place].path): place
        for place in places_of(world, kinds)
        if all(asker.sees(world, kind, place) for kind in kinds.values())
    }
    return [asking.address(endpoint, place) for place in by_level.values()]


def _names_something(query: Any, body: Any, world: World, place: str | None) -> bool:
    """Whether the place has what the body names at all."""
    return "" not in _leaves(filled([query, body], world, place)) and 0 not in _leaves(
        filled([query, body], world, place)
    )


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for part in value.values() for leaf in _leaves(part)]
    if isinstance(value, list):
        return [leaf for part in value for leaf in _leaves(part)]
    return [value]


def _looks_right(asking: Asking, asker: Asker, endpoint: str, answer: TestResponse) -> None:
    _shows_nothing_hidden(asking, asker, answer)
    if answer.mimetype == "text/html" and answer.status_code != 302 and not CASES[endpoint].part:
        assert faults_of(answer.text) == []


def _shows_nothing_hidden(asking: Asking, asker: Asker, answer: TestResponse) -> None:
    shown = text_of(answer)
    assert {mark for mark in asker.hidden_marks(asking.world) if mark in shown} == set(), asker
