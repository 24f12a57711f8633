"""How far a grassroots union is with its enrolment of a year (domain section 8, 实时监控)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from app.rules.enrolment import BatchStatus
from app.rules.years import WindowName


class Stage(StrEnum):
    """In the order of a bar: done first, then what is on its way, what went wrong, what hasn't begun."""

    SETTLED = "settled"
    FILED = "filed"
    APPROVED = "approved"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    LAPSED = "lapsed"
    NOT_STARTED = "not_started"


LEAST_ADVANCED_FIRST: Mapping[BatchStatus, Stage] = {
    BatchStatus.SUBMITTED: Stage.SUBMITTED,
    BatchStatus.APPROVED: Stage.APPROVED,
    BatchStatus.FORWARDED: Stage.FILED,
    BatchStatus.COMPLETED: Stage.SETTLED,
    BatchStatus.RETURNED: Stage.RETURNED,
    BatchStatus.LAPSED: Stage.LAPSED,
}
"""A union stands where the first of these states puts it that one of its batches is in: a live batch before
a returned one, so that a resubmitted list counts as submitted, and a returned one before a lapsed one."""


STUCK = (Stage.NOT_STARTED, Stage.RETURNED, Stage.SUBMITTED, Stage.APPROVED, Stage.LAPSED)
"""What the board of progress asks about: nothing has begun, or it waits for somebody, or it is lost."""


class Cause(StrEnum):
    """What a union can be reminded of: somebody can still go on with it."""

    NOT_STARTED = "not_started"
    RETURNED = "returned"
    SUBMITTED = "submitted"
    APPROVED = "approved"


WINDOW_OF: Mapping[Cause, WindowName] = {
    Cause.NOT_STARTED: WindowName.GRASSROOTS_SUBMIT,
    Cause.RETURNED: WindowName.GRASSROOTS_SUBMIT,
    Cause.SUBMITTED: WindowName.REVIEW,
    Cause.APPROVED: WindowName.DISTRICT_SUBMIT,
}
"""In which window whoever is reminded can do it: outside of it nobody is."""
