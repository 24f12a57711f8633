"""A member as somebody types one: the cells of a workbook's row, by field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.rules.members import MembershipKind


@dataclass(frozen=True, slots=True)
class MemberEntry:
    """A form as typed: ``cells`` by field, in the words of the workbook; ``""`` is blank."""

    cells: Mapping[str, str]
    kind: MembershipKind = MembershipKind.EMPLOYED
    employer_id: int | None = None
