"""What a district files with the mutual-aid centre, and how it pays."""

from __future__ import annotations

from datetime import date

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import AccountRef, Entity, Id, Instant, Money, Scoped, choice
from app.rules.enrolment import EnrolmentKind
from app.rules.fees import Amounts
from app.rules.settlement import DistrictBatchStatus, VoucherStatus


class DistrictBatch(Scoped, Entity):
    """区局参保批次, number CB…: unchangeable for the district once filed (M4.4).

    ``owed`` leaves the municipal share out (M4.5).
    """

    __tablename__ = "district_batch"

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(String(30), unique=True)
    year: Mapped[int] = mapped_column(ForeignKey("protection_year.year"))
    kind: Mapped[EnrolmentKind] = mapped_column(choice(EnrolmentKind, "district_batch_kind_known"))
    status: Mapped[DistrictBatchStatus] = mapped_column(
        choice(DistrictBatchStatus, "district_batch_status_known")
    )
    headcount: Mapped[int]
    headcount_member_card: Mapped[int]
    headcount_social_card: Mapped[int]
    fee: Mapped[Money]
    municipal_share: Mapped[Money]
    district_share: Mapped[Money]
    grassroots_share: Mapped[Money]
    owed: Mapped[Money]
    handler_name: Mapped[str] = mapped_column(Text)
    handler_phone: Mapped[str] = mapped_column(Text)
    handler_email: Mapped[str] = mapped_column(Text)
    submitted_by: Mapped[AccountRef]
    submitted_at: Mapped[Instant]
    updated_at: Mapped[Instant]
    decided_by: Mapped[AccountRef]
    """Of the centre: who accepted or rejected it."""
    decided_at: Mapped[Instant | None]
    accepted_at: Mapped[Instant | None]
    voucher_due_on: Mapped[date | None]
    reject_reason: Mapped[str | None] = mapped_column(String(40))
    reject_text: Mapped[str] = mapped_column(Text, default="", server_default="")
    settled_at: Mapped[Instant | None]

    __table_args__ = (
        CheckConstraint("headcount > 0", name="a_district_batch_has_people"),
        CheckConstraint(
            "headcount = headcount_member_card + headcount_social_card", name="district_channels_add_up"
        ),
        CheckConstraint(
            "fee = municipal_share + district_share + grassroots_share", name="district_shares_add_up"
        ),
        CheckConstraint("owed = district_share + grassroots_share", name="owed_leaves_municipal_out"),
        CheckConstraint("(status = 'completed') = (settled_at IS NOT NULL)", name="completed_means_settled"),
        CheckConstraint("status <> 'rejected' OR reject_reason IS NOT NULL", name="a_rejection_has_a_reason"),
        CheckConstraint("union_id = district_id", name="a_district_batch_is_its_districts"),
        CheckConstraint(
            "status = 'centre_review' OR (decided_by IS NOT NULL AND decided_by IS DISTINCT FROM submitted_by)",
            name="nobody_decides_what_they_filed",
        ),
        Index("district_batch_by_district", "district_id", "year", "id"),
        Index("district_batch_by_status", "status", "id"),
    )

    def amounts(self) -> Amounts:
        return Amounts(self.fee, self.municipal_share, self.district_share, self.grassroots_share)


class DistrictBatchPlan(Entity):
    """A district batch's people and money per plan, as filed."""

    __tablename__ = "district_batch_plan"

    district_batch_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("district_batch.id"), primary_key=True
    )
    plan: Mapped[str] = mapped_column(ForeignKey("plan.code"), primary_key=True)
    headcount: Mapped[int]
    fee: Mapped[Money]
    owed: Mapped[Money]

    __table_args__ = (CheckConstraint("headcount > 0", name="a_filed_plan_has_people"),)


class PaymentVoucher(Scoped, Entity):
    """缴费凭证: the proof of a district's payment (Q41–Q43)."""

    __tablename__ = "payment_voucher"

    id: Mapped[Id]
    district_batch_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("district_batch.id"))
    title: Mapped[str] = mapped_column(Text)
    file_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("stored_file.id"))
    amount: Mapped[Money]
    paid_on: Mapped[date]
    status: Mapped[VoucherStatus] = mapped_column(choice(VoucherStatus, "voucher_status_known"))
    reject_reason: Mapped[str | None] = mapped_column(String(40))
    reject_text: Mapped[str] = mapped_column(Text, default="", server_default="")
    uploaded_by: Mapped[AccountRef]
    uploaded_at: Mapped[Instant]
    decided_by: Mapped[AccountRef]
    decided_at: Mapped[Instant | None]

    __table_args__ = (
        CheckConstraint("amount >= 0", name="a_voucher_is_not_negative"),
        CheckConstraint(
            "status <> 'rejected' OR reject_reason IS NOT NULL", name="a_rejected_voucher_has_a_reason"
        ),
        CheckConstraint(
            "status = 'under_review' OR (decided_by IS NOT NULL AND decided_by IS DISTINCT FROM uploaded_by)",
            name="nobody_decides_their_own_voucher",
        ),
        Index(
            "one_voucher_at_a_time",
            "district_batch_id",
            unique=True,
            postgresql_where=text("status <> 'rejected'"),
        ),
        Index("payment_voucher_by_batch", "district_batch_id", "id"),
        Index("payment_voucher_by_file", "file_id"),
    )
