"""证件到期: new dates as a page sends them, row by row or one for all who are ticked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from werkzeug.datastructures import MultiDict

from app.forms.enrolment import Picks, picks_of
from app.rules.dates import LONG_TERM, read_expiry
from app.rules.violations import RuleViolation

ROW = "to-"
"""Begins the name of a row's own field; the member's id follows."""


@dataclass(frozen=True, slots=True)
class Renewals:
    """What was typed: ``each`` by member, and ``expires_on`` or ``long_term`` for the ticked."""

    picks: Picks
    each: Mapping[int, str]
    expires_on: str = ""
    long_term: bool = False

    def dates(self, listed: Iterable[int]) -> tuple[dict[int, date], dict[int, RuleViolation]]:
        """The new date of each member meant, and what couldn't be read; ``listed`` is who 全部 stands for.

        A row's own date goes before the one for all. Raises ``renewal_date_missing`` and ``expiry_invalid``
        for the date for all.
        """
        ticked = self.picks.of(listed)
        dates = dict.fromkeys(ticked, self._for_all()) if set(ticked) - set(self.each) else {}
        problems: dict[int, RuleViolation] = {}
        for member_id, typed in self.each.items():
            try:
                dates[member_id] = read_expiry(typed)
            except RuleViolation as problem:
                problems[member_id] = problem
        return dates, problems

    def _for_all(self) -> date:
        if self.long_term:
            return LONG_TERM
        if not self.expires_on:
            raise RuleViolation("renewal_date_missing", field="expires_on")
        try:
            return read_expiry(self.expires_on)
        except RuleViolation as problem:
            raise RuleViolation(problem.code, field="expires_on") from problem


def renewals_of(form: MultiDict[str, str]) -> Renewals:
    """What the page holds; rows left empty are left out."""
    each = {
        int(number): typed.strip()
        for name, typed in form.items()
        if name.startswith(ROW) and typed.strip() and (number := name.removeprefix(ROW)).isascii()
        and number.isdigit() and len(number) < 19
    }  # fmt: skip
    return Renewals(
        picks=picks_of(form),
        each=each,
        expires_on=form.get("expires_on", "").strip(),
        long_term=bool(form.get("long_term")),
    )


NOTHING = renewals_of(MultiDict())
