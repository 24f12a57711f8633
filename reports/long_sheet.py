"""A sheet of many rows, whose rows are written as one text each.

XlsxWriter keeps a row cell by cell and turns it into text when the next one begins; with a million rows that is most
of the time a file takes. Here a row is text at once: the same elements, through XlsxWriter's own file of the sheet, so
that heads, totals, widths and everything around the rows stay its work.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal

from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

SPECIAL = re.compile("[&<>\x00-\x1f\ufffe\uffff]|^\\s|\\s$|_x[0-9A-Fa-f]{4}_")
LONGEST_TEXT = 32_767
"""Of a cell, in units of UTF-16; more isn't looked at one by one where half as many characters can't reach it."""

Written = tuple[str | int | float | Decimal, Format] | None
"""A cell as it goes into the file: text, or a number (of a day, too), each with its format; ``None`` is empty."""


class LongSheet(Worksheet):
    """For workbooks with ``constant_memory``. ``write_line`` takes rows in order that nobody else writes to."""

    def write_line(self, row: int, cells: Iterable[Written]) -> None:
        if row > self.previous_row:
            self._write_single_row(row)
        number, width, line = row + 1, 0, []
        for position, cell in enumerate(cells):
            width = position
            if cell is None:
                continue
            value, format_ = cell
            place = f'<c r="{_letters(position)}{number}" s="{format_._get_xf_index()}"'
            if isinstance(value, float):
                line.append(f"{place}><v>{value:.16G}</v></c>")
            elif not isinstance(value, str):
                line.append(f"{place}><v>{value}</v></c>")
            elif SPECIAL.search(value) or len(value) > LONGEST_TEXT // 2:
                line.append(f'{place} t="inlineStr"><is>{self._guarded(value)}</is></c>')
            else:
                line.append(f'{place} t="inlineStr"><is><t>{value}</t></is></c>')
        self.fh.write(f'<row r="{number}">{"".join(line)}</row>')
        self._check_dimensions(row, width)

    def _guarded(self, text: str) -> str:
        """With what XML or Excel would misread written in their own way."""
        within = text.encode("utf-16-le", "surrogatepass")[: 2 * LONGEST_TEXT].decode("utf-16-le", "ignore")
        blanks = ' xml:space="preserve"' if within != within.strip() else ""
        return f"<t{blanks}>{self._escape_data(self._escape_control_characters(within))}</t>"


_known_letters = [xl_col_to_name(position) for position in range(64)]


def _letters(position: int) -> str:
    return _known_letters[position] if position < 64 else xl_col_to_name(position)
