"""Nobody approves what they submitted themselves: two people decide, never one.

The schema says the same (``nobody_approves_their_own_batch`` and its kind), for whatever writes past the services.
"""

from __future__ import annotations

from app.rules.violations import RuleViolation


def own_work(code: str, submitted_by: int | None, decides: int) -> RuleViolation | None:
    """The refusal ``code`` (403) where the account that decides is the one that submitted."""
    return RuleViolation(code, status=403) if submitted_by == decides else None


def require_another(code: str, submitted_by: int | None, decides: int) -> None:
    """Raise what ``own_work`` answers."""
    refused = own_work(code, submitted_by, decides)
    if refused is not None:
        raise refused
