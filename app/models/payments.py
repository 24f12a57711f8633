"""What grassroots unions paid towards their batches."""

from __future__ import annotations

from datetime import date

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import AccountRef, Entity, Instant, Money, Scoped


class GrassrootsPayment(Scoped, Entity):
    """基层单位缴费 of one batch, as a level above the union has seen it arrive; yuan."""

    __tablename__ = "grassroots_payment"

    batch_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("enrolment_batch.id"), primary_key=True, autoincrement=False
    )
    amount: Mapped[Money]
    paid_on: Mapped[date]
    recorded_by: Mapped[AccountRef]
    recorded_at: Mapped[Instant]

    __table_args__ = (CheckConstraint("amount > 0", name="a_payment_is_more_than_nothing"),)
