"""How many people the next step of long work may take."""

from __future__ import annotations

import pytest

from app.rules.pace import FEWEST, MOST, next_step


@pytest.mark.parametrize(
    ("size", "people", "seconds", "following", "why"),
    [
        (2_000, 2_000, 0.15, 2_000, "it took as long as it should"),
        (4_000, 4_000, 0.3, 2_000, "too long: half as many"),
        (2_000, 1_500, 0.15, 1_500, "what it did counts, not what it might have done"),
        (2_000, 2_000, 0.12, 2_500, "there was time left"),
        (2_000, 2_000, 0.01, 4_000, "one quick step at most doubles"),
        (8_000, 8_000, 0.01, MOST, "there is a most"),
        (2_000, 2_000, 5.0, FEWEST, "there is a fewest, however slow the machine"),
        (3_000, 0, 0.001, 3_000, "a step that did nobody says nothing"),
    ],
)
def test_a_step_takes_as_many_as_the_one_before_says_fit(
    size: int, people: int, seconds: float, following: int, why: str
) -> None:
    assert next_step(size, people, seconds) == following, why
