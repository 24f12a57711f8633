"""What the districts have filed with the centre: head, lines, notice, payment and log of each, summed by the database
from the unions' batches."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from app.city import ledger
from app.city.lines import bytea, copy_lines, instant, json_text, row
from app.city.plan import Layout
from app.city.rows import (
    EVENT,
    NOTICE,
    NOTICE_VERSION,
    actor_name,
    check_code,
    district_batch_id,
    first_free_event,
    first_free_notice,
    years_of,
)
from app.city.schema import tell
from app.city.tree import district_name
from app.city.work import CLERK, DAYS_TO_ACCEPT, DAYS_TO_PAY, DAYS_TO_SETTLE, district_state, filed_at
from app.models import ProtectionYear
from app.rules.enrolment import EnrolmentKind
from app.rules.fees import Amounts
from app.rules.settlement import DistrictBatchStatus, VoucherStatus, voucher_due_on
from app.services.demo_files import voucher_pdf
from app.services.documents import district_facts, district_notice_number

PART = "filings"

FILED = """
    SELECT b.year, b.district_id, b.plan,
           sum(b.headcount), coalesce(sum(b.headcount) FILTER (WHERE b.channel = 'member_card'), 0),
           sum(b.fee), sum(b.municipal_share), sum(b.district_share), sum(b.grassroots_share)
      FROM enrolment_batch AS b
     WHERE b.district_batch_id IS NOT NULL
        OR b.id IN (SELECT object_id FROM event WHERE object_kind = 'enrolment_batch' AND action = 'bounce')
     GROUP BY b.year, b.district_id, b.plan
     ORDER BY b.year, b.district_id, b.plan
"""

HEAD = (
    "id", "number", "year", "kind", "status", "headcount", "headcount_member_card", "headcount_social_card", "fee",
    "municipal_share", "district_share", "grassroots_share", "owed", "handler_name", "handler_phone", "handler_email",
    "submitted_by", "submitted_at", "updated_at", "decided_by", "decided_at", "accepted_at", "voucher_due_on",
    "reject_reason", "reject_text", "settled_at", "union_id", "second_id", "district_id",
)  # fmt: skip
LINE = ("district_batch_id", "plan", "headcount", "fee", "owed")
VOUCHER = (
    "id", "district_batch_id", "title", "file_id", "amount", "paid_on", "status", "uploaded_by", "uploaded_at",
    "decided_by", "decided_at", "union_id", "second_id", "district_id",
)  # fmt: skip
FILE = ("id", "name", "media_type", "size", "sha256", "content", "stored_at")

REJECT_REASON, REJECT_TEXT = "handler_unreachable", "经办人电话无法接通，请更正后重新提交。"


@dataclass(slots=True)
class Filing:
    """What one district filed for one year; ``lines`` are people and fee, owed, by plan."""

    year: int
    district: int
    status: DistrictBatchStatus
    people: int
    member_card: int
    amounts: Amounts
    lines: dict[str, tuple[int, Decimal, Decimal]]

    @property
    def owed(self) -> Decimal:
        return self.amounts.district + self.amounts.grassroots


def make_filings(connection: ledger.Connection, layout: Layout) -> None:
    """All district batches with what belongs to them, in one transaction."""
    with connection.transaction():
        if not ledger.claim(connection, PART):
            return
        writer = _Writer(layout, years_of(connection))
        for filing in _filings(connection, layout):
            writer.write(filing)
        for table, columns, lines in (
            ("district_batch", HEAD, writer.heads),
            ("district_batch_plan", LINE, writer.lines),
            ("stored_file", FILE, writer.files),
            ("payment_voucher", VOUCHER, writer.vouchers),
            ("notice", NOTICE, writer.notices),
            ("notice_version", NOTICE_VERSION, writer.versions),
            ("event", EVENT, writer.events),
        ):
            copy_lines(connection, table, columns, lines)
            if table in ("notice", "notice_version", "event"):  # the others' triggers tell by themselves
                tell(connection, table, len(lines), PART)
        ledger.finish(connection, PART)


def _filings(connection: ledger.Connection, layout: Layout) -> Iterator[Filing]:
    found: dict[tuple[int, int], Filing] = {}
    for year, district_id, plan, people, member_card, *shares in connection.execute(FILED):
        district = district_id - layout.district_id(0)
        status = district_state(layout.plan, year, district)
        assert status is not None
        amounts = Amounts(*shares)
        filing = found.get((year, district))
        if filing is None:
            zero = Decimal("0.00")
            filing = Filing(year, district, status, 0, 0, Amounts(zero, zero, zero, zero), {})
            found[year, district] = filing
        filing.people += people
        filing.member_card += member_card
        before = filing.amounts
        filing.amounts = Amounts(
            before.fee + amounts.fee,
            before.municipal + amounts.municipal,
            before.district + amounts.district,
            before.grassroots + amounts.grassroots,
        )
        filing.lines[plan] = (people, amounts.fee, amounts.district + amounts.grassroots)
    yield from found.values()


class _Writer:
    def __init__(self, layout: Layout, years: Mapping[int, ProtectionYear]) -> None:
        self._layout = layout
        self._years = years
        self._next_event = first_free_event(layout)
        self._next_notice = first_free_notice(layout)
        self.heads: list[str] = []
        self.lines: list[str] = []
        self.files: list[str] = []
        self.vouchers: list[str] = []
        self.notices: list[str] = []
        self.versions: list[str] = []
        self.events: list[str] = []

    def write(self, filing: Filing) -> None:
        layout, plan = self._layout, self._layout.plan
        status, year = filing.status, self._years[filing.year]
        id_ = district_batch_id(layout, filing.year, filing.district)
        number = f"CB{filing.year}{id_:08d}"
        by, home = layout.district_account(filing.district), layout.district_id(filing.district)
        filed, decided, paid, settled = (
            filed_at(plan, filing.year, days) for days in (0, DAYS_TO_ACCEPT, DAYS_TO_PAY, DAYS_TO_SETTLE)
        )
        settled += timedelta(minutes=1)
        rejected = status is DistrictBatchStatus.REJECTED
        is_decided = status is not DistrictBatchStatus.CENTRE_REVIEW
        accepted = decided if is_decided and not rejected else None
        is_settled = status is DistrictBatchStatus.COMPLETED
        has_voucher = is_settled or status is DistrictBatchStatus.VOUCHER_REVIEW
        last = settled if is_settled else paid if has_voucher else decided if is_decided else filed
        amounts = filing.amounts
        self.heads.append(row((
            id_, number, filing.year, EnrolmentKind.COLLECTIVE, status, filing.people, filing.member_card,
            filing.people - filing.member_card, amounts.fee, amounts.municipal, amounts.district, amounts.grassroots,
            filing.owed, "经办老师", "13900000000", "handler@haicheng.example", by, instant(filed), instant(last),
            CLERK if is_decided else None, instant(decided if is_decided else None), instant(accepted),
            voucher_due_on(accepted, year.voucher_due_days) if accepted else None,
            REJECT_REASON if rejected else None, REJECT_TEXT if rejected else "",
            instant(settled if is_settled else None), home, None, home,
        )))  # fmt: skip
        for of_plan, (people, fee, owed) in filing.lines.items():
            self.lines.append(row((id_, of_plan, people, fee, owed)))
        self._write_notice(filing, number, id_, by, home, filed)
        facts: dict[str, object] = {"headcount": filing.people, "owed": str(filing.owed)}
        review = DistrictBatchStatus.CENTRE_REVIEW
        self._log(id_, home, "submit", None, review, filed, by, facts)
        if rejected:
            self._log(id_, home, "reject", review, status, decided, CLERK, {}, REJECT_REASON)
        if accepted:
            self._log(id_, home, "accept", review, DistrictBatchStatus.AWAITING_PAYMENT, accepted, CLERK, {})
        if has_voucher:
            self._write_voucher(filing, number, id_, by, home, paid, settled if is_settled else None)

    def _write_voucher(
        self,
        filing: Filing,
        number: str,
        id_: int,
        by: int,
        home: int,
        paid: datetime,
        settled: datetime | None,
    ) -> None:
        voucher, content = len(self.vouchers) + 1, voucher_pdf(number, filing.owed)
        digest = hashlib.sha256(content).hexdigest()
        self.files.append(
            row(
                (
                    voucher,
                    "贷记凭证.pdf",
                    "application/pdf",
                    len(content),
                    digest,
                    bytea(content),
                    instant(paid),
                )
            )
        )
        status = VoucherStatus.SETTLED if settled else VoucherStatus.UNDER_REVIEW
        self.vouchers.append(row((
            voucher, id_, f"{filing.year}年度集中参保缴费", voucher, filing.owed, paid.date(), status, by,
            instant(paid), CLERK if settled else None, instant(settled), home, None, home,
        )))  # fmt: skip
        waiting, review = DistrictBatchStatus.AWAITING_PAYMENT, DistrictBatchStatus.VOUCHER_REVIEW
        facts: dict[str, object] = {"voucher": voucher, "amount": str(filing.owed)}
        self._log(id_, home, "upload_voucher", waiting, review, paid, by, facts)
        if settled:
            self._log(
                id_,
                home,
                "settle",
                review,
                DistrictBatchStatus.COMPLETED,
                settled,
                CLERK,
                {"voucher": voucher},
            )

    def _write_notice(
        self, filing: Filing, number: str, id_: int, by: int, home: int, filed: datetime
    ) -> None:
        notice_number, notice = district_notice_number(number), self._next_notice
        self._next_notice += 1
        code = check_code(self._layout, notice_number)
        self.notices.append(
            row((notice, notice_number, "district", filing.year, id_, code, home, None, home))
        )
        by_plan = {plan: people for plan, (people, _, _) in filing.lines.items()}
        facts = district_facts(
            district_name(filing.district), self._years[filing.year], by_plan, filing.amounts, filed
        )
        facts |= {"document_number": notice_number, "version": 1}
        self.versions.append(row((notice, 1, None, json_text(facts), by, instant(filed))))

    def _log(
        self, id_: int, home: int, action: str, source: DistrictBatchStatus | None, target: DistrictBatchStatus,
        at: datetime, by: int, facts: Mapping[str, object], reason: str | None = None,
    ) -> None:  # fmt: skip
        self.events.append(row((
            self._next_event, "district_batch", id_, home, None, home, instant(at), by, actor_name(self._layout, by),
            action, source, target, reason, json_text(facts),
        )))  # fmt: skip
        self._next_event += 1
