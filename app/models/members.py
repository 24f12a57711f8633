"""Members and what their union decided about them for a year."""

from __future__ import annotations

from datetime import date

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    Index,
    LargeBinary,
    Sequence,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import AccountRef, Entity, Id, Instant, Scoped, choice
from app.models.sealed import Sealed
from app.rules.erasure import ERASED_NAME
from app.rules.members import (
    CardStatus,
    EmploymentStatus,
    IdType,
    MembershipKind,
    RetirementClass,
    Sex,
    SocialCardStatus,
)
from app.sealing import Purpose

member_no_seq = Sequence("member_no_seq", start=70000001, metadata=Entity.metadata)


class Member(Scoped, Entity):
    """One person's membership of one union.

    ``person_key`` is a keyed hash of the normalised document: the person, whatever the union.
    ``id_number_hash`` is one of the whole number, so that SQL sees whether the sealed number changed.
    ``card_*`` describe the member service card in force.
    """

    __tablename__ = "member"

    id: Mapped[Id]
    member_no: Mapped[str] = mapped_column(
        String(10),
        unique=True,
        server_default=text("lpad(nextval('member_no_seq')::text, 10, '0')"),
    )
    employer_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("employer.id"))
    kind: Mapped[MembershipKind] = mapped_column(choice(MembershipKind, "membership_kind_known"))
    name: Mapped[str] = mapped_column(Text)
    id_type: Mapped[IdType] = mapped_column(choice(IdType, "id_type_known"))
    id_number: Mapped[str] = mapped_column(Sealed(Purpose.ID_NUMBER))
    id_number_hash: Mapped[bytes] = mapped_column(LargeBinary)
    person_key: Mapped[bytes] = mapped_column(LargeBinary)
    id_expires_on: Mapped[date | None]
    id_never_expires: Mapped[bool] = mapped_column(default=False, server_default="false")
    phone: Mapped[str] = mapped_column(String(11))
    sex: Mapped[Sex | None] = mapped_column(choice(Sex, "sex_known"))
    birth_date: Mapped[date | None]
    retirement_class: Mapped[RetirementClass | None] = mapped_column(
        choice(RetirementClass, "retirement_class_known")
    )
    tag: Mapped[str] = mapped_column(Text, default="", server_default="")
    work_address: Mapped[str] = mapped_column(Text, default="", server_default="")
    joined_on: Mapped[date | None]
    remark: Mapped[str] = mapped_column(Text, default="", server_default="")
    employment_status: Mapped[EmploymentStatus] = mapped_column(
        choice(EmploymentStatus, "employment_status_known"),
        default=EmploymentStatus.UNKNOWN,
        server_default="unknown",
    )
    social_card_status: Mapped[SocialCardStatus] = mapped_column(
        choice(SocialCardStatus, "social_card_status_known"),
        default=SocialCardStatus.UNKNOWN,
        server_default="unknown",
    )
    status_checked_on: Mapped[date | None]
    card_status: Mapped[CardStatus] = mapped_column(
        choice(CardStatus, "card_status_known"), default=CardStatus.NONE, server_default="none"
    )
    card_no: Mapped[str | None] = mapped_column(String(30), unique=True)
    card_issued_on: Mapped[date | None]
    card_problem: Mapped[str] = mapped_column(Text, default="", server_default="")
    created_at: Mapped[Instant]
    updated_at: Mapped[Instant]
    joined_day: Mapped[date] = mapped_column(
        Computed(
            "COALESCE(joined_on, (created_at AT TIME ZONE 'Asia/Shanghai'::text)::date)",
            persisted=True,
        ),
        nullable=True,
    )
    """``joined_on``, or the day of entry where nobody said when."""
    erased_at: Mapped[Instant | None]
    """Since then the row only stands for somebody in counts and amounts: see ``app.services.erasing``."""

    __table_args__ = (
        UniqueConstraint("union_id", "person_key", name="one_membership_per_union"),
        UniqueConstraint("phone", name="one_member_per_phone"),
        CheckConstraint("name <> ''", name="member_has_a_name"),
        CheckConstraint("octet_length(person_key) = 32", name="person_key_is_a_hash"),
        CheckConstraint("octet_length(id_number_hash) = 32", name="id_number_hash_is_a_hash"),
        CheckConstraint("get_byte(id_number, 0) = 1", name="id_number_is_sealed"),
        CheckConstraint(
            "NOT (id_never_expires AND id_expires_on IS NOT NULL)", name="a_document_expires_or_not"
        ),
        CheckConstraint("card_status <> 'issued' OR card_no IS NOT NULL", name="an_issued_card_has_a_number"),
        CheckConstraint(
            f"erased_at IS NULL OR (name = '{ERASED_NAME}' AND phone = 'E' || member_no AND tag = ''"
            " AND work_address = '' AND remark = '' AND card_problem = '' AND num_nonnulls(employer_id, sex,"
            " birth_date, retirement_class, id_expires_on, joined_on, status_checked_on, card_no, card_issued_on) = 0)",
            name="an_erased_member_holds_nothing",
        ),
        Index("member_by_person", "person_key"),
        Index("member_by_union", "union_id", "id"),
        Index("member_by_second", "second_id", "id"),
        Index("member_by_district", "district_id", "id"),
        Index(
            "member_by_expiry",
            "union_id",
            "id_expires_on",
            "id",
            postgresql_where=text("NOT id_never_expires"),
        ),
        Index("member_by_joining", "joined_day", "district_id", "union_id"),
        Index("member_by_tag", "union_id", "tag", postgresql_where=text("tag <> ''")),
        Index("member_erased", "union_id", postgresql_where=text("erased_at IS NOT NULL")),
        Index(
            "member_by_name",
            "name",
            "district_id",
            "second_id",
            "union_id",
            postgresql_ops={"name": "text_pattern_ops"},
        ),
    )

    def __str__(self) -> str:
        return f"{self.name} {self.member_no}"


class EnrolmentConfirmation(Scoped, Entity):
    """The operator vouches for a 待确认 member for the year (M3.1.3)."""

    __tablename__ = "enrolment_confirmation"

    year: Mapped[int] = mapped_column(ForeignKey("protection_year.year"), primary_key=True)
    member_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("member.id"), primary_key=True)
    confirmed_by: Mapped[AccountRef]
    confirmed_at: Mapped[Instant]


class EnrolmentExclusion(Scoped, Entity):
    """本年不参保: left out of the year by the operator, with a reason (replaces deleting, Q33)."""

    __tablename__ = "enrolment_exclusion"

    year: Mapped[int] = mapped_column(ForeignKey("protection_year.year"), primary_key=True)
    member_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("member.id"), primary_key=True)
    reason: Mapped[str] = mapped_column(Text)
    excluded_by: Mapped[AccountRef]
    excluded_at: Mapped[Instant]

    __table_args__ = (CheckConstraint("reason <> ''", name="an_exclusion_has_a_reason"),)


class RetirementKeep(Scoped, Entity):
    """A member past the statutory line whom the operator keeps: flexible later retirement.

    ``file_id`` is the paper it rests on, which several keeps may share; keeps of former days have none.
    """

    __tablename__ = "retirement_keep"

    year: Mapped[int] = mapped_column(ForeignKey("protection_year.year"), primary_key=True)
    member_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("member.id"), primary_key=True)
    reason: Mapped[str] = mapped_column(Text)
    kept_by: Mapped[AccountRef]
    kept_at: Mapped[Instant]
    file_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("stored_file.id"))

    __table_args__ = (
        CheckConstraint("reason <> ''", name="a_keep_has_a_reason"),
        Index("retirement_keep_by_file", "file_id", postgresql_where=text("file_id IS NOT NULL")),
    )
