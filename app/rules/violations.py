"""The one way a rule says no."""

from __future__ import annotations


class RuleViolation(Exception):
    """A rule refuses what was asked; nothing has been changed.

    ``code`` names the rule and has one sentence in ``app.sentences`` that says what to do next;
    ``facts`` fill that sentence; ``field`` names the form field or JSON key to mend, if there is one;
    ``status`` is the HTTP status that the edges answer with (404 also stands for "not yours to see").
    """

    def __init__(self, code: str, *, field: str | None = None, status: int = 422, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.field = field
        self.status = status
        self.facts = facts

    def __str__(self) -> str:
        return f"{self.code} {self.facts}" if self.facts else self.code


def not_found(what: str) -> RuleViolation:
    """What does not exist, or is not the asker's to see: the two must look the same."""
    return RuleViolation("not_found", status=404, what=what)
