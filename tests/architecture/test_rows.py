"""What looks whether anything was changed sees every change, and none that was taken back."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.architecture.asking import Rows
from tests.factories import make_tree

CHANGES = {
    "inserted": "INSERT INTO plan (code, name, position) VALUES ('Z', 'Z类', 26)",
    "updated": "UPDATE plan SET name = name || '！' WHERE code = 'A'",
    "deleted": "DELETE FROM working_day WHERE day = (SELECT min(day) FROM working_day)",
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_row_that_was_written_is_seen_once(session: Session, change: str) -> None:
    make_tree(session)
    rows = Rows(session)
    assert rows.changed() == set()
    session.execute(text(CHANGES[change]))
    assert rows.changed() == {"working_day" if change == "deleted" else "plan", "audit_entry"}
    assert rows.changed() == set()


def test_what_was_taken_back_is_seen_only_before(session: Session) -> None:
    rows, connection = Rows(session), session.connection()
    connection.exec_driver_sql("SAVEPOINT before")
    session.execute(text(CHANGES["updated"]))
    assert rows.changed_for_a_moment() == {"plan", "audit_entry"}
    connection.exec_driver_sql("ROLLBACK TO SAVEPOINT before")
    assert rows.changed() == set()


def test_what_was_written_as_it_stood_is_no_change(session: Session) -> None:
    rows = Rows(session)
    session.execute(text("UPDATE plan SET name = name"))
    assert rows.changed() == set()
