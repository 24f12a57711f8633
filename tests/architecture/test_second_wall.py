"""The same matrix with the application's own filter switched off: row-level security alone keeps everybody apart."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import pytest
from sqlalchemy import ColumnElement, true

from app.security.actor import Actor
from app.security.visible import visible_to
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

KEPT = type(lru_cache(str))

pytestmark = pytest.mark.xdist_group("second wall")


def _everything(actor: Actor, entity: Any) -> ColumnElement[bool]:
    return true()


@pytest.fixture(scope="module", autouse=True)
def without_the_first(asking: Asking) -> Iterator[None]:
    """``visible_to`` lets everything through, in whatever module it was imported by name; questions that were put
    together with it and kept are forgotten, and so are afterwards those that were put together without it."""
    first = visible_to.__code__
    visible_to.__code__ = _everything.__code__
    _forget_kept()
    yield
    visible_to.__code__ = first
    _forget_kept()


def _forget_kept() -> None:
    modules = [module for name, module in sys.modules.items() if name.startswith("app.")]
    kept = [each for module in modules for each in vars(module).values() if isinstance(each, KEPT)]
    assert len(kept) > 10
    for each in kept:
        each.cache_clear()
