"""Pages by key: forwards, backwards, with ties, and counts that stop counting."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Employer, Union
from app.queries import paging
from app.queries.paging import Cursor, page_of
from app.rules.violations import RuleViolation
from app.security.roles import Role
from tests.factories import make_account, make_employer, make_tree, sign_in

KEYS = [Employer.created_at, Employer.id]


@pytest.fixture
def employers(session: Session) -> list[Employer]:
    """Seven of the same instant: only the id tells them apart."""
    tree = make_tree(session)
    return [make_employer(session, tree.grassroots) for _ in range(7)]


def _ids(page: paging.Page) -> list[int]:
    return [employer.id for employer in page.rows]


@pytest.mark.parametrize("descending", [True, False])
def test_forwards_and_back_again_meets_every_row_once(
    session: Session, employers: list[Employer], descending: bool
) -> None:
    everything = sorted((employer.id for employer in employers), reverse=descending)
    forwards: list[list[int]] = []
    cursor = Cursor(size=3)
    while True:
        page = page_of(session, select(Employer), KEYS, cursor, descending=descending)
        forwards.append(_ids(page))
        assert (page.start, page.total) == (1 + 3 * (len(forwards) - 1), 7)
        if not page.after:
            break
        cursor = Cursor(after=page.after, start=page.next_start, size=3)
    assert [each for part in forwards for each in part] == everything
    back = [forwards[-1]]
    while page.before:
        cursor = Cursor(before=page.before, start=page.previous_start, size=3)
        page = page_of(session, select(Employer), KEYS, cursor, descending=descending)
        back.append(_ids(page))
        assert page.after
    assert back == forwards[::-1]
    assert page.start == 1


def test_an_empty_list_has_no_neighbours(session: Session) -> None:
    page = page_of(session, select(Employer).where(Employer.id < 0), KEYS, Cursor())
    assert (list(page.rows), page.start, page.total, page.after, page.before) == ([], 0, 0, "", "")


def test_a_count_stops_at_its_limit(
    session: Session, employers: list[Employer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "COUNT_LIMIT", 5)
    page = page_of(session, select(Employer), KEYS, Cursor(size=3))
    assert (page.total, page.total_is_floor) == (5, True)


def test_a_page_that_shows_all_is_counted_by_what_it_shows(
    session: Session, employers: list[Employer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "COUNT_COST", -1)
    page = page_of(session, select(Employer), KEYS, Cursor(size=7))
    assert (page.total, page.total_is_floor) == (7, False)


def test_what_is_dear_to_count_is_more_than_what_was_shown(
    session: Session, employers: list[Employer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "COUNT_COST", -1)
    first = page_of(session, select(Employer), KEYS, Cursor(size=3))
    assert (first.total, first.total_is_floor) == (3, True)
    second = page_of(session, select(Employer), KEYS, Cursor(after=first.after, start=4, size=3))
    assert (second.total, second.total_is_floor) == (6, True)


@pytest.mark.parametrize(("cost", "limit"), [(-1, 10_000), (9_000, 5)])
def test_whoever_asks_for_the_count_gets_it_exactly(
    session: Session, employers: list[Employer], monkeypatch: pytest.MonkeyPatch, cost: int, limit: int
) -> None:
    monkeypatch.setattr(paging, "COUNT_COST", cost)
    monkeypatch.setattr(paging, "COUNT_LIMIT", limit)
    page = page_of(session, select(Employer), KEYS, Cursor(size=3, counted=True))
    assert (page.total, page.total_is_floor) == (7, False)


def test_a_list_that_did_not_count_offers_to_and_forgets_it_on_the_next_page(
    client: FlaskClient, session: Session, employers: list[Employer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "COUNT_COST", -1)
    admin = make_account(session, session.scalars(select(Union).limit(1)).one(), Role.MUNICIPAL_ADMIN)
    sign_in(client, admin)
    client.get("/language/en")
    uncounted = client.get("/employers/?page_size=3").text
    assert "of more than 3" in uncounted
    assert "count=all" in uncounted
    counted = client.get("/employers/?page_size=3&count=all").text
    assert "Showing 1 to 3 of 7" in counted
    assert "count=all" not in counted


@pytest.mark.parametrize("text", ["x", "WzFd", "bnVsbA", "W251bGwsbnVsbF0", "WyJ4IiwieSJd", "é"])
def test_a_cursor_that_is_none_of_ours_is_refused(session: Session, text: str) -> None:
    with pytest.raises(RuleViolation) as refusal:
        page_of(session, select(Employer), KEYS, Cursor(after=text))
    assert (refusal.value.code, refusal.value.status) == ("page_unknown", 400)
