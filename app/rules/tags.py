"""会员标签: short words of the union's own for its members; several stand in one cell, separated by 、."""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.rules.violations import RuleViolation
from app.rules.writing import Cell, cell_text

TAG_SEPARATOR = "、"
TAG_LIMIT = 50
"""Characters of a member's tags together."""

_SEPARATORS = re.compile(r"[、,，;；]")


def tags_of(text: str) -> list[str]:
    """The single tags of a cell, each once, in their order."""
    return list(dict.fromkeys(filter(None, (" ".join(tag.split()) for tag in _SEPARATORS.split(text)))))


def joined(tags: Sequence[str]) -> str:
    """Tags as they are stored; RuleViolation ``text_length`` beyond ``TAG_LIMIT`` characters."""
    text = TAG_SEPARATOR.join(tags)
    if len(text) > TAG_LIMIT:
        raise RuleViolation("text_length", limit=TAG_LIMIT)
    return text


def read_tags(cell: Cell) -> str:
    """A cell's tags as they are stored, whatever separated them."""
    return joined(tags_of(cell_text(cell)))
