"""What the schemas find wrong with a field, in the reader's language; closed sets are listed as they are."""

from __future__ import annotations

import re

from flask_babel import gettext as _

REASONS = {
    r"Missing data for required field\.": lambda: _("it is missing"),
    r"Field may not be null\.": lambda: _("it can't be empty"),
    r"Not a valid string\.": lambda: _("it must be a text"),
    r"Not a valid integer\.": lambda: _("it must be a whole number"),
    r"Not a valid boolean\.": lambda: _("it must be true or false"),
    r"Not a valid list\.": lambda: _("it must be a list"),
    r"(?:Not a valid mapping type|Invalid input type)\.": lambda: _("it must be an object"),
    r"Not a valid date\.": lambda: _("it must be a date like 2026-01-05"),
    r"Not a valid datetime\.": lambda: _("it must be an instant like 2026-01-05T00:00:00+08:00"),
    r"Length must be between (\d+) and (\d+)\.": lambda least, most: _(
        "it must have %(least)s to %(most)s characters or entries", least=least, most=most
    ),
    r"Shorter than minimum length (\d+)\.": lambda least: _(
        "it must have at least %(least)s characters or entries", least=least
    ),
    r"Longer than maximum length (\d+)\.": lambda most: _(
        "it may have at most %(most)s characters", most=most
    ),
    r"Must be greater than or equal to (\d+) and less than or equal to (\d+)\.": lambda low, high: (
        f"{low}…{high}"
    ),
    r"a year from (\d+) to (\d+)": lambda first, last: _(
        "it must be of a year from %(first)s to %(last)s", first=first, last=last
    ),
    r"an amount like \"1378\.00\"": lambda: _('it must be an amount like "1378.00"'),
}
"""The library's sayings and ours; one that isn't here stays as it is."""


def reason_words(said: str) -> str:
    for saying, words in REASONS.items():
        found = re.fullmatch(saying, said)
        if found:
            return words(*found.groups())
    return said
