"""What a union of the city has done: the batches of each year, and how far each has come.

Settled years are alike; in the current one every district stands at a step of its own, so that every state is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum

from app.city.fees import unit_amounts
from app.city.people import Member, channel_of
from app.city.plan import CityPlan, Layout
from app.clock import SHANGHAI
from app.rules.enrolment import BatchAction, BatchStatus, Channel
from app.rules.fees import Amounts
from app.rules.settlement import DistrictBatchStatus

CHANNELS = (Channel.MEMBER_CARD, Channel.SOCIAL_CARD)
BATCHES_OF_A_UNION = 4
"""Numbers that a union has for its batches of a year; it needs no more than three."""
FULL = 65_536


class Step(Enum):
    """When in a year something happens, in the order of the log."""

    SUBMIT = 0
    RETURN = 1
    SUBMIT_AGAIN = 2
    DECIDE = 3
    PAY = 4
    FILE = 5
    SETTLE = 6


STEPS = len(Step)


class Fate(Enum):
    """How far the batches of one union and year have come."""

    SETTLED = "settled"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    FILED = "filed"
    BOUNCED = "bounced"
    RETURNED = "returned"
    RETURNED_AND_AGAIN = "returned and again"
    LAPSED = "lapsed"


DISTRICT_STATES = (
    None,
    DistrictBatchStatus.COMPLETED,
    DistrictBatchStatus.AWAITING_PAYMENT,
    DistrictBatchStatus.VOUCHER_REVIEW,
    DistrictBatchStatus.CENTRE_REVIEW,
    DistrictBatchStatus.REJECTED,
)
"""Where the districts' filings of the current year stand, in turn; ``None``: nothing is filed yet."""


@dataclass(slots=True)
class Move:
    """One event of a batch's life."""

    step: Step
    action: str
    source: BatchStatus | None
    target: BatchStatus
    at: datetime
    by: int | None
    """The account; ``None`` is the scheduler."""


@dataclass(slots=True)
class Batch:
    """A batch of one union; ``slot`` is its place among the union's batches of the year."""

    year: int
    slot: int
    channel: Channel
    plan: str
    unit: Amounts
    people: Sequence[Member]
    moves: list[Move]

    @property
    def status(self) -> BatchStatus:
        return self.moves[-1].target

    @property
    def submitted_at(self) -> datetime:
        return self.moves[0].at

    def move(self, step: Step, action: str, target: BatchStatus, at: datetime, by: int | None) -> None:
        self.moves.append(Move(step, action, self.status, target, at, by))


def district_state(plan: CityPlan, year: int, district: int) -> DistrictBatchStatus | None:
    """Where a district's filing of a year stands."""
    if year < plan.current_year:
        return DistrictBatchStatus.COMPLETED
    return DISTRICT_STATES[district % len(DISTRICT_STATES)]


def filed_at(plan: CityPlan, year: int, days_later: int = 0) -> datetime:
    """When the districts filed, or so many days later."""
    if year < plan.current_year:
        return datetime.combine(date(year - 1, 12, 27), time(10), SHANGHAI) + timedelta(days=days_later)
    return plan.ago(9 - days_later)


def batches_of(layout: Layout, place: int, members: Sequence[Member]) -> Iterator[Batch]:
    """All batches of a grassroots union, year by year, in the order of their first submit."""
    plan = layout.plan
    for year in plan.years:
        dice = plan.dice(f"union in {year}", place)
        fate = _fate(layout, place, year, dice)
        if fate is not None:
            yield from _of_year(layout, place, year, fate, dice, members)


def _fate(layout: Layout, place: int, year: int, dice: Sequence[int]) -> Fate | None:
    """``None``: the union hasn't submitted. The first union always has."""
    plan, district = layout.plan, layout.district[place]
    if year < plan.current_year:
        return Fate.SETTLED if dice[0] < FULL * 93 // 100 or place == 0 else None
    eager = 35 + plan.dice("eager", district)[0] % 41
    if dice[0] * 100 >= FULL * eager and place != 0:
        return None
    state = district_state(plan, year, district)
    filed = Fate.BOUNCED if state is DistrictBatchStatus.REJECTED else Fate.FILED
    if place == 0:
        return filed if state else Fate.SUBMITTED
    roll = dice[1] % 100
    others = (
        (Fate.SUBMITTED, 40 if state is None else 14),
        (Fate.APPROVED, 45 if state is None else 10),
        (Fate.RETURNED, 5),
        (Fate.RETURNED_AND_AGAIN, 4),
        (Fate.LAPSED, 2),
    )
    for fate, share in others:
        if roll < share:
            return fate
        roll -= share
    return filed if state else Fate.APPROVED


def _of_year(
    layout: Layout, place: int, year: int, fate: Fate, dice: Sequence[int], members: Sequence[Member]
) -> Iterator[Batch]:
    plan, district = layout.plan, layout.district[place]
    code = "A" if plan.dice("plan of", place)[0] < FULL * 85 // 100 else "B"
    unit = unit_amounts(code, layout.is_central(district), layout.splits_fees(district))
    begun = _submitted_at(plan, year, dice)
    again = dice[3] % 100 < 12 and fate not in (Fate.RETURNED, Fate.RETURNED_AND_AGAIN)
    drafts = []
    for slot, (channel, people) in enumerate(_lists(plan, year, members, again)):
        at = begun + timedelta(days=slot)
        operator = layout.operator_account(place)
        if people:
            submit = Move(Step.SUBMIT, BatchAction.SUBMIT, None, BatchStatus.SUBMITTED, at, operator)
            drafts.append(Batch(year, slot, channel, code, unit, people, [submit]))
    returned = fate in (Fate.RETURNED, Fate.RETURNED_AND_AGAIN)
    for at_list, batch in enumerate(drafts):
        _go_on(layout, place, batch, Fate.RETURNED if returned and at_list == 0 else _others_fate(fate))
    yield from drafts
    if drafts and fate is Fate.RETURNED_AND_AGAIN:
        first = drafts[0]
        resubmit = Move(
            Step.SUBMIT_AGAIN, BatchAction.SUBMIT, None, BatchStatus.SUBMITTED, plan.ago(12, dice[4] % 3_600),
            layout.operator_account(place),
        )  # fmt: skip
        yield Batch(year, 3, first.channel, code, unit, first.people, [resubmit])


def _others_fate(fate: Fate) -> Fate:
    """Of a union's batches one is returned; the others wait."""
    return Fate.SUBMITTED if fate in (Fate.RETURNED, Fate.RETURNED_AND_AGAIN) else fate


def _lists(
    plan: CityPlan, year: int, members: Sequence[Member], again: bool
) -> list[tuple[Channel, list[Member]]]:
    """Whom the union submits: with member card, with social card, and some of the former once more later on."""
    start = date(year, 1, 1).toordinal()
    current = year == plan.current_year
    by_channel: tuple[list[Member], list[Member]] = ([], [])
    for member in members:
        channel = channel_of(member, start, current)
        # Some aren't ticked, or came too late.
        if channel is not None and (member.luck * 31 + year * 7_001) % 100 >= (5, 35)[channel]:
            by_channel[channel].append(member)
    lists = [(channel, people) for channel, people in zip(CHANNELS, by_channel, strict=True)]
    if again and len(by_channel[0]) > 20:
        late = by_channel[0][-len(by_channel[0]) // 12 :]
        del by_channel[0][-len(late) :]
        lists.append((Channel.MEMBER_CARD, late))
    return lists


def _submitted_at(plan: CityPlan, year: int, dice: Sequence[int]) -> datetime:
    if year < plan.current_year:
        begun = datetime.combine(date(year - 1, 11, 2), time(9), SHANGHAI)
        return begun + timedelta(days=dice[2] % 40, seconds=dice[4] % 30_000)
    return plan.ago(40 + dice[2] % 14, dice[4] % 10_000)


def _go_on(layout: Layout, place: int, batch: Batch, fate: Fate) -> None:
    """From the submit to where the batch stands now."""
    plan, year = layout.plan, batch.year
    second, district = layout.second[place], layout.district[place]
    reviewer = layout.second_account(second) if second >= 0 else layout.district_account(district)
    current = year == plan.current_year
    jitter = place % 3_000
    if fate is Fate.SUBMITTED:
        return
    if fate is Fate.RETURNED:
        batch.move(Step.RETURN, BatchAction.RETURN, BatchStatus.RETURNED, plan.ago(14, jitter), reviewer)
        return
    if fate is Fate.LAPSED:
        batch.move(Step.DECIDE, BatchAction.LAPSE, BatchStatus.LAPSED, plan.ago(13, jitter), None)
        return
    decided = plan.ago(15, jitter) if current else batch.submitted_at + timedelta(days=2, hours=1)
    batch.move(Step.DECIDE, BatchAction.APPROVE, BatchStatus.APPROVED, decided, reviewer)
    if fate is Fate.APPROVED:
        return
    if batch.unit.grassroots:
        paid = decided + timedelta(days=1)
        batch.move(Step.PAY, "record_payment", BatchStatus.APPROVED, paid, layout.district_account(district))
    batch.move(
        Step.FILE, BatchAction.FORWARD, BatchStatus.FORWARDED, filed_at(plan, year),
        layout.district_account(district),
    )  # fmt: skip
    if fate is Fate.BOUNCED:
        at = filed_at(plan, year, DAYS_TO_ACCEPT)
        batch.move(Step.SETTLE, BatchAction.BOUNCE, BatchStatus.APPROVED, at, CLERK)
    elif district_state(plan, year, district) is DistrictBatchStatus.COMPLETED:
        at = filed_at(plan, year, DAYS_TO_SETTLE)
        batch.move(Step.SETTLE, BatchAction.SETTLE, BatchStatus.COMPLETED, at, CLERK)


DAYS_TO_ACCEPT, DAYS_TO_PAY, DAYS_TO_SETTLE = 2, 5, 7
CLERK = 6
"""The account of the centre's clerk: the sixth of the listed ones."""
