"""How much one step of long work takes on, so that whoever it stands in the way of waits for a moment only."""

from __future__ import annotations

SECONDS_A_STEP = 0.15
"""What a step should take. Nobody shall wait 200 ms for one, and a step that meets a busy moment takes longer."""

FEWEST, MOST = 1_000, 10_000
"""Below, a step would do little but begin and end; above, one that comes to a busy moment would take too long."""


def next_step(size: int, people: int, seconds: float) -> int:
    """How many people the next step may take, where one that was allowed ``size`` did ``people`` in ``seconds``.

    At most twice as many as before: a quick step may have been lucky. A step that did nobody says nothing.
    """
    if not people:
        return size
    fitting = round(people * SECONDS_A_STEP / seconds)
    return max(FEWEST, min(fitting, 2 * size, MOST))
