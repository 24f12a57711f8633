"""A PDF looked through before it is kept: whole, open to everybody, and nothing in it that acts.

It is kept as it came: a bank's or an employer's electronic seal holds only while no byte changes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

from pypdf import PdfReader
from pypdf.errors import LimitReachedError
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

from app.gateways.paper_child import Unsafe
from app.rules.papers import PaperProblem

END = b"%%EOF"
ACTING_KEYS = {"/JS", "/JavaScript", "/EmbeddedFiles", "/EF", "/XFA", "/RichMediaContent"}
ACTING_VALUES = {
    "/S": {
        "/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/GoToE", "/GoToR", "/Rendition", "/Movie", "/Sound",
    },
    "/Subtype": {"/FileAttachment", "/RichMedia", "/3D", "/Movie", "/Screen", "/Sound"},
    "/Type": {"/EmbeddedFile"},
}  # fmt: skip
"""Actions that run, send or fetch something, and files inside the file. A link that is clicked is none of them."""

ACTING_WORDS = re.compile(rb"/(?:JavaScript|Launch|EmbeddedFiles?|RichMedia)\b")
"""Looked for in the bytes as well: a viewer that mends a file may find what its table of contents leaves out."""
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")


def look_through(content: bytes) -> None:
    """Raises Unsafe for a PDF that is damaged, has a password, acts, or is another file behind its end."""
    if content[content.rfind(END) + len(END) :].strip(b"\0 \t\r\n") or END not in content:
        raise Unsafe(PaperProblem.DAMAGED)
    plain = _ESCAPED.sub(lambda sign: bytes((int(sign[1], 16),)), content)
    if ACTING_WORDS.search(content) or ACTING_WORDS.search(plain):
        raise Unsafe(PaperProblem.ACTIVE)
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted:
            raise Unsafe(PaperProblem.ENCRYPTED)
        if not len(reader.pages) or not all(page.get("/Type", "/Page") == "/Page" for page in reader.pages):
            raise Unsafe(PaperProblem.DAMAGED)
        for each in _objects(reader):
            if _acts(each):
                raise Unsafe(PaperProblem.ACTIVE)
    except (Unsafe, MemoryError):
        raise
    except LimitReachedError as limit:
        raise Unsafe(PaperProblem.TOO_COSTLY) from limit
    except Exception as broken:
        raise Unsafe(PaperProblem.DAMAGED) from broken


def _objects(reader: PdfReader) -> Iterator[Any]:
    """Every object of the file, whether a page leads to it or not, and what it holds directly."""
    numbers = {
        (number, generation) for generation, table in reader.xref.items() for number in table if number
    }
    numbers |= {(number, 0) for number in reader.xref_objStm}
    waiting: list[Any] = [reader.trailer, *(IndirectObject(*number, reader) for number in sorted(numbers))]
    while waiting:
        each = waiting.pop()
        if isinstance(each, IndirectObject):
            # One that names a third is walked under its own number.
            each = each.get_object()
        if isinstance(each, DictionaryObject):
            yield each
            inside = each.raw_get
            waiting += [part for key in each if _holds(part := inside(key))]
        elif isinstance(each, ArrayObject):
            waiting += [part for part in list.__iter__(each) if _holds(part)]


def _holds(part: Any) -> bool:
    return isinstance(part, DictionaryObject | ArrayObject) and not isinstance(part, IndirectObject)


def _acts(each: DictionaryObject) -> bool:
    if ACTING_KEYS & each.keys():
        return True
    return any(key in each and str(each[key]) in values for key, values in ACTING_VALUES.items())
