"""Which characters the documents' font can print, read from the font itself once per process."""

from __future__ import annotations

import struct
import unicodedata
from bisect import bisect_right
from functools import cache, lru_cache
from pathlib import Path

FONTS = Path(__file__).parent / "fonts"
TEXT_FONT = FONTS / "CanbaoSans-Regular.otf"

SEGMENTED_COVERAGE = 12
"""The cmap format that lists (first, last, glyph) groups over all of Unicode."""


def missing_characters(text: str) -> set[str]:
    """The characters of ``text`` that no document can print; empty for nearly every name.

    Costs a binary search per character. Blanks and line ends are never missing.
    """
    return {character for character in set(text) if not is_printed(character)}


def printable(text: str) -> str:
    """``text`` with each missing character written as its code point, 〔U+2EBF0〕, so that nobody reads a
    wrong or shortened name; blanks and control characters become one space or vanish."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_written, text))


def is_printed(character: str) -> bool:
    if character.isspace() or _is_variation_selector(character):
        return True
    firsts, lasts = _covered_ranges()
    code = ord(character)
    position = bisect_right(firsts, code) - 1
    return position >= 0 and code <= lasts[position]


@lru_cache(maxsize=8_192)
def _written(character: str) -> str:
    if character.isspace():
        return character if character == "\u3000" else " "
    if unicodedata.category(character) in ("Cc", "Cf") or _is_variation_selector(character):
        return ""
    return character if is_printed(character) else f"〔U+{ord(character):04X}〕"


def _is_variation_selector(character: str) -> bool:
    """Picks a form of the character before it: nothing to print by itself."""
    return "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"


@cache
def _covered_ranges() -> tuple[tuple[int, ...], tuple[int, ...]]:
    """First and last code points of the covered ranges, ascending."""
    merged: list[list[int]] = []
    for first, last in sorted(_groups(TEXT_FONT)):
        if merged and first <= merged[-1][1] + 1:
            merged[-1][1] = max(merged[-1][1], last)
        else:
            merged.append([first, last])
    return tuple(first for first, _ in merged), tuple(last for _, last in merged)


def _groups(font: Path) -> list[tuple[int, int]]:
    """The character groups of an OpenType font's ``cmap`` table (format 12)."""
    with font.open("rb") as file:
        table_count = struct.unpack(">4xH6x", file.read(12))[0]
        directory = [struct.unpack(">4s4xII", file.read(16)) for _ in range(table_count)]
        offset, length = next((start, size) for tag, start, size in directory if tag == b"cmap")
        file.seek(offset)
        cmap = file.read(length)
    for number in range(struct.unpack_from(">H", cmap, 2)[0]):
        start = struct.unpack_from(">I", cmap, 4 + 8 * number + 4)[0]
        if struct.unpack_from(">H", cmap, start)[0] == SEGMENTED_COVERAGE:
            count = struct.unpack_from(">I", cmap, start + 12)[0]
            return [struct.unpack_from(">II", cmap, start + 16 + 12 * group) for group in range(count)]
    raise ValueError(f"{font.name} has no cmap of format {SEGMENTED_COVERAGE}")
