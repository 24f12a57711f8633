"""演练时钟: where the clock of a training may be set to."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.rules.violations import RuleViolation

LONGEST_STEP = timedelta(days=400)
"""One protection year and its beginnings: whoever types a wrong year hears it before the clock is there."""


def check_step(now: datetime, to: datetime) -> None:
    """The clock goes forward, and no further than a year at once."""
    if to <= now:
        raise RuleViolation("training_backwards", field="day", now=now)
    if to - now > LONGEST_STEP:
        raise RuleViolation("training_far", field="day", days=LONGEST_STEP.days)
