"""Papers that a step rests on: the bank's voucher (domain section 10), a reason to keep somebody (section 6)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from app.rules.violations import RuleViolation


class Paper(StrEnum):
    """What a paper is for; its codes begin with the word."""

    VOUCHER = "voucher"
    ATTACHMENT = "attachment"


PAPER_TYPES: Mapping[str, tuple[bytes, ...]] = {
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "application/pdf": (b"%PDF-",),
}
"""Media types and what their files begin with."""

PAPER_MAX_BYTES = 10 * 1024 * 1024


def paper_type(paper: Paper, content: bytes) -> str:
    """The media type of a paper, a JPG, PNG or PDF, read off its content and never its name.

    Raises, for a voucher, ``voucher_empty``, ``voucher_too_large`` (413) or ``voucher_type`` (415).
    """
    if not content:
        raise RuleViolation(f"{paper}_empty", field="file")
    if len(content) > PAPER_MAX_BYTES:
        raise RuleViolation(
            f"{paper}_too_large",
            field="file",
            status=413,
            limit_mb=PAPER_MAX_BYTES // 1024 // 1024,
            size_mb=f"{len(content) / 1024 / 1024:.1f}",
        )
    for media_type, signatures in PAPER_TYPES.items():
        if content.startswith(signatures):
            return media_type
    raise RuleViolation(f"{paper}_type", field="file", status=415)
