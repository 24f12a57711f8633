"""What people and spreadsheets do to a text, undone before anything is compared.

A cell comes as text or as a number. Full-width signs, blanks of any kind and invisible marks are mended
silently; what a spreadsheet destroyed (a long number rounded to 15 digits) is named and refused.
"""

from __future__ import annotations

import re
from typing import Any

from app.rules.violations import RuleViolation

Cell = str | int | float

NUL = "\x00"
EXACT_DIGITS = 15
"""A spreadsheet keeps that many digits of a number and writes zeros for the rest."""

_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20, 0xA0: 0x20}
_INVISIBLE = dict.fromkeys([0xFEFF, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x202A, 0x202C, 0x2060])
_SCIENTIFIC = re.compile(r"[0-9](?:\.[0-9]+)?E\+[0-9]+|[0-9]\.[0-9]+E[0-9]+")

HAN_SIGNS = r"\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Han ideographs of every plane as the inside of a regular expression's class, newer ones included."""

_HAN = re.compile(f"[{HAN_SIGNS}]")


def cell_text(cell: Cell) -> str:
    """The cell as its sheet shows it, without blanks at the edges; whole numbers without a decimal point."""
    if isinstance(cell, str):
        return cell.translate(_INVISIBLE).strip()
    return str(int(cell)) if cell == int(cell) and abs(cell) < 10**EXACT_DIGITS else str(cell)


def half_width(text: str) -> str:
    """Full-width letters, digits and signs as their plain ones; wide blanks as plain blanks."""
    return text.translate(_HALF_WIDTH)


def compact(text: str) -> str:
    """A code or number: half width, upper case, no blanks anywhere."""
    return "".join(half_width(text.translate(_INVISIBLE)).split()).upper()


def number_text(cell: Cell) -> str:
    """A long number as its compact text; ``number_rounded`` where a spreadsheet has destroyed it.

    Raises RuleViolation ``number_rounded`` for 3.1E+17 and for every number cell of 16 digits or more.
    """
    if not isinstance(cell, str) and abs(cell) >= 10**EXACT_DIGITS:
        raise RuleViolation("number_rounded")
    text = compact(cell_text(cell))
    if _SCIENTIFIC.fullmatch(text):
        raise RuleViolation("number_rounded")
    return text


def is_storable(sent: Any) -> bool:
    """Whether every text of a JSON value can be stored: no NUL, no half of a surrogate pair."""
    if isinstance(sent, str):
        return NUL not in sent and not any("\ud800" <= sign <= "\udfff" for sign in sent)
    if isinstance(sent, dict):
        return all(is_storable(key) and is_storable(value) for key, value in sent.items())
    return all(is_storable(each) for each in sent) if isinstance(sent, list) else True


def is_han(character: str) -> bool:
    """Whether a character is a Han ideograph."""
    return _HAN.match(character) is not None
