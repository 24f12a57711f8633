"""The same matrix with the application's own filter switched off: row-level security alone keeps everybody apart.

One thing the policies can't tell apart: the names of the unions above stand on many pages, so their rows are seen. A
page about such a union opens, and shows nothing but what is one's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import ColumnElement, true

from app.security.actor import Actor
from app.security.visible import visible_to
from tests.architecture.asking import Asker, Asking
from tests.architecture.test_visibility import (
    asking,
    seen_last,
    test_a_foreign_name_in_a_body_changes_nothing,
    test_an_answer_holds_nothing_of_others_and_is_a_sound_page,
    test_what_is_foreign_is_not_there,
    unchanged,
    world_session,
)
from tests.architecture.world import Kind, World

__all__ = [
    "asking",
    "seen_last",
    "test_a_foreign_name_in_a_body_changes_nothing",
    "test_an_answer_holds_nothing_of_others_and_is_a_sound_page",
    "test_what_is_foreign_is_not_there",
    "unchanged",
    "world_session",
]

pytestmark = pytest.mark.xdist_group("second wall")


def _everything(actor: Actor, entity: Any) -> ColumnElement[bool]:
    return true()


@pytest.fixture(scope="module", autouse=True)
def without_the_first(asking: Asking) -> Iterator[None]:
    """``visible_to`` lets everything through, in whatever module it was imported by name."""
    first, sees = visible_to.__code__, Asker.sees

    def sees_those_above(asker: Asker, world: World, kind: Kind, place: str) -> bool:
        above = kind is Kind.UNION and place in world.places[asker.place].above
        return above or sees(asker, world, kind, place)

    Asker.sees = sees_those_above  # type: ignore[method-assign]
    visible_to.__code__ = _everything.__code__
    yield
    visible_to.__code__, Asker.sees = first, sees  # type: ignore[method-assign]
