"""Pages by key: forwards, backwards, with ties, and counts that stop counting."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Employer
from app.queries import paging
from app.queries.paging import Cursor, page_of
from app.rules.violations import RuleViolation
from tests.factories import make_employer, make_tree

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
    page = page_of(session, select(Employer), KEYS, Cursor())
    assert (page.total, page.total_is_floor) == (5, True)


@pytest.mark.parametrize("text", ["x", "WzFd", "bnVsbA", "W251bGwsbnVsbF0", "WyJ4IiwieSJd", "é"])
def test_a_cursor_that_is_none_of_ours_is_refused(session: Session, text: str) -> None:
    with pytest.raises(RuleViolation) as refusal:
        page_of(session, select(Employer), KEYS, Cursor(after=text))
    assert (refusal.value.code, refusal.value.status) == ("page_unknown", 400)
