"""Every form of every screen with one field spoilt at a time: no error of ours, nothing changed, nothing typed lost."""

from __future__ import annotations

from collections.abc import Iterator
from html import unescape
from itertools import cycle
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from tests.architecture.asking import ASKERS, Asker, Asking, Rows, filled, places_of
from tests.architecture.cases import CASES, SCREENS
from tests.architecture.world import build_world
from tests.databases import SharingClient, rolled_back
from tests.functional.hostile import FORMS, HOSTILE

pytestmark = pytest.mark.xdist_group("bad input")

SAID = ('role="alert"', 'class="error"', 'class="empty"')
"""A refusal on top or by a field, or a list that is empty by now; pages that aren't there say so."""

FILE_IF_ANY = {"Announcements.create"}
"""Forms that go through without a file too. A process of its own opens it, which takes longer than all the rest: once
with each field."""

SHOWN_AGAIN = ("name", "title", "amount", "text", "address", "email", "reason", "remark", "fee", "cover_end")
"""Fields that people type into; the others are chosen, hidden, or passwords."""

OURS = ("endpoint", "_scheme", "_method", "_external", "_anchor", "self", "what", "row_id", "year", "channel")
"""What Flask's own way to an address, or a page's, calls its arguments."""

COUNTED = {"sign_in_failure"}
"""A wrong password is refused and counts all the same."""


@pytest.fixture(scope="module")
def world_session(app: Flask) -> Iterator[Session]:
    with rolled_back(app) as session:
        yield session


@pytest.fixture(scope="module")
def asking(app: Flask, world_session: Session) -> Asking:
    return Asking(app, SharingClient(app, app.response_class, use_cookies=True), build_world(world_session))


def asker_and_address(asking: Asking, endpoint: str) -> tuple[Asker, str]:
    """Somebody who may, and an object that is theirs to see."""
    case, world = CASES[endpoint], asking.world
    asker = next(asker for asker in ASKERS if asker.may(asking.permissions[endpoint]))
    own = [
        place
        for place in places_of(world, case.objects)
        if all(asker.sees(world, kind, place) for kind in case.objects.values())
    ]
    return asker, asking.address(endpoint, own[0] if case.objects else None)


@pytest.fixture(scope="module")
def rows(world_session: Session, asking: Asking) -> Rows:
    """The rows before anything was asked: whatever is asked is undone."""
    return Rows(world_session)


def undone(rows: Rows, ask: Any) -> tuple[TestResponse, set[str]]:
    """The answer and the tables it changed; the change is taken back."""
    connection = rows.session.connection()
    connection.exec_driver_sql("SAVEPOINT before")
    try:
        answer = ask()
        changed = rows.changed_for_a_moment()
    finally:
        rows.session.expire_all()
        connection.exec_driver_sql("ROLLBACK TO SAVEPOINT before")
    return answer, changed


def test_every_form_is_in_the_table(asking: Asking) -> None:
    assert set(FORMS) == {endpoint for endpoint in SCREENS if "POST" in asking.methods(endpoint)}


@pytest.mark.parametrize("endpoint", sorted(FORMS))
def test_a_spoilt_field_is_refused_or_harmless(asking: Asking, rows: Rows, endpoint: str) -> None:
    asker, address = asker_and_address(asking, endpoint)
    sound = filled(dict(FORMS[endpoint]), asking.world, asker.place)
    # A form of forty fields meets each value in some of them, each field at least four values.
    values = cycle(HOSTILE.items())
    for field in sound:
        spoilt = dict(HOSTILE) if len(sound) < 12 else dict(next(values) for _ in range(4))
        for word, value in [("missing", None), *spoilt.items()]:
            if field == "file" and value is not None:
                continue
            body = {name: kept for name, kept in sound.items() if name != field}
            body |= {} if value is None else {field: value}
            if endpoint in FILE_IF_ANY and value is not None:
                body.pop("file", None)
            answer, changed = undone(
                rows, lambda body=body: asking.ask(asker, "POST", address, endpoint, body)
            )
            assert answer.status_code < 500, (field, word)
            if answer.status_code >= 400:
                assert changed <= COUNTED, (field, word, changed)
                said = answer.status_code in (403, 404) or any(sign in answer.text for sign in SAID)
                assert said, (field, word)
            if answer.status_code == 422:
                lost = [name for name in lost_of(answer, body) if name != field]
                assert lost == [], (field, word)


def lost_of(answer: TestResponse, body: dict[str, Any]) -> list[str]:
    """What was typed into fields that the answer shows, and isn't there any more."""
    page = unescape(answer.text)
    return [
        name
        for name in SHOWN_AGAIN
        if body.get(name) and f'name="{name}"' in page and str(body[name]).strip() not in page
    ]


@pytest.mark.parametrize(
    "address",
    [
        "/enrolment/2025/member_card/?after=%00&bucket=%ff&plan=%00A&at=٣&page_size=-5",
        "/enrolment/2025/member_card/?after=e30&before=W10",
        "/enrolment/2025/social_card/?after=WzFlOTk5XQ",
        "/enrolment/99999999/member_card/",
        "/members/?name=%00&id_number=%F0%9F%92%A9&after=garbage",
        "/members/9223372036854775808",
        "/members/-1",
        "/members/%00",
        "/cover/?name=%27%3B--&year=99999999",
        "/notices/%00.pdf",
        "/imports/template/%00.xlsx",
    ],
)
def test_an_address_that_nobody_wrote_is_a_page(asking: Asking, rows: Rows, address: str) -> None:
    asker = next(asker for asker in ASKERS if asker.role.value == "operator")
    answer, changed = undone(rows, lambda: asking.ask(asker, "GET", address, "Confirmation.screen"))
    assert answer.status_code in (200, 302, 308, 400, 404, 422) and changed == set()


@pytest.mark.parametrize("endpoint", sorted(SCREENS))
def test_an_address_may_name_whatever_it_likes(asking: Asking, rows: Rows, endpoint: str) -> None:
    """Pages put their own address together again, with all that was asked: nothing of it is an argument of ours."""
    if "GET" not in asking.methods(endpoint):
        return
    asker, address = asker_and_address(asking, endpoint)
    for name in OURS:
        beyond = f"{address}{'&' if '?' in address else '?'}{name}=x"
        answer, _ = undone(rows, lambda beyond=beyond: asking.ask(asker, "GET", beyond, endpoint))
        assert answer.status_code < 500, name


def test_a_part_without_a_name_is_nothing(client: FlaskClient) -> None:
    body = b"--x\r\nContent-Disposition: form-data\r\n\r\nnobody's\r\n--x--\r\n"
    answer = client.post("/login/", data=body, content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 422
