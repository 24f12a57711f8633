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
_DIRECTION = (0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_CONTROLS = tuple(code for code in (*range(0x20), *range(0x7F, 0xA0)) if not chr(code).isspace())
_NO_SIGN = (
    *(0xAD, 0x180E, 0x200B, 0x200C, 0x200D, *range(0x2060, 0x2066), *range(0x206A, 0x2070), 0xFEFF),
    *(*range(0xFFF9, 0xFFFC), 0xFFFE, 0xFFFF, *range(0xE0000, 0xE0080)),
)
"""Zero widths, tags, and what no XML may hold: a spreadsheet couldn't open a file that has it."""

_INVISIBLE = dict.fromkeys((*_CONTROLS, *_DIRECTION, *_NO_SIGN))
_HIDDEN = re.compile(f"[{''.join(map(re.escape, map(chr, (*_CONTROLS, *_DIRECTION))))}]")
_SCIENTIFIC = re.compile(r"[0-9](?:\.[0-9]+)?E\+[0-9]+|[0-9]\.[0-9]+E[0-9]+")
_WHOLE_WITH_POINT = re.compile(r"([0-9]+)\.0+")
_KEEPS_TEXT = "'`\u2018\u2019"
"""What is typed before a number so that a spreadsheet leaves it alone."""

ERROR_WORDS = frozenset(
    {"#N/A", "#VALUE!", "#REF!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#CALC!", "#GETTING_DATA"}
)

HAN_SIGNS = r"\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Han ideographs of every plane as the inside of a regular expression's class, newer ones included."""

_HAN = re.compile(f"[{HAN_SIGNS}]")


def cell_text(cell: Cell) -> str:
    """The cell as its sheet shows it, without blanks at the edges; whole numbers without a decimal point."""
    if isinstance(cell, str):
        return _visible(cell).strip()
    return str(int(cell)) if cell == int(cell) and abs(cell) < 10**EXACT_DIGITS else str(cell)


def _visible(text: str) -> str:
    """Without its invisible signs; most texts have none, and are asked quickly."""
    return text if text.isprintable() else text.translate(_INVISIBLE)


def half_width(text: str) -> str:
    """Full-width letters, digits and signs as their plain ones; wide blanks as plain blanks."""
    return text if text.isascii() else text.translate(_HALF_WIDTH)


def compact(text: str) -> str:
    """A code or number: half width, upper case, no blanks anywhere, no sign before it that keeps it a text."""
    return "".join(half_width(_visible(text)).split()).upper().lstrip(_KEEPS_TEXT)


def number_text(cell: Cell) -> str:
    """A long number as its compact text; ``number_rounded`` where a spreadsheet has destroyed it.

    Raises RuleViolation ``number_rounded`` for 3.1E+17 and for every number cell of 16 digits or more.
    """
    if not isinstance(cell, str) and abs(cell) >= 10**EXACT_DIGITS:
        raise RuleViolation("number_rounded")
    text = compact(cell_text(cell))
    whole = _WHOLE_WITH_POINT.fullmatch(text)
    if _SCIENTIFIC.fullmatch(text) or (whole and len(whole[1]) > EXACT_DIGITS):
        raise RuleViolation("number_rounded")
    return whole[1] if whole else text


def require_value(cell: Cell) -> None:
    """Raises ``cell_error`` for #N/A and its like, ``cell_formula`` for a formula that stands there as text."""
    if isinstance(cell, str) and cell.startswith(("=", "#")):
        if cell in ERROR_WORDS:
            raise RuleViolation("cell_error")
        if cell.startswith("="):
            raise RuleViolation("cell_formula")


def hidden_sign(text: str) -> str | None:
    """A control, or a sign that makes others show in another order: the first one, as U+202E, if there is one."""
    found = _HIDDEN.search(text)
    return f"U+{ord(found[0]):04X}" if found else None


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
