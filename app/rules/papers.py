"""Papers that a step rests on: the bank's voucher (domain section 10), a reason to keep somebody (section 6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from app.rules.violations import RuleViolation
from app.rules.writing import cell_text


class Paper(StrEnum):
    """What a paper is for; its codes begin with the word."""

    VOUCHER = "voucher"
    ATTACHMENT = "attachment"


class PaperProblem(StrEnum):
    """What can be wrong with a paper; each is a code after the word of ``Paper``."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    TYPE = "type"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_COSTLY = "too_costly"
    """Opening it takes more memory or time than any scan needs."""
    DAMAGED = "damaged"
    ENCRYPTED = "encrypted"
    ACTIVE = "active"
    """A PDF that does something, or carries other files."""


STATUS = {
    PaperProblem.TOO_LARGE: 413,
    PaperProblem.TOO_MANY_PIXELS: 413,
    PaperProblem.TOO_COSTLY: 413,
    PaperProblem.TYPE: 415,
}
"""What isn't here is 422."""

PAPER_TYPES: Mapping[str, bytes] = {
    "image/jpeg": b"\xff\xd8\xff",
    "image/png": b"\x89PNG\r\n\x1a\n",
    "application/pdf": b"%PDF-",
}
"""Media types and what their files begin with."""

SUFFIXES: Mapping[str, tuple[str, ...]] = {
    "image/jpeg": (".jpg", ".jpeg"),
    "image/png": (".png",),
    "application/pdf": (".pdf",),
}

PAPER_MAX_BYTES = 10 * 1024 * 1024
PAPER_MAX_PIXELS = 40_000_000
"""More than a phone's camera or an A4 scan of 600 dpi (35 million) has."""
NAME_MAX = 120


@dataclass(frozen=True, slots=True)
class SafePaper:
    """A paper that was opened and found harmless (``app.services.files.check_paper``), as it will be kept.

    ``name`` ends as its type does, whatever it was called.
    """

    name: str
    media_type: str
    content: bytes


def refusal(paper: Paper, problem: PaperProblem, **facts: object) -> RuleViolation:
    """What is raised about a paper: ``voucher_type`` and its like."""
    return RuleViolation(f"{paper}_{problem}", field="file", status=STATUS.get(problem, 422), **facts)


def paper_type(paper: Paper, content: bytes) -> str:
    """The media type that a paper claims by its first bytes, never by its name: JPG, PNG or PDF.

    Raises, for a voucher, ``voucher_empty``, ``voucher_too_large`` (413) or ``voucher_type`` (415).
    """
    if not content:
        raise refusal(paper, PaperProblem.EMPTY)
    if len(content) > PAPER_MAX_BYTES:
        raise refusal(
            paper,
            PaperProblem.TOO_LARGE,
            limit_mb=PAPER_MAX_BYTES // 1024 // 1024,
            size_mb=f"{len(content) / 1024 / 1024:.1f}",
        )
    for media_type, signature in PAPER_TYPES.items():
        if content.startswith(signature):
            return media_type
    raise refusal(paper, PaperProblem.TYPE)


def paper_name(name: str, media_type: str) -> str:
    """What a paper is called: the last part of a sent name, with the ending of its type.

    >>> paper_name("C:\\\\fakepath\\\\凭证.exe", "image/png")
    '凭证.exe.png'
    """
    last, endings = file_name(name), SUFFIXES[media_type]
    if last.lower().endswith(endings) and last.lower() not in endings:
        return last
    return f"{(last or 'file')[: NAME_MAX - len(endings[0])]}{endings[0]}"


def offered_name(name: str) -> str:
    """What a workbook that is offered for download is called: it ends as its kind does."""
    last = file_name(name)
    if last.lower().endswith(".xlsx") and len(last) > len(".xlsx"):
        return last
    return f"{(last or 'file')[: NAME_MAX - len('.xlsx')]}.xlsx"


def file_name(name: str) -> str:
    """The last part of a sent name, on one line, without invisible signs; may be empty."""
    return " ".join(cell_text(PurePosixPath(name.replace("\\", "/")).name).split())[-NAME_MAX:]
