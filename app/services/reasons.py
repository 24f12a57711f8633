"""Reasons from the dictionary, with the text that some of them need."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import ReasonCode, ReasonKind
from app.rules.violations import RuleViolation

TEXT_MAX = 500


def require_reason(session: Session, kind: ReasonKind, code: str, text: str) -> str:
    """Check a reason that somebody chose; answers the trimmed text. ``other`` needs one."""
    known = session.scalar(
        select(ReasonCode.id).where(
            ReasonCode.kind == kind, ReasonCode.code == code, ReasonCode.active.is_(True)
        )
    )
    if not code or known is None:
        raise RuleViolation("reason_unknown", field="reason_code", value=code[:40])
    note = text.strip()
    if code == "other" and not note:
        raise RuleViolation("reason_text_missing", field="text")
    if len(note) > TEXT_MAX:
        raise RuleViolation("text_too_long", field="text", limit=TEXT_MAX)
    return note
