"""A flood from one place is refused before the database is asked; everybody else has their pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import time_machine
from sqlalchemy.orm import Session

from app import create_app
from app.clock import now
from app.models import Union
from app.request_limits import OF_AN_ADDRESS
from app.security.roles import Role
from config import Login, Settings
from tests.databases import SharingClient, rolled_back, statements
from tests.factories import make_account, make_tree, sign_in

A_MINUTE = 3
PAGE, CALL = "/profile/", "/api/v1/members"


@pytest.fixture
def limited(settings: Settings) -> Iterator[Session]:
    """An application of its own, whose counts are empty."""
    application = create_app(replace(settings, requests_a_minute=A_MINUTE), Login.SCHEDULER)
    application.config.update(TESTING=True, PROPAGATE_EXCEPTIONS=False, WTF_CSRF_ENABLED=False)
    with rolled_back(application) as session, time_machine.travel(now(), tick=False):
        session.info["application"] = application
        yield session


def browser_of(session: Session, city: Union, role: Role) -> SharingClient:
    application = session.info["application"]
    client = SharingClient(application, application.response_class, use_cookies=True)
    sign_in(client, make_account(session, city, role))
    return client


def test_a_browser_that_asks_too_often_waits_a_minute_and_no_other_does(limited: Session) -> None:
    city = make_tree(limited).city
    hasty, calm = (browser_of(limited, city, role) for role in (Role.MANAGER, Role.AUDITOR))
    assert [hasty.get(PAGE).status_code for _ in range(A_MINUTE)] == [200] * A_MINUTE
    with statements(limited) as sent:
        refused = hasty.get(PAGE)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
    assert len(sent) == 1, "the test's own session, which looks at its connection again"
    assert "操作过于频繁" in refused.text
    assert calm.get(PAGE).status_code == 200
    assert hasty.get("/healthz").status_code == 200, "whoever watches the server isn't counted"
    with time_machine.travel(now(), tick=False) as clock:
        clock.shift(60)
        assert hasty.get(PAGE).status_code == 200


def test_a_made_up_cookie_counts_as_its_address_and_a_program_is_told_in_its_own_way(
    limited: Session,
) -> None:
    application = limited.info["application"]
    client = SharingClient(application, application.response_class, use_cookies=False)
    answers = [
        client.get(CALL, headers={"Cookie": f"canbao=made-up-{number}"})
        for number in range(A_MINUTE * OF_AN_ADDRESS + 1)
    ]
    assert [answer.status_code for answer in answers] == [401] * (A_MINUTE * OF_AN_ADDRESS) + [429]
    assert answers[-1].mimetype == "application/problem+json"
    assert answers[-1].json["code"] == "too_many_requests"
    elsewhere = client.get(CALL, environ_base={"REMOTE_ADDR": "198.51.100.4"})
    assert elsewhere.status_code == 401
