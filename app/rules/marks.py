"""What an operator has decided about a member for a year, and how a page remembers what it showed."""

from __future__ import annotations

from dataclasses import dataclass

from app.rules.members import RetirementClass

KEPT, EXCLUDED, UNDECIDED = "k", "x", "-"


@dataclass(frozen=True, slots=True)
class Marked:
    """The retirement class, kept past the line, 本年不参保."""

    klass: RetirementClass | None = None
    kept: bool = False
    excluded: bool = False

    def token(self) -> str:
        """As a page carries it: a decision made since it was shown is noticed by another token."""
        return (self.klass or UNDECIDED) + KEPT * self.kept + EXCLUDED * self.excluded


TOKENS: dict[str, Marked] = {
    marked.token(): marked
    for klass in (None, *RetirementClass)
    for kept in (False, True)
    for excluded in (False, True)
    for marked in (Marked(klass, kept, excluded),)
}
"""Every token there is; what isn't in it no page of ours has carried."""
