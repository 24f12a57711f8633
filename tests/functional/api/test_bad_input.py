"""Every call with bodies that nobody should send: a problem with its code, and nothing changed."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from copy import deepcopy
from itertools import cycle
from typing import Any

import pytest

from tests.architecture.asking import Asking, Rows, filled
from tests.architecture.cases import API
from tests.functional.hostile import BODIES, HOSTILE, HOSTILE_JSON, NO_JSON
from tests.functional.test_bad_input_screens import asker_and_address, asking, rows, undone, world_session

__all__ = ["asking", "rows", "world_session"]

pytestmark = pytest.mark.xdist_group("bad input")

QUERIES = (
    "year",
    "union_id",
    "district_id",
    "level",
    "status",
    "channel",
    "kind",
    "plan",
    "after",
    "page_size",
)
GONE = object()


def places_in(body: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where a value stands in a JSON body, at every depth."""
    parts = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for name, value in parts:
        yield (*above, name)
        yield from places_in(value, (*above, name))


def spoilt(body: Any, place: tuple[Any, ...], value: Any) -> Any:
    copy = inner = deepcopy(body)
    for name in place[:-1]:
        inner = inner[name]
    if value is GONE:
        del inner[place[-1]]
    else:
        inner[place[-1]] = value
    return copy


class Call:
    """One call of the API by somebody who may, undone after."""

    def __init__(self, asking: Asking, rows: Rows, endpoint: str) -> None:
        self.asking, self.rows = asking, rows
        self.asker, address = asker_and_address(asking, endpoint)
        self.address = address.partition("?")[0]
        self.headers = asking.programs[str(self.asker)]

    def refused_or_done(self, method: str, what: object, **options: Any) -> None:
        answer, changed = undone(
            self.rows,
            lambda: self.asking.client.open(self.address, method=method, headers=self.headers, **options),
        )
        assert answer.status_code < 500, what
        if answer.status_code >= 400:
            assert changed == set(), what
            assert answer.mimetype == "application/problem+json", what
            problem = answer.json
            assert problem["code"] and problem["detail"] and problem["status"] == answer.status_code, what


def test_every_call_that_changes_something_is_in_the_table(asking: Asking) -> None:
    assert set(BODIES) == {endpoint for endpoint in API if asking.methods(endpoint) - {"GET"}}


@pytest.mark.parametrize("endpoint", sorted(BODIES))
def test_a_bad_body_is_a_problem_with_its_code(asking: Asking, rows: Rows, endpoint: str) -> None:
    call = Call(asking, rows, endpoint)
    (method,) = asking.methods(endpoint) - {"GET"}
    for raw in NO_JSON:
        call.refused_or_done(method, raw[:20], data=raw, content_type="application/json")
    call.refused_or_done(method, "plain text", data="x", content_type="text/plain")
    call.refused_or_done(method, "a form", data={"file": "no file", "kind": "\x00"})
    call.refused_or_done(
        method, "a file", data={"file": (io.BytesIO(b"PK\x03\x04 no workbook"), "a\x00.xlsx")}
    )
    sound = filled(BODIES[endpoint], asking.world, call.asker.place)
    places = list(places_in(sound))
    values = cycle(HOSTILE_JSON.items())
    for place in places:
        some = HOSTILE_JSON if len(places) < 3 else dict(next(values) for _ in range(3))
        for word, value in [("missing", GONE), *some.items()]:
            body = json.dumps(spoilt(sound, place, value))
            call.refused_or_done(method, (place, word), data=body, content_type="application/json")


@pytest.mark.parametrize("endpoint", sorted(API))
def test_a_bad_query_is_a_problem_with_its_code(asking: Asking, rows: Rows, endpoint: str) -> None:
    if "GET" not in asking.methods(endpoint):
        return
    call = Call(asking, rows, endpoint)
    for name in QUERIES:
        for word in ("NUL", "huge", "negative"):
            query = {"channel": "member_card", name: HOSTILE[word]}
            call.refused_or_done("GET", (name, word), query_string=query)
