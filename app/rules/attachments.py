"""Papers that a decision about a member rests on (domain section 6)."""

from __future__ import annotations

from app.rules.settlement import VOUCHER_MAX_BYTES, VOUCHER_TYPES
from app.rules.violations import RuleViolation

ATTACHMENT_MAX_BYTES = VOUCHER_MAX_BYTES


def attachment_type(content: bytes) -> str:
    """The media type of a paper, a JPG, PNG or PDF as vouchers are, read off its content and never its name.

    Raises ``attachment_missing``, ``attachment_too_large`` (413) or ``attachment_type`` (415).
    """
    if not content:
        raise RuleViolation("attachment_missing", field="file")
    if len(content) > ATTACHMENT_MAX_BYTES:
        raise RuleViolation(
            "attachment_too_large",
            field="file",
            status=413,
            limit_mb=ATTACHMENT_MAX_BYTES // 1024 // 1024,
            size_mb=f"{len(content) / 1024 / 1024:.1f}",
        )
    for media_type, signatures in VOUCHER_TYPES.items():
        if content.startswith(signatures):
            return media_type
    raise RuleViolation("attachment_type", field="file", status=415)
