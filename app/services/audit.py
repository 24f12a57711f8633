"""Chaining the audit log: what is finished gets its link, and nobody who writes waits for it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import AuditLink


@dataclass(frozen=True, slots=True)
class Sealed:
    """``made``: links added now. ``sequence`` and ``hash``: where the chain ends, empty while there is none.

    Whoever keeps the end somewhere else can tell later that everything up to it still stands.
    """

    made: int
    sequence: int
    hash: str


def seal_audit_log(session: Session) -> Sealed:
    """Chain every entry of transactions that are over; what younger ones wrote waits for the next time."""
    made = session.scalar(select(func.seal_audit())) or 0
    last = session.scalars(select(AuditLink).order_by(AuditLink.sequence.desc()).limit(1)).first()
    return Sealed(made, last.sequence if last else 0, last.hash.hex() if last else "")
