"""The rows that members and batches become, as the services would write them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from psycopg.rows import dict_row

from app.city.ledger import Connection
from app.city.lines import NULL, bytea, instant, json_text, row
from app.city.people import KIND_EMPLOYED, Member, Register, day_text, midnight_text
from app.city.plan import Layout
from app.city.tree import union_name
from app.city.work import BATCHES_OF_A_UNION, STEPS, Batch, Move, Step, batches_of
from app.models import ProtectionYear
from app.rules.enrolment import (
    LIVE_BATCHES,
    BatchStatus,
    Channel,
    EnrolmentKind,
    EnrolmentStatus,
    LapseReason,
    Term,
)
from app.rules.fees import NOTHING, Amounts
from app.rules.person import number_hash, person_key
from app.sealing import KeyRing, Purpose
from app.security.actor import SYSTEM
from app.services.documents import grassroots_facts, grassroots_notice_number

MEMBER = (
    "id", "member_no", "employer_id", "kind", "name", "id_type", "id_number", "id_number_hash", "person_key",
    "id_expires_on", "id_never_expires", "phone", "sex", "birth_date", "retirement_class", "tag", "work_address",
    "joined_on", "employment_status", "social_card_status", "status_checked_on", "card_status", "card_no",
    "card_issued_on", "created_at", "updated_at", "union_id", "second_id", "district_id",
)  # fmt: skip
BATCH = (
    "id", "number", "year", "channel", "kind", "plan", "term", "status", "headcount", "unit_fee", "unit_municipal",
    "unit_district", "unit_grassroots", "fee", "municipal_share", "district_share", "grassroots_share", "cover_start",
    "cover_end", "pay_by", "submitted_by", "submitted_at", "updated_at", "reviewed_level", "decided_by", "decided_at",
    "return_reason", "lapsed_why", "district_batch_id", "union_id", "second_id", "district_id",
)  # fmt: skip
ENROLMENT = (
    "year", "batch_id", "member_id", "person_key", "channel", "status", "cover_start", "cover_end", "union_id",
    "second_id", "district_id",
)  # fmt: skip
EVENT = (
    "id", "object_kind", "object_id", "union_id", "second_id", "district_id", "at", "actor_id", "actor_name", "action",
    "from_state", "to_state", "reason_code", "facts",
)  # fmt: skip
NOTICE = (
    "id",
    "number",
    "kind",
    "year",
    "district_batch_id",
    "check_code",
    "union_id",
    "second_id",
    "district_id",
)
NOTICE_VERSION = ("notice_id", "version", "batch_id", "facts", "issued_by", "issued_at")
PAYMENT = (
    "batch_id",
    "amount",
    "paid_on",
    "recorded_by",
    "recorded_at",
    "union_id",
    "second_id",
    "district_id",
)

COLUMNS: Mapping[str, Sequence[str]] = {
    "member": MEMBER,
    "member_count": ("union_id", "members", "employed"),
    "enrolment": ENROLMENT,
    "enrolment_batch": BATCH,
    "plan_choice": ("union_id", "year", "plan"),
    "grassroots_payment": PAYMENT,
    "event": EVENT,
    "notice": NOTICE,
    "notice_version": NOTICE_VERSION,
}
"""What each table's lines hold. ``enrolment`` goes by partition: its lines stand under ``enrolment_YEAR``."""

EVENTS_BEFORE = 10_000
"""Left to the events of years and fees, which the services write."""
FIRST_MEMBER_NO = 70_000_001
RETURN_REASONS = ("wrong_list", "retired_included", "left_included", "wrong_plan")


def years_of(connection: Connection) -> dict[int, ProtectionYear]:
    """The protection years as they were made; the notices say their texts."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute("SELECT * FROM protection_year").fetchall()
    return {found["year"]: ProtectionYear(**found) for found in rows}


def batch_id(layout: Layout, year: int, place: int, slot: int) -> int:
    """A union's batches of a year have numbers of their own, so no part waits for another's."""
    before = (year - layout.plan.years[0]) * layout.plan.unions + place
    return before * BATCHES_OF_A_UNION + slot + 1


def event_id(layout: Layout, year: int, step: Step, place: int, slot: int) -> int:
    """Through the city in the order of years and of their steps."""
    before = ((year - layout.plan.years[0]) * STEPS + step.value) * layout.plan.unions + place
    return EVENTS_BEFORE + before * BATCHES_OF_A_UNION + slot + 1


def first_free_event(layout: Layout) -> int:
    return EVENTS_BEFORE + len(layout.plan.years) * STEPS * layout.plan.unions * BATCHES_OF_A_UNION + 1


def district_batch_id(layout: Layout, year: int, district: int) -> int:
    return (year - layout.plan.years[0]) * layout.districts + district + 1


def notice_id(layout: Layout, year: int, place: int) -> int:
    return (year - layout.plan.years[0]) * layout.plan.unions + place + 1


def first_free_notice(layout: Layout) -> int:
    return len(layout.plan.years) * layout.plan.unions + 1


def status_of_people(layout: Layout, batch: Batch) -> EnrolmentStatus:
    if batch.status in (BatchStatus.RETURNED, BatchStatus.LAPSED):
        return EnrolmentStatus.VOID
    if batch.status is not BatchStatus.COMPLETED:
        return EnrolmentStatus.PENDING
    # Cover that is over has ended.
    return EnrolmentStatus.ENDED if batch.year < layout.plan.today.year else EnrolmentStatus.ACTIVE


class Writer:
    """Makes the lines of whole unions. The same union gives the same lines, but for the nonces of sealed numbers."""

    def __init__(
        self,
        layout: Layout,
        register: Register,
        years: Mapping[int, ProtectionYear],
        ring: KeyRing,
        secret: bytes,
    ) -> None:
        self._layout = layout
        self._register = register
        self._years = years
        self._ring = ring
        self._secret = secret

    def lines_of(self, places: Iterable[int]) -> dict[str, list[str]]:
        """The lines of these unions by table."""
        lines: dict[str, list[str]] = {table: [] for table in COLUMNS if table != "enrolment"}
        lines |= {f"enrolment_{year}": [] for year in self._layout.plan.years}
        for place in places:
            self._write_union(lines, place)
        return lines

    def _write_union(self, lines: dict[str, list[str]], place: int) -> None:
        layout = self._layout
        second = layout.second[place]
        scope = "\t".join((
            str(layout.union_id(place)),
            NULL if second < 0 else str(layout.second_id(second)),
            str(layout.district_id(layout.district[place])),
        ))  # fmt: skip
        first, size = layout.first_member[place], layout.sizes[place]
        members = [self._register.member(number) for number in range(first, first + size)]
        people = {
            member.number: self._write_member(lines["member"], member, place, scope) for member in members
        }
        employed = sum(member.kind == KIND_EMPLOYED for member in members)
        lines["member_count"].append(row((layout.union_id(place), size, employed)))
        batches = list(batches_of(layout, place, members))
        for batch in batches:
            self._write_batch(lines, batch, place, scope, people)
        self._write_notices(lines, batches, place, scope)

    def _write_member(self, lines: list[str], member: Member, place: int, scope: str) -> str:
        """Answers the person's key as COPY takes it."""
        layout = self._layout
        secret, id_type, number = self._secret, member.id_type, member.id_number
        person = bytea(person_key(id_type, number, secret))
        employer = layout.first_employer[place] + member.luck % layout.employers[place] + 1
        checked = NULL if member.employment == "unknown" else day_text(layout.plan.today.toordinal() - 100)
        joined = midnight_text(member.joined)
        lines.append(
            f"{member.number + 1}\t{FIRST_MEMBER_NO + member.number:010d}\t{employer}\t{member.kind}\t{member.name}\t"
            f"{id_type}\t{bytea(self._ring.seal(number.encode(), Purpose.ID_NUMBER))}\t"
            f"{bytea(number_hash(id_type, number, secret))}\t{person}\t{member.id_expires_on or NULL}\t"
            f"{'t' if member.id_never_expires else 'f'}\t{member.phone}\t{member.sex}\t{member.birth}\t"
            f"{member.retirement_class or NULL}\t{member.tag}\t{member.work_address}\t{day_text(member.joined)}\t"
            f"{member.employment}\t{member.social_card}\t{checked}\t{member.card}\t{member.card_no or NULL}\t"
            f"{day_text(member.card_issued) or NULL}\t{joined}\t{joined}\t{scope}"
        )
        return person

    def _write_batch(
        self, lines: dict[str, list[str]], batch: Batch, place: int, scope: str, people: Mapping[int, str]
    ) -> None:
        layout, year = self._layout, self._years[batch.year]
        id_ = batch_id(layout, batch.year, place, batch.slot)
        status, amounts = batch.status, batch.unit.times(len(batch.people))
        decided = next((move for move in batch.moves if move.action in ("approve", "return")), None)
        level = None if decided is None else "district" if layout.second[place] < 0 else "second"
        filed = status in (BatchStatus.FORWARDED, BatchStatus.COMPLETED)
        lines["enrolment_batch"].append(row((
            id_, f"JC{batch.year}{id_:08d}", batch.year, batch.channel, EnrolmentKind.COLLECTIVE, batch.plan, Term.FULL,
            status, len(batch.people), *_shares(batch.unit), *_shares(amounts), year.cover_start, year.cover_end,
            year.grassroots_payment_due.isoformat(), layout.operator_account(place), instant(batch.submitted_at),
            instant(batch.moves[-1].at), level, decided.by if decided else None,
            instant(decided.at if decided else None), _reason(place) if status is BatchStatus.RETURNED else None,
            LapseReason.UNPAID if status is BatchStatus.LAPSED else None,
            district_batch_id(layout, batch.year, layout.district[place]) if filed else None, scope,
        )))  # fmt: skip
        if status in LIVE_BATCHES:
            choice = row((layout.union_id(place), batch.year, batch.plan))
            if choice not in lines["plan_choice"][-3:]:
                lines["plan_choice"].append(choice)
        rest = f"{batch.channel}\t{status_of_people(layout, batch)}\t{year.cover_start}\t{year.cover_end}\t{scope}"
        lines[f"enrolment_{batch.year}"] += [
            f"{batch.year}\t{id_}\t{member.number + 1}\t{people[member.number]}\t{rest}"
            for member in batch.people
        ]
        for move in batch.moves:
            lines["event"].append(self._event(batch, move, id_, place, scope))
            if move.step is Step.PAY:
                lines["grassroots_payment"].append(
                    row((id_, amounts.grassroots, _day(move), move.by, instant(move.at), scope))
                )

    def _event(self, batch: Batch, move: Move, id_: int, place: int, scope: str) -> str:
        facts: dict[str, object] = {}
        reason = None
        if move.action == "submit":
            facts = {"headcount": len(batch.people), "plan": batch.plan, "channel": batch.channel}
        elif move.action == "return":
            reason, facts = _reason(place), {"marked": 0}
        elif move.action == "lapse":
            reason = LapseReason.UNPAID.value
        elif move.step is Step.PAY:
            amount = batch.unit.times(len(batch.people)).grassroots
            facts = {"amount": str(amount), "paid_on": _day(move).isoformat()}
        number = event_id(self._layout, batch.year, move.step, place, batch.slot)
        return row((
            number, "enrolment_batch", id_, scope, instant(move.at), move.by, actor_name(self._layout, move.by),
            move.action, move.source, move.target, reason, json_text(facts),
        ))  # fmt: skip

    def _write_notices(
        self, lines: dict[str, list[str]], batches: Sequence[Batch], place: int, scope: str
    ) -> None:
        layout = self._layout
        union_id, operator = layout.union_id(place), layout.operator_account(place)
        for year in layout.plan.years:
            of_year = [batch for batch in batches if batch.year == year]
            if not of_year:
                continue
            number, id_ = grassroots_notice_number(year, union_id), notice_id(layout, year, place)
            lines["notice"].append(
                row((id_, number, "grassroots", year, None, check_code(layout, number), scope))
            )
            for version, batch in enumerate(of_year, start=1):
                people, amounts = _live_until(of_year[:version], batch)
                facts = grassroots_facts(
                    union_name(place), self._years[year], batch.plan, people, amounts, batch.submitted_at
                ) | {"document_number": number, "version": version}
                id_of_batch = batch_id(layout, year, place, batch.slot)
                lines["notice_version"].append(
                    row((id_, version, id_of_batch, json_text(facts), operator, instant(batch.submitted_at)))
                )


def _live_until(batches: Sequence[Batch], until: Batch) -> tuple[dict[Channel, int], Amounts]:
    """Everyone in batches that lived when the last of them was submitted."""
    people: dict[Channel, int] = {}
    total = NOTHING
    for batch in batches:
        ended = batch.status in (BatchStatus.RETURNED, BatchStatus.LAPSED)
        if ended and batch.moves[-1].step.value <= until.moves[0].step.value:
            continue
        people[batch.channel] = people.get(batch.channel, 0) + len(batch.people)
        total = _sum(total, batch.unit.times(len(batch.people)))
    return people, total


def _sum(one: Amounts, other: Amounts) -> Amounts:
    return Amounts(
        one.fee + other.fee,
        one.municipal + other.municipal,
        one.district + other.district,
        one.grassroots + other.grassroots,
    )


def _shares(amounts: Amounts) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    return amounts.fee, amounts.municipal, amounts.district, amounts.grassroots


def actor_name(layout: Layout, account: int | None) -> str:
    """What the log calls whoever acted."""
    if account is None:
        return SYSTEM.name
    if account < layout.district_account(0):
        return "职保中心经办人"
    if account < layout.second_account(0):
        return "区局审核员"
    return "二级工会审核员" if account < layout.operator_account(0) else "基层经办人"


def check_code(layout: Layout, number: str) -> str:
    """Repeatable, unlike the product's own: this city is for measuring, and nobody holds its papers."""
    return hashlib.blake2b(f"{layout.plan.seed} {number}".encode(), digest_size=8).hexdigest()


def _reason(place: int) -> str:
    return RETURN_REASONS[place % len(RETURN_REASONS)]


def _day(move: Move) -> date:
    return move.at.date()
