"""Batches of enrolment and the people in them."""

from __future__ import annotations

from datetime import date

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import AccountRef, Entity, Instant, Money, Scoped, UnionRef, choice
from app.rules.enrolment import (
    BatchStatus,
    Channel,
    EnrolmentKind,
    EnrolmentStatus,
    LapseReason,
    Term,
)
from app.rules.fees import Amounts
from app.rules.organisation import UnionLevel


class PlanChoice(Entity):
    """The one plan of a union and year, over both channels (Q35, M3.1.8): fixed by its first live batch."""

    __tablename__ = "plan_choice"

    union_id: Mapped[UnionRef] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(ForeignKey("protection_year.year"), primary_key=True)
    plan: Mapped[str] = mapped_column(ForeignKey("plan.code"))

    __table_args__ = (UniqueConstraint("union_id", "year", "plan", name="plan_choice_for_batches"),)


class EnrolmentBatch(Scoped, Entity):
    """单位参保批次: one submit of one union, channel and kind, with its amounts frozen.

    ``unit_*`` are yuan per person, the others the whole batch's. While the batch is live its plan must
    be the union's ``PlanChoice``: ``live_plan`` is empty otherwise, and the reference rests.
    """

    __tablename__ = "enrolment_batch"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    number: Mapped[str] = mapped_column(String(30), unique=True)
    year: Mapped[int] = mapped_column(ForeignKey("protection_year.year"))
    channel: Mapped[Channel] = mapped_column(choice(Channel, "batch_channel_known"))
    kind: Mapped[EnrolmentKind] = mapped_column(choice(EnrolmentKind, "batch_kind_known"))
    plan: Mapped[str] = mapped_column(ForeignKey("plan.code"))
    term: Mapped[Term] = mapped_column(choice(Term, "batch_term_known"))
    status: Mapped[BatchStatus] = mapped_column(choice(BatchStatus, "batch_status_known"))
    live_plan: Mapped[str | None] = mapped_column(
        String(10),
        Computed(
            "CASE WHEN status IN ('submitted', 'approved', 'forwarded', 'completed') THEN plan END",
            persisted=True,
        ),
    )
    headcount: Mapped[int]
    unit_fee: Mapped[Money]
    unit_municipal: Mapped[Money]
    unit_district: Mapped[Money]
    unit_grassroots: Mapped[Money]
    fee: Mapped[Money]
    municipal_share: Mapped[Money]
    district_share: Mapped[Money]
    grassroots_share: Mapped[Money]
    cover_start: Mapped[date]
    cover_end: Mapped[date]
    pay_by: Mapped[Instant]
    submitted_by: Mapped[AccountRef]
    submitted_at: Mapped[Instant]
    updated_at: Mapped[Instant]
    reviewed_level: Mapped[UnionLevel | None] = mapped_column(choice(UnionLevel, "reviewed_level_known"))
    decided_by: Mapped[AccountRef]
    decided_at: Mapped[Instant | None]
    return_reason: Mapped[str | None] = mapped_column(String(40))
    return_text: Mapped[str] = mapped_column(Text, default="", server_default="")
    lapsed_why: Mapped[LapseReason | None] = mapped_column(choice(LapseReason, "lapse_reason_known"))
    district_batch_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("district_batch.id"))

    __table_args__ = (
        ForeignKeyConstraint(
            ["union_id", "year", "live_plan"],
            ["plan_choice.union_id", "plan_choice.year", "plan_choice.plan"],
            name="one_plan_per_union_and_year",
        ),
        CheckConstraint("headcount > 0", name="a_batch_has_people"),
        CheckConstraint(
            "unit_fee = unit_municipal + unit_district + unit_grassroots", name="batch_unit_shares_add_up"
        ),
        CheckConstraint(
            "fee = municipal_share + district_share + grassroots_share", name="batch_shares_add_up"
        ),
        CheckConstraint(
            "fee = unit_fee * headcount AND municipal_share = unit_municipal * headcount"
            " AND district_share = unit_district * headcount"
            " AND grassroots_share = unit_grassroots * headcount",
            name="batch_amounts_match_headcount",
        ),
        CheckConstraint("cover_start < cover_end", name="batch_cover_starts_before_it_ends"),
        CheckConstraint(
            "(status IN ('forwarded', 'completed')) = (district_batch_id IS NOT NULL)",
            name="filed_batches_belong_to_a_district_batch",
        ),
        CheckConstraint("lapsed_why IS NULL OR status = 'lapsed'", name="only_a_lapsed_batch_says_why"),
        CheckConstraint("status <> 'returned' OR return_reason IS NOT NULL", name="a_return_has_a_reason"),
        CheckConstraint(
            "status NOT IN ('approved', 'forwarded', 'completed')"
            " OR (decided_by IS NOT NULL AND decided_by IS DISTINCT FROM submitted_by)",
            name="nobody_approves_their_own_batch",
        ),
        Index("enrolment_batch_by_union", "union_id", "year", "channel", "id"),
        Index("enrolment_batch_by_district", "district_id", "year", "status", "id"),
        Index("enrolment_batch_by_second", "second_id", "year", "status", "id"),
        Index("enrolment_batch_by_year", "year", "status", "id"),
        Index(
            "enrolment_batch_not_filed",
            "year",
            "id",
            postgresql_where=text("status IN ('submitted', 'approved')"),
        ),
        Index(
            "enrolment_batch_by_district_batch",
            "district_batch_id",
            "id",
            postgresql_where=text("district_batch_id IS NOT NULL"),
        ),
    )

    def amounts(self) -> Amounts:
        return Amounts(self.fee, self.municipal_share, self.district_share, self.grassroots_share)

    def unit_amounts(self) -> Amounts:
        return Amounts(self.unit_fee, self.unit_municipal, self.unit_district, self.unit_grassroots)


class Enrolment(Scoped, Entity):
    """One person's cover, partitioned by year.

    ``one_cover_per_person_and_year`` holds over all unions and channels (Q47). ``marked``: the reviewer
    pointed at this member when returning the batch.
    """

    __tablename__ = "enrolment"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    batch_id: Mapped[int] = mapped_column(
        BigInteger,
        # Deferred: the people go in before their batch, whose head count is how many went in.
        ForeignKey("enrolment_batch.id", deferrable=True, initially="DEFERRED"),
        primary_key=True,
    )
    member_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("member.id"), primary_key=True)
    person_key: Mapped[bytes] = mapped_column(LargeBinary)
    channel: Mapped[Channel] = mapped_column(choice(Channel, "enrolment_channel_known"))
    status: Mapped[EnrolmentStatus] = mapped_column(choice(EnrolmentStatus, "enrolment_status_known"))
    cover_start: Mapped[date]
    cover_end: Mapped[date]
    marked: Mapped[bool] = mapped_column(default=False, server_default="false")

    __table_args__ = (
        Index(
            "one_cover_per_person_and_year",
            "year",
            "person_key",
            unique=True,
            postgresql_where=text("status <> 'void'"),
        ),
        Index("enrolment_by_member", "member_id"),
        CheckConstraint("cover_start < cover_end", name="enrolment_cover_starts_before_it_ends"),
        {"postgresql_partition_by": "LIST (year)"},
    )
