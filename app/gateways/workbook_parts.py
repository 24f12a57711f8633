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
from xml.etree import ElementTree

from app.gateways.workbook_container import UNPACKED_BYTES
from app.rules.violations import RuleViolation

BOOK = "xl/workbook.xml"
PIECE = 1024 * 1024
LONGEST_CELL = 256 * 1024
MARKS = 50_000
"""Cells without a value that are named one by one; with more of them the sheet is refused as a whole."""

SHOWN = 200

_CELL = re.compile(
    rb"<(?:\w+:)?c(\s[^<>]*?)(?:/>|>([^<]*(?:<(?!/?(?:\w+:)?c[\s/>])[^<]*)*)</(?:\w+:)?c>)", re.DOTALL
)
_PLACE = re.compile(rb"\sr=[\"']([A-Z]{1,3})([0-9]{1,7})[\"']")
_TYPE = re.compile(rb"\st=[\"'](\w+)[\"']")
_VALUE = re.compile(rb"<(?:\w+:)?v(?:\s[^>]*)?>([^<]+)<")
_FORMULA = re.compile(rb"<(?:\w+:)?f(?:\s[^<>]*)?(?:/>|>([^<]*)<)")
_SUSPECT = (b"<f", b":f", b'"e"', b"'e'")
_1904 = re.compile(rb"date1904=[\"'](?:1|true)[\"']")


@dataclass(slots=True)
class SheetPart:
    """By row, counted from 0: the columns whose cell has no value, each with what to show instead of it."""

    marks: dict[int, list[tuple[int, str]]] = field(default_factory=dict)
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
    """The same pieces; on the way, what is remarkable in them is noted."""
    rest = b""
    for piece in pieces:
        text = rest + piece
        if any(sign in text for sign in _SUSPECT):
            note(text, sheet)
        # A cell that is cut in two is looked at again, together with its second half.
        start = max(text.rfind(b"<c "), text.rfind(b"<", 0, max(text.rfind(b":c "), 0)))
        rest = text[start:] if len(text) - LONGEST_CELL < start else b""
        yield piece


def note(text: bytes, sheet: SheetPart) -> None:
    for cell in _CELL.finditer(text):
        attributes, inside = cell[1], cell[2] or b""
        formula = _FORMULA.search(inside)
        sheet.has_formulas |= formula is not None
        kind = _TYPE.search(attributes)
        value = _VALUE.search(inside)
        if kind is not None and kind[1] == b"e":
            shown = value[1] if value else b"#N/A"
        elif formula is not None and value is None and (kind is None or kind[1] != b"str"):
            shown = b"=" + (formula[1] or b"")
        else:
            continue
        place = _PLACE.search(attributes)
        if place is not None:
            marks = sheet.marks.setdefault(int(place[2]) - 1, [])
            marks.append((column_number(place[1]), shown[:SHOWN].decode("utf-8", "replace")))
        if len(sheet.marks) > MARKS:
            raise RuleViolation("workbook_without_values")


def column_number(letters: bytes) -> int:
    """Counted from 0: A is 0, XFD is 16383."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1
