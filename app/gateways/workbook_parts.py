"""What the parts of an .xlsx say that its reader leaves out: true sizes, errors, formulas nobody computed.

A declared size may lie, so each part is unpacked once, in pieces that are dropped again, before any of it is
understood. An error cell (#N/A) and a formula without a result would else come as blanks, which in an update
of members silently means "as before".
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from html import unescape
from xml.etree import ElementTree

from app.gateways.workbook_container import UNPACKED_BYTES
from app.rules.violations import RuleViolation

BOOK = "xl/workbook.xml"
PIECE = 1024 * 1024
LONGEST_CELL = 256 * 1024
MARKS = 50_000
"""Cells without a value that are named one by one; with more of them the sheet is refused as a whole."""

SHOWN = 200
LAST_ROW = 1_048_576

_PREFIX = re.compile(rb"<(\w+:)?worksheet[\s>]")
_PLACE = re.compile(rb"\sr=[\"']([A-Z]{1,3})([0-9]{1,7})[\"']")
_TEXT_TYPE = re.compile(rb"\st=[\"']str[\"']")
_1904 = re.compile(rb"date1904=[\"'](?:1|true)[\"']")


@dataclass(slots=True)
class SheetPart:
    """By row, counted from 0: the columns whose cell has no value, each with what to show instead of it."""

    marks: dict[int, list[tuple[int, str]]] = field(default_factory=dict)
    count: int = 0
    rows: int = 0
    has_formulas: bool = False
    counts_from_1900: bool = False


def sheet_parts(content: bytes) -> Mapping[str, SheetPart]:
    """The sheets by name; raises RuleViolation ``workbook_too_large``, ``_encrypted`` or ``_damaged``."""
    found: dict[str, SheetPart] = {}
    room = UNPACKED_BYTES
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            for part in parts.infolist():
                sheet = SheetPart()
                for piece in looked_through(pieces_of(parts, part), sheet):
                    room -= len(piece)
                    if room < 0:
                        raise RuleViolation("workbook_too_large")
                found[part.filename] = sheet
            counts_from_1900 = _1904.search(parts.read(BOOK)) is None
            named = {name: found.get(path, SheetPart()) for name, path in paths_of_sheets(parts)}
    except NotImplementedError as unusual:
        raise RuleViolation("workbook_damaged") from unusual
    except RuntimeError as locked:
        raise RuleViolation("workbook_encrypted") from locked
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, KeyError, SyntaxError) as broken:
        raise RuleViolation("workbook_damaged") from broken
    for sheet in named.values():
        sheet.counts_from_1900 = counts_from_1900
    return named


def pieces_of(parts: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """A part unpacked piece by piece. No spreadsheet writes a document type, so who does wants something else."""
    first = True
    with parts.open(part) as unpacked:
        while piece := unpacked.read(PIECE):
            if first and b"<!DOCTYPE" in piece:
                raise RuleViolation("workbook_damaged")
            first = False
            yield piece


def paths_of_sheets(parts: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    """Each sheet's name and the part that holds it."""
    targets = {
        each.get("Id"): each.get("Target", "")
        for each in ElementTree.fromstring(parts.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
    }
    for element in ElementTree.fromstring(parts.read(BOOK)).iter():  # noqa: S314
        if element.tag.rpartition("}")[2] == "sheet":
            reference = next((value for name, value in element.items() if name.endswith("}id")), None)
            target = targets.get(reference, "")
            yield element.get("name", ""), target.removeprefix("/") if target[:1] == "/" else f"xl/{target}"


def looked_through(pieces: Iterator[bytes], sheet: SheetPart) -> Iterator[bytes]:
    """The same pieces; on the way, what is remarkable in their cells is noted."""
    rest, prefix, patterns = b"", b"", cell_patterns(b"")
    for piece in pieces:
        if not rest and (found := _PREFIX.search(piece)):
            prefix = found[1] or b""
            patterns = cell_patterns(prefix)
        text = rest + piece
        # A cell that is cut in two waits for its second half.
        cut = text.rfind(b"<%bc " % prefix)
        if cut < 0:
            cut = text.rfind(b"<")
        whole = cut if cut > max(-1, len(text) - LONGEST_CELL) else len(text)
        note(text[:whole], sheet, prefix, patterns)
        rest = text[whole:]
        yield piece
    note(rest, sheet, prefix, patterns)


@cache
def cell_patterns(prefix: bytes) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    """A cell with a formula and one with an error: attributes, formula, value."""
    formula = rb"<%bf(?:\s[^<>]*)?(?:/>|>([^<]*)</%bf>)\s*" % (prefix, prefix)
    value = rb"(?:<%bv>([^<]+))?" % prefix
    return (
        re.compile(rb"<%bc(\s[^<>]*)>\s*%b%b" % (prefix, formula, value)),
        re.compile(rb"<%bc(\s[^<>]*\st=[\"']e[\"'][^<>]*)>\s*(?:%b)?%b" % (prefix, formula, value)),
    )


def note(
    text: bytes, sheet: SheetPart, prefix: bytes, patterns: tuple[re.Pattern[bytes], re.Pattern[bytes]]
) -> None:
    # More rows than a spreadsheet can show: nobody's table, and reading them would take too long.
    sheet.rows += text.count(b"<%brow" % prefix)
    if sheet.rows > LAST_ROW:
        raise RuleViolation("workbook_too_large")
    with_formula, with_error = patterns
    if b"<%bf" % prefix in text:
        for cell in with_formula.finditer(text):
            sheet.has_formulas = True
            # A formula whose result is the empty text has none to show either, but says that it is text.
            if cell[3] is None and not _TEXT_TYPE.search(cell[1]):
                mark(sheet, cell[1], b"=" + (cell[2] or b""))
    if b'"e"' in text or b"'e'" in text:
        for cell in with_error.finditer(text):
            mark(sheet, cell[1], cell[3] or b"#N/A")


def mark(sheet: SheetPart, attributes: bytes, shown: bytes) -> None:
    place = _PLACE.search(attributes)
    if place is None or int(place[2]) > LAST_ROW:
        return
    sheet.count += 1
    if sheet.count > MARKS:
        raise RuleViolation("workbook_without_values")
    said = unescape(shown[:SHOWN].decode("utf-8", "replace"))
    sheet.marks.setdefault(int(place[2]) - 1, []).append((column_number(place[1]), said))


def column_number(letters: bytes) -> int:
    """Counted from 0: A is 0, XFD is 16383."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1
