"""What the demo city's unions have done so far, by the services themselves, so that every state is real."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.models import DistrictBatch, Enrolment, EnrolmentBatch, Member, PaymentVoucher, ProtectionYear, Union
from app.queries.enrolment import bucket_of, standing
from app.rules.contacts import Handler
from app.rules.enrolment import BatchStatus, Bucket, Channel
from app.rules.members import EmploymentStatus
from app.rules.papers import Paper
from app.rules.violations import RuleViolation
from app.security.actor import SYSTEM, Actor
from app.services.demo_accounts import DemoActors
from app.services.demo_files import keep_pdf, voucher_pdf, voucher_png
from app.services.enrolment import submit_batch
from app.services.files import check_paper
from app.services.filing import file_district_batch
from app.services.lapse import lapse_batches
from app.services.marks import confirm_members, exclude_members
from app.services.retirement import keep_members
from app.services.review import approve_batches, return_batch
from app.services.settlement import (
    VoucherDetails,
    accept_district_batch,
    reject_district_batch,
    reject_voucher,
    settle_voucher,
    upload_voucher,
)

HANDLER = Handler("经办老师", "13900000000", "handler@haicheng.example")

DECIDED, SUBMITTED, REVIEWED, FILED, ACCEPTED, PAID, SETTLED = 58, 40, 15, 9, 7, 4, 2
"""Days ago, by step; submits spread over the fortnight after theirs."""


@dataclass(slots=True)
class DemoWork:
    """Moves the city through its year. Times go forward for every object."""

    session: Session
    rng: random.Random
    actors: DemoActors
    year: ProtectionYear
    now: datetime
    batches: dict[int, list[int]] = field(default_factory=dict)
    """Enrolment batches waiting for review, by district."""

    def ago(self, days: float) -> datetime:
        return self.now - timedelta(days=days)

    def decide(self, unions: Sequence[Union]) -> None:
        """Some operators exclude a member, keep a retired one, or confirm everyone in doubt."""
        eligible = self._first_in(Bucket.ELIGIBLE)
        retired = self._first_in(Bucket.RETIRED)
        proof = check_paper(Paper.ATTACHMENT, "弹性延迟退休确认书.pdf", keep_pdf())
        for union in unions:
            operator = self.actors.of_union[union.id]
            roll = self.rng.random()
            if roll < 0.08 and union.id in eligible:
                reason = self.rng.choice(("即将离职", "本人不愿参保", "已在外省市参保"))
                exclude_members(
                    self.session,
                    operator,
                    year=self.year.year,
                    member_ids=[eligible[union.id]],
                    reason=reason,
                    now=self.ago(DECIDED),
                )
            elif roll < 0.12 and union.id in retired:
                keep_members(
                    self.session,
                    operator,
                    year=self.year.year,
                    member_ids=[retired[union.id]],
                    reason="弹性延迟退休：单位已备案",
                    attachment=proof,
                    now=self.ago(DECIDED),
                )
            elif roll < 0.35:
                self._confirm_all(operator, DECIDED)

    def submit(self, union: Union, plan: str = "") -> list[int]:
        """Both channels, the social card's with everyone ticked; some again after a late confirmation."""
        operator = self.actors.of_union[union.id]
        chosen = plan or ("A" if self.rng.random() < 0.85 else "B")
        days = SUBMITTED + self.rng.random() * 14
        made = self._submit(operator, Channel.MEMBER_CARD, chosen, days)
        if self.rng.random() < 0.5:
            made += self._submit(operator, Channel.SOCIAL_CARD, chosen, days - 1)
        if self.rng.random() < 0.15 and self._confirm_all(operator, days - 2):
            made += self._submit(operator, Channel.MEMBER_CARD, chosen, days - 3)
        if union.district_id is not None:
            self.batches.setdefault(union.district_id, []).extend(made)
        return made

    def approve(self, batch_ids: Sequence[int], by_second: bool = True) -> None:
        """Second-level unions review their own; the district what belongs straight to it."""
        rows = self.session.execute(
            select(EnrolmentBatch.id, EnrolmentBatch.second_id, EnrolmentBatch.district_id).where(
                EnrolmentBatch.id.in_(batch_ids)
            )
        ).all()
        reviewers: dict[int, list[int]] = {}
        for row in rows:
            reviewer = row.second_id if by_second and row.second_id else row.district_id
            reviewers.setdefault(reviewer, []).append(row.id)
        for reviewer, ids in sorted(reviewers.items()):
            actor = self.actors.of_union[reviewer]
            approve_batches(self.session, actor, batch_ids=ids, now=self.ago(REVIEWED))

    def send_back(self, batch_id: int, reason_code: str, note: str = "", mark: bool = False) -> None:
        batch = self.session.get_one(EnrolmentBatch, batch_id)
        marked = self._some_people(batch) if mark else []
        assert batch.district_id is not None
        return_batch(
            self.session,
            self.actors.of_union[batch.second_id or batch.district_id],
            batch_id=batch_id,
            reason_code=reason_code,
            text=note,
            member_ids=marked,
            now=self.ago(REVIEWED - 1),
        )

    def lapse(self, batch_ids: Sequence[int]) -> None:
        lapse_batches(self.session, SYSTEM, batch_ids=batch_ids, now=self.ago(REVIEWED - 2))

    def file(self, district: Union) -> DistrictBatch:
        return file_district_batch(
            self.session,
            self.actors.of_union[district.id],
            year=self.year.year,
            handler=HANDLER,
            now=self.ago(FILED),
        )

    def accept(self, batch: DistrictBatch) -> None:
        accept_district_batch(self.session, self._clerk, batch_id=batch.id, now=self.ago(ACCEPTED))

    def reject(self, batch: DistrictBatch) -> None:
        reject_district_batch(
            self.session,
            self._clerk,
            batch_id=batch.id,
            reason_code="handler_unreachable",
            text="经办人电话无法接通，请更正后重新提交。",
            now=self.ago(ACCEPTED),
        )

    def pay(self, batch: DistrictBatch, picture: bool = False) -> PaymentVoucher:
        content = voucher_png() if picture else voucher_pdf(batch.number, batch.owed)
        name = "贷记凭证.png" if picture else "贷记凭证.pdf"
        paid_at = self.ago(PAID)
        return upload_voucher(
            self.session,
            self.actors.of_union[batch.union_id],
            batch_id=batch.id,
            paper=check_paper(Paper.VOUCHER, name, content),
            details=VoucherDetails(f"{self.year.year}年度集中参保缴费", batch.owed, paid_at.date()),
            now=paid_at,
        )

    def settle(self, voucher: PaymentVoucher) -> None:
        settle_voucher(self.session, self._clerk, voucher_id=voucher.id, now=self.ago(SETTLED))

    def refuse_voucher(self, voucher: PaymentVoucher) -> None:
        reject_voucher(
            self.session, self._clerk, voucher_id=voucher.id, reason_code="unreadable", now=self.ago(SETTLED)
        )

    def waiting(self, district: Union) -> list[int]:
        """The district's batches that are still to be reviewed."""
        return list(
            self.session.scalars(
                select(EnrolmentBatch.id)
                .where(
                    EnrolmentBatch.district_id == district.id, EnrolmentBatch.status == BatchStatus.SUBMITTED
                )
                .order_by(EnrolmentBatch.id)
            )
        )

    @property
    def _clerk(self) -> Actor:
        return self.actors.by_name["centre"]

    def _submit(self, operator: Actor, channel: Channel, plan: str, days: float) -> list[int]:
        ticked = self._eligible(operator, channel) if channel is Channel.SOCIAL_CARD else None
        try:
            with self.session.begin_nested():
                batch = submit_batch(
                    self.session,
                    operator,
                    year=self.year.year,
                    channel=channel,
                    plan=plan,
                    member_ids=ticked,
                    now=self.ago(days),
                )
        except RuleViolation as refusal:
            # A small union may have nobody for a channel.
            if refusal.code not in {"nobody_eligible", "nobody_ticked", "just_submitted"}:
                raise
            return []
        return [batch.id]

    def _confirm_all(self, operator: Actor, days: float) -> int:
        return confirm_members(
            self.session, operator, year=self.year.year, member_ids=None, now=self.ago(days)
        )

    def _eligible(self, operator: Actor, channel: Channel) -> list[int]:
        return list(
            self.session.scalars(
                standing(select(Member.id), self.year.year).where(
                    Member.union_id == operator.union_id,
                    bucket_of(channel, self.year.cover_start) == Bucket.ELIGIBLE.value,
                )
            )
        )

    def _first_in(self, bucket: Bucket) -> dict[int, int]:
        columns: list[ColumnElement[Any]] = [
            Member.union_id.label("union_id"),
            func.min(Member.id).label("member_id"),
        ]
        rows = self.session.execute(
            standing(select(*columns), self.year.year)
            .where(
                bucket_of(Channel.MEMBER_CARD, self.year.cover_start) == bucket.value,
                # Whom the registry reports retired can't be kept.
                Member.employment_status != EmploymentStatus.RETIRED,
            )
            .group_by(Member.union_id)
        )
        return {row.union_id: row.member_id for row in rows}

    def _some_people(self, batch: EnrolmentBatch) -> list[int]:
        return list(
            self.session.scalars(
                select(Enrolment.member_id)
                .where(Enrolment.year == batch.year, Enrolment.batch_id == batch.id)
                .order_by(Enrolment.member_id)
                .limit(2)
            )
        )
