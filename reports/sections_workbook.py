"""Several tables in one workbook, a sheet each: what is held about a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from reports.workbook import About, Cell, formats_of, open_workbook, write_about, write_cell, write_heads

SHEET_NAME_MAX = 31
WIDTH = 22


@dataclass(frozen=True, slots=True)
class SectionSheet:
    """``title`` names the sheet; two alike are told apart by a number."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]


def write_sections(sections: Sequence[SectionSheet], about: About, out: BinaryIO) -> int:
    """Writes the workbook, empty sections with their heads alone; answers how many rows it has."""
    workbook = open_workbook(out, about, long=False)
    formats = formats_of(workbook)
    taken: set[str] = set()
    for section in sections:
        sheet = workbook.add_worksheet(_sheet_name(section.title, taken))
        write_heads(sheet, formats, ((head, WIDTH) for head in section.heads))
        for number, row in enumerate(section.rows, start=1):
            for position, (_, value) in enumerate(zip(section.heads, row, strict=True)):
                write_cell(sheet, formats, number, position, value)
    rows = sum(len(section.rows) for section in sections)
    write_about(workbook, formats, about, rows)
    workbook.close()
    return rows


def _sheet_name(title: str, taken: set[str]) -> str:
    base = "".join(sign for sign in title if sign not in "[]:*?/\\")[: SHEET_NAME_MAX - 3]
    name, number = base, 1
    while name in taken:
        number += 1
        name = f"{base} {number}"
    taken.add(name)
    return name
