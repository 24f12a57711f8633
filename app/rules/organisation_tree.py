"""A whole tree of unions at once, its rows in any order (domain section 11).

A row is wrong when its parent is nowhere, is below it, or is of a level that it can't stand under; what hangs
below a wrong row can't come in either.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.rules.organisation import UnionLevel, may_stand_under

PARENT = "上级工会编号"
CODE = "工会编号"
LEVEL = "工会层级"

TREE_CODES = frozenset(
    {
        "repeated_in_file",
        "second_municipal",
        "level_differs",
        "parent_differs",
        "parent_missing",
        "parent_row_wrong",
        "parent_cycle",
        "level_under_parent",
    }
)
"""What ``judge_tree`` may find."""


@dataclass(frozen=True, slots=True)
class TreeRow:
    """A row of the workbook; ``level`` is None for types that can't work here, ``central`` for a blank."""

    row: int
    code: str
    level: UnionLevel | None
    parent: str | None
    central: bool | None


@dataclass(frozen=True, slots=True)
class StoredUnion:
    """A union that is here already; ``central`` is the effective value."""

    code: str
    level: UnionLevel | None
    parent: str | None
    central: bool
    has_children: bool


@dataclass(frozen=True, slots=True)
class TreeProblem:
    row: int
    column: str
    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)


def judge_tree(
    rows: Sequence[TreeRow], stored: Mapping[str, StoredUnion]
) -> tuple[list[TreeProblem], dict[int, bool]]:
    """What is wrong with the rows, and by row number whether a right one is central-enterprise in effect.

    The one 市级 row may take the place of a municipal union that stands alone: a fresh installation has one.
    """
    problems = [*_repeated(rows), *_tops(rows, stored), *_moves(rows, stored)]
    wrong = {problem.row for problem in problems}
    of_code = {row.code: row for row in rows}
    below: dict[str, list[TreeRow]] = defaultdict(list)
    queue: list[TreeRow] = []
    for row in rows:
        if row.row in wrong:
            continue
        if row.parent is None:
            queue.append(row)
        elif row.parent in of_code:
            below[row.parent].append(row)
        elif row.parent in stored:
            queue.append(row)
        else:
            problems.append(TreeProblem(row.row, PARENT, "parent_missing", {"parent": row.parent}))
            wrong.add(row.row)
    # Below a wrong row, those whose parent stands in the tree anyway still have a place.
    queue += [row for row in rows if row.row not in wrong and row.parent in of_code
              and of_code[row.parent].row in wrong and row.parent in stored]  # fmt: skip
    central: dict[int, bool] = {}
    for row in queue:
        parent_level, parent_central = _parent(row, of_code, central, stored)
        if row.level is not None and not may_stand_under(row.level, parent_level) and row.parent is not None:
            problems.append(TreeProblem(row.row, PARENT, "level_under_parent"))
            continue
        own = row.central if row.central is not None else row.code in stored and stored[row.code].central
        central[row.row] = own or parent_central
        queue.extend(below.pop(row.code, ()))
    told = {problem.row for problem in problems}
    for row in rows:
        if row.row not in central and row.row not in told:
            code = "parent_cycle" if _in_cycle(row, of_code) else "parent_row_wrong"
            problems.append(TreeProblem(row.row, PARENT, code, {"parent": row.parent}))
    return problems, central


def _repeated(rows: Sequence[TreeRow]) -> list[TreeProblem]:
    rows_of: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        rows_of[row.code].append(row.row)
    return [
        TreeProblem(row.row, CODE, "repeated_in_file", {"rows": ", ".join(map(str, rows_of[row.code][:10]))})
        for row in rows
        if len(rows_of[row.code]) > 1
    ]


def _tops(rows: Sequence[TreeRow], stored: Mapping[str, StoredUnion]) -> list[TreeProblem]:
    tops = [row for row in rows if row.level is UnionLevel.MUNICIPAL]
    if len(tops) > 1:
        return [TreeProblem(row.row, LEVEL, "second_municipal") for row in tops]
    here = next((union for union in stored.values() if union.level is UnionLevel.MUNICIPAL), None)
    if tops and here is not None and here.code != tops[0].code and here.has_children:
        return [TreeProblem(tops[0].row, LEVEL, "second_municipal")]
    return []


def _moves(rows: Sequence[TreeRow], stored: Mapping[str, StoredUnion]) -> list[TreeProblem]:
    """A union that is here keeps its level and its parent: what hangs on them can't follow a workbook."""
    found = []
    for row in rows:
        union = stored.get(row.code)
        if union is None:
            continue
        if union.level is not row.level:
            found.append(TreeProblem(row.row, LEVEL, "level_differs"))
        elif union.parent != row.parent:
            found.append(TreeProblem(row.row, PARENT, "parent_differs", {"parent": union.parent or ""}))
    return found


def _parent(
    row: TreeRow,
    of_code: Mapping[str, TreeRow],
    central: Mapping[int, bool],
    stored: Mapping[str, StoredUnion],
) -> tuple[UnionLevel | None, bool]:
    if row.parent is None:
        return None, False
    above = of_code.get(row.parent)
    if above is not None and above.row in central:
        return above.level, central[above.row]
    return stored[row.parent].level, stored[row.parent].central


def _in_cycle(row: TreeRow, of_code: Mapping[str, TreeRow]) -> bool:
    """Whether going up from the row comes back to it."""
    seen = set()
    above = of_code.get(row.parent or "")
    while above is not None and above.code not in seen:
        if above.code == row.code:
            return True
        seen.add(above.code)
        above = of_code.get(above.parent or "")
    return False
