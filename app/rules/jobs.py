"""Background jobs as their console knows them: what may be done to which."""

from __future__ import annotations

from enum import StrEnum

from app.rules.violations import RuleViolation


class JobState(StrEnum):
    """As the job queue stores them."""

    TODO = "todo"
    DOING = "doing"
    FAILED = "failed"
    CANCELLED = "cancelled"
    ABORTED = "aborted"
    SUCCEEDED = "succeeded"


OPEN = (JobState.TODO, JobState.DOING)
ENDED_BADLY = (JobState.FAILED, JobState.CANCELLED, JobState.ABORTED)

NOT_TO_BE_CANCELLED = frozenset({"housekeeping.check", "mail.send"})
"""The nightly check watches over the administrator too, and a letter belongs to whom it is written to."""


def may_cancel(task: str, state: JobState) -> bool:
    return state in OPEN and task not in NOT_TO_BE_CANCELLED


def may_retry(state: JobState) -> bool:
    return state in ENDED_BADLY


def check_cancel(task: str, state: JobState) -> None:
    """Refuses ``job_stays`` for a task that nobody cancels, ``job_moved_on`` (409) for a job that has ended."""
    if task in NOT_TO_BE_CANCELLED:
        raise RuleViolation("job_stays", status=409)
    if not may_cancel(task, state):
        raise RuleViolation("job_moved_on", status=409, state=state)


def check_retry(state: JobState) -> None:
    """Refuses ``job_moved_on`` (409) for a job that didn't fail."""
    if not may_retry(state):
        raise RuleViolation("job_moved_on", status=409, state=state)
