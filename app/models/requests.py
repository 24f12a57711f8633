"""Answers already given, so that a repeated request gets the same one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Entity, Instant


class IdempotencyKey(Entity):
    __tablename__ = "idempotency_key"

    account_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id"), primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    endpoint: Mapped[str] = mapped_column(Text)
    body_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None]
    answer: Mapped[Any | None] = mapped_column(JSONB)
    created_at: Mapped[Instant]

    __table_args__ = (Index("idempotency_key_by_age", "created_at"),)
