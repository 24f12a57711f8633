"""The same matrix with row-level security switched off: the application's own filter alone keeps everybody apart."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.architecture.asking import Asking
from tests.architecture.test_visibility import (
    asking,
    rows,
    test_a_foreign_name_in_a_body_changes_nothing,
    test_an_answer_holds_nothing_of_others_and_is_a_sound_page,
    test_what_is_foreign_is_not_there,
    unchanged,
    world_session,
)

__all__ = [
    "asking",
    "rows",
    "test_a_foreign_name_in_a_body_changes_nothing",
    "test_an_answer_holds_nothing_of_others_and_is_a_sound_page",
    "test_what_is_foreign_is_not_there",
    "unchanged",
    "world_session",
]

pytestmark = pytest.mark.xdist_group("first wall")

PULL_DOWN = """
    DO $$
    DECLARE
        each record;
    BEGIN
        FOR each IN SELECT oid::regclass AS name FROM pg_class WHERE relrowsecurity LOOP
            EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', each.name);
        END LOOP;
    END $$
"""


@pytest.fixture(scope="module", autouse=True)
def without_the_second(world_session: Session, asking: Asking) -> None:
    """No policy holds till the end of the module's transaction."""
    # What is still to be checked at the commit would forbid to alter the tables.
    world_session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    world_session.execute(text(PULL_DOWN))
