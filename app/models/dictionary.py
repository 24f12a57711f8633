"""数据字典: reasons that people choose from."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import CheckConstraint, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Entity, Id, choice


class ReasonKind(StrEnum):
    RETURN = "return"
    CENTRE_REJECT = "centre_reject"
    VOUCHER_REJECT = "voucher_reject"
    EXCLUSION = "exclusion"
    TRANSFER_REFUSE = "transfer_refuse"
    KEEP = "keep"


class ReasonCode(Entity):
    """``other`` is always among a kind's reasons, and asks for a text."""

    __tablename__ = "reason_code"

    id: Mapped[Id]
    kind: Mapped[ReasonKind] = mapped_column(choice(ReasonKind, "reason_kind_known"))
    code: Mapped[str] = mapped_column(String(40))
    label_zh: Mapped[str] = mapped_column(Text)
    label_en: Mapped[str] = mapped_column(Text)
    position: Mapped[int] = mapped_column(default=100, server_default="100")
    active: Mapped[bool] = mapped_column(default=True, server_default="true")

    __table_args__ = (
        UniqueConstraint("kind", "code", name="one_reason_per_code"),
        CheckConstraint("code ~ '^[a-z][a-z0-9_]*$'", name="a_reason_code_is_plain"),
        CheckConstraint("code <> 'other' OR active", name="other_stays_active"),
    )

    def __str__(self) -> str:
        return self.label_zh
