"""The append-only log: who did what to which object, and why."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import AccountRef, Entity, Id, Instant, OptionalUnionRef, choice


class EventObject(StrEnum):
    ENROLMENT_BATCH = "enrolment_batch"
    DISTRICT_BATCH = "district_batch"
    VOUCHER = "voucher"
    MEMBER = "member"
    MEMBER_TRANSFER = "member_transfer"
    IMPORT = "import"
    YEAR = "year"
    FEE = "fee"
    ACCOUNT = "account"
    UNION = "union"


class Event(Entity):
    """One change of one object. Each object's events form a chain: ``sequence`` counts from 1 and ``hash``
    covers the row and the hash before it (a trigger sets both, another refuses UPDATE and DELETE)."""

    __tablename__ = "event"

    id: Mapped[Id]
    object_kind: Mapped[EventObject] = mapped_column(choice(EventObject, "event_object_known"))
    object_id: Mapped[int] = mapped_column(BigInteger)
    sequence: Mapped[int] = mapped_column(server_default="0")
    union_id: Mapped[OptionalUnionRef]
    second_id: Mapped[OptionalUnionRef]
    district_id: Mapped[OptionalUnionRef]
    at: Mapped[Instant]
    actor_id: Mapped[AccountRef]
    actor_name: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(String(40))
    from_state: Mapped[str | None] = mapped_column(String(40))
    to_state: Mapped[str | None] = mapped_column(String(40))
    reason_code: Mapped[str | None] = mapped_column(String(40))
    text: Mapped[str] = mapped_column(Text, default="", server_default="")
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    hash: Mapped[bytes] = mapped_column(LargeBinary, server_default="")

    __table_args__ = (
        UniqueConstraint("object_kind", "object_id", "sequence", name="events_are_a_chain"),
        Index("event_by_union", "union_id", "id"),
        Index("event_by_district", "district_id", "id"),
    )
