"""Members on their way from one union to another."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import AccountRef, Entity, Id, Instant, OptionalUnionRef, UnionRef, choice
from app.rules.transfers import Direction, TransferState


class MemberTransfer(Entity):
    """One proposal to move one member, seen by both sides; it stays as their history.

    ``asked_name`` and ``asked_number`` (masked) are what the asking union knows of a person whom it can't see:
    until the transfer is accepted, it is shown no more.
    """

    __tablename__ = "member_transfer"

    id: Mapped[Id]
    member_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("member.id"))
    direction: Mapped[Direction] = mapped_column(choice(Direction, "transfer_direction_known"))
    state: Mapped[TransferState] = mapped_column(choice(TransferState, "transfer_state_known"))
    from_union_id: Mapped[UnionRef]
    from_second_id: Mapped[OptionalUnionRef]
    from_district_id: Mapped[OptionalUnionRef]
    to_union_id: Mapped[UnionRef]
    to_second_id: Mapped[OptionalUnionRef]
    to_district_id: Mapped[OptionalUnionRef]
    asked_name: Mapped[str] = mapped_column(Text, default="", server_default="")
    asked_number: Mapped[str] = mapped_column(Text, default="", server_default="")
    note: Mapped[str] = mapped_column(Text, default="", server_default="")
    proposed_by: Mapped[AccountRef]
    proposed_at: Mapped[Instant]
    decided_by: Mapped[AccountRef]
    decided_at: Mapped[Instant | None]
    reason_code: Mapped[str | None] = mapped_column(String(40))
    reason_text: Mapped[str] = mapped_column(Text, default="", server_default="")

    __table_args__ = (
        Index(
            "one_waiting_transfer_per_member",
            "member_id",
            unique=True,
            postgresql_where=text("state = 'waiting'"),
        ),
        CheckConstraint("from_union_id <> to_union_id", name="a_transfer_leads_elsewhere"),
        CheckConstraint("(state = 'waiting') = (decided_at IS NULL)", name="a_decided_transfer_says_when"),
        CheckConstraint("state <> 'refused' OR reason_code IS NOT NULL", name="a_refusal_has_a_reason"),
        CheckConstraint("direction <> 'move' OR state = 'accepted'", name="a_move_is_done_at_once"),
        CheckConstraint("direction <> 'ask' OR asked_name <> ''", name="an_ask_names_the_person"),
        CheckConstraint(
            "direction = 'move' OR state NOT IN ('accepted', 'refused')"
            " OR (decided_by IS NOT NULL AND decided_by IS DISTINCT FROM proposed_by)",
            name="nobody_decides_their_own_transfer",
        ),
        Index("member_transfer_by_member", "member_id"),
        Index("member_transfer_from_union", "from_union_id", "state", "id"),
        Index("member_transfer_to_union", "to_union_id", "state", "id"),
        Index("member_transfer_from_district", "from_district_id", "state", "id"),
        Index("member_transfer_to_district", "to_district_id", "state", "id"),
        Index("member_transfer_from_second", "from_second_id", "state", "id"),
        Index("member_transfer_to_second", "to_second_id", "state", "id"),
    )
