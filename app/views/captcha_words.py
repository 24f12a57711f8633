"""The sum that stands for the picture, in the reader's language."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext
from flask_babel import lazy_gettext as _

NUMBERS = (
    _("zero"),
    _("one"),
    _("two"),
    _("three"),
    _("four"),
    _("five"),
    _("six"),
    _("seven"),
    _("eight"),
    _("nine"),
)


def riddle_words(terms: Sequence[int]) -> str:
    """``How much is two plus seven plus four?``"""
    first, second, third = (str(NUMBERS[term]) for term in terms)
    return gettext(
        "How much is %(first)s plus %(second)s plus %(third)s? Please write the number in digits.",
        first=first,
        second=second,
        third=third,
    )
