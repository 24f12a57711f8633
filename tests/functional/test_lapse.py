"""States × boundaries: what lapses at the end of paying, filing and filing again, and what an extension spares."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.models import (
    Enrolment,
    EnrolmentBatch,
    Event,
    EventObject,
    GrassrootsPayment,
    PlanChoice,
    ProtectionYear,
    Union,
    WindowExtension,
)
from app.queries.check import find_lies
from app.rules.boundaries import PAYMENT_DUE, REFILING_DUE, Boundary, closes, extension_ends
from app.rules.enrolment import BatchAction, BatchStatus, EnrolmentStatus, LapseReason
from app.rules.settlement import DistrictBatchStatus
from app.rules.violations import RuleViolation
from app.rules.years import WindowName
from app.security.actor import SYSTEM, Actor
from app.security.roles import Role
from app.services.events import scope_of
from app.services.lapse import Lapsed, lapse_unfiled
from app.services.payments import record_payment, record_payments, withdraw_payment
from app.services.review import approve_batches
from app.services.settlement import reject_district_batch
from scheduler.runs import POSITIONS, run_year_boundary
from scheduler.timetable import YEAR
from tests.factories import Tree, actor_of_role
from tests.factories.batches import (
    REVIEWING,
    bring_to,
    make_batch,
    make_filed,
    make_owing,
)
from tests.factories.years import at, make_year

S = BatchStatus
PAY_BY, FILE_BY = at("2024-12-26"), at("2025-01-01")


def reach(name: str, instant: datetime) -> None:
    """The scheduler comes to a boundary of the year 2025."""
    assert run_year_boundary(YEAR[POSITIONS[name]], Boundary(name, 2025, instant))


def pay_by() -> None:
    reach(PAYMENT_DUE, PAY_BY)


def file_by() -> None:
    reach(closes(WindowName.DISTRICT_SUBMIT), FILE_BY)


def extend(session: Session, union: Union, window: WindowName, until: datetime) -> None:
    session.add(
        WindowExtension(
            year=2025,
            window=window,
            opens_at=at("2024-12-20"),
            closes_at=until,
            reason="系统故障",
            granted_at=at("2024-12-20"),
            **scope_of(union),
        )
    )
    session.flush()


def state(session: Session, batch: EnrolmentBatch) -> tuple[BatchStatus, LapseReason | None]:
    session.refresh(batch)
    return batch.status, batch.lapsed_why


class TestThePaymentDate:
    @pytest.mark.parametrize("approved", [False, True])
    def test_what_a_union_owes_and_nobody_saw_paid_lapses(
        self, session: Session, tree: Tree, reviewer: Actor, approved: bool
    ) -> None:
        batch = make_owing(session, tree.grassroots)
        if approved:
            approve_batches(session, reviewer, batch_ids=[batch.id], now=REVIEWING)
        pay_by()
        assert state(session, batch) == (S.LAPSED, LapseReason.UNPAID)
        people = session.scalars(select(Enrolment.status).where(Enrolment.batch_id == batch.id)).all()
        assert set(people) == {EnrolmentStatus.VOID}
        assert session.get(PlanChoice, (tree.grassroots.id, 2025)) is None
        log = select(Event).where(
            Event.object_kind == EventObject.ENROLMENT_BATCH, Event.object_id == batch.id
        )
        last = session.scalars(log.order_by(Event.sequence.desc())).first()
        assert last is not None
        assert (last.action, last.reason_code, last.actor_name) == (BatchAction.LAPSE, "unpaid", "系统")

    def test_who_owes_nothing_stays(self, session: Session, tree: Tree) -> None:
        batch = make_batch(session, tree.grassroots)
        pay_by()
        assert state(session, batch) == (S.SUBMITTED, None)

    def test_who_paid_stays(self, session: Session, tree: Tree, reviewer: Actor) -> None:
        batch = make_owing(session, tree.grassroots)
        pay(session, reviewer, batch)
        pay_by()
        assert state(session, batch) == (S.SUBMITTED, None)

    def test_who_may_submit_longer_pays_by_the_end_of_that(self, session: Session, tree: Tree) -> None:
        spared = make_owing(session, tree.grassroots)
        hit = make_owing(session, tree.straight)
        extend(session, tree.second, WindowName.GRASSROOTS_SUBMIT, at("2024-12-28"))
        pay_by()
        assert (state(session, spared)[0], state(session, hit)[0]) == (S.SUBMITTED, S.LAPSED)
        reach(extension_ends(WindowName.GRASSROOTS_SUBMIT), at("2024-12-28"))
        assert state(session, spared) == (S.LAPSED, LapseReason.UNPAID)

    def test_an_extension_of_another_window_does_not_postpone_it(self, session: Session, tree: Tree) -> None:
        batch = make_owing(session, tree.grassroots)
        extend(session, tree.district, WindowName.DISTRICT_SUBMIT, at("2025-01-10"))
        pay_by()
        assert state(session, batch) == (S.LAPSED, LapseReason.UNPAID)

    def test_what_was_submitted_after_it_is_due_when_submitting_ends(
        self, session: Session, tree: Tree
    ) -> None:
        session.execute(update(ProtectionYear).values(grassroots_payment_due=at("2024-12-10")))
        late = make_owing(session, tree.grassroots, now=at("2024-12-10"))
        reach(PAYMENT_DUE, at("2024-12-10"))
        assert state(session, late) == (S.SUBMITTED, None)
        reach(closes(WindowName.GRASSROOTS_SUBMIT), PAY_BY)
        assert state(session, late) == (S.LAPSED, LapseReason.UNPAID)


class TestTheEndOfFiling:
    @pytest.mark.parametrize("approved", [False, True])
    def test_what_was_not_filed_lapses(
        self, session: Session, tree: Tree, reviewer: Actor, approved: bool
    ) -> None:
        batch = make_batch(session, tree.grassroots)
        if approved:
            approve_batches(session, reviewer, batch_ids=[batch.id], now=REVIEWING)
        file_by()
        assert state(session, batch) == (S.LAPSED, LapseReason.UNFILED)
        assert find_lies(session) == []

    def test_what_came_back_from_the_centre_and_was_not_filed_again_lapses_for_that(
        self, session: Session, tree: Tree
    ) -> None:
        filed = make_filed(session, tree.district, tree.grassroots)
        bring_to(session, tree, filed, DistrictBatchStatus.REJECTED)
        (batch,) = session.scalars(select(EnrolmentBatch)).all()
        file_by()
        assert state(session, batch) == (S.LAPSED, LapseReason.REJECTED)

    @pytest.mark.parametrize(
        "status", [s for s in DistrictBatchStatus if s is not DistrictBatchStatus.REJECTED]
    )
    def test_what_was_filed_stays(self, session: Session, tree: Tree, status: DistrictBatchStatus) -> None:
        filed = make_filed(session, tree.district, tree.grassroots)
        bring_to(session, tree, filed, status)
        file_by()
        (batch,) = session.scalars(select(EnrolmentBatch)).all()
        done = status is DistrictBatchStatus.COMPLETED
        assert state(session, batch) == (S.COMPLETED if done else S.FORWARDED, None)

    @pytest.mark.parametrize("level", ["grassroots", "second", "district"])
    @pytest.mark.parametrize(
        "window", [WindowName.GRASSROOTS_SUBMIT, WindowName.REVIEW, WindowName.DISTRICT_SUBMIT]
    )
    def test_who_has_longer_lapses_at_the_end_of_that(
        self, session: Session, tree: Tree, level: str, window: WindowName
    ) -> None:
        spared, hit = make_batch(session, tree.grassroots), make_batch(session, tree.other_grassroots)
        extend(session, getattr(tree, level), window, at("2025-01-05"))
        file_by()
        assert (state(session, spared)[0], state(session, hit)[0]) == (S.SUBMITTED, S.LAPSED)
        reach(extension_ends(window), at("2025-01-05"))
        assert state(session, spared) == (S.LAPSED, LapseReason.UNFILED)

    def test_of_two_extensions_the_later_counts(self, session: Session, tree: Tree) -> None:
        batch = make_batch(session, tree.grassroots)
        extend(session, tree.district, WindowName.DISTRICT_SUBMIT, at("2025-01-05"))
        extend(session, tree.grassroots, WindowName.DISTRICT_SUBMIT, at("2025-01-09"))
        file_by()
        reach(extension_ends(WindowName.DISTRICT_SUBMIT), at("2025-01-05"))
        assert state(session, batch)[0] is S.SUBMITTED
        reach(extension_ends(WindowName.DISTRICT_SUBMIT), at("2025-01-09"))
        assert state(session, batch)[0] is S.LAPSED

    def test_an_extension_that_ends_before_filing_does_lapses_nothing(
        self, session: Session, tree: Tree
    ) -> None:
        batch = make_batch(session, tree.grassroots)
        extend(session, tree.grassroots, WindowName.REVIEW, at("2024-12-28"))
        reach(extension_ends(WindowName.REVIEW), at("2024-12-28"))
        assert state(session, batch) == (S.SUBMITTED, None)

    def test_other_years_are_left_alone(self, session: Session, tree: Tree) -> None:
        batch = make_batch(session, tree.grassroots)
        make_year(session, 2024)
        line = YEAR[POSITIONS[closes(WindowName.DISTRICT_SUBMIT)]]
        assert run_year_boundary(line, Boundary(line.name, 2024, at("2024-01-01")))
        assert state(session, batch) == (S.SUBMITTED, None)


class TestOneStep:
    def step(self, session: Session, after: int, people: int) -> Lapsed:
        boundary = Boundary(closes(WindowName.DISTRICT_SUBMIT), 2025, FILE_BY)
        return lapse_unfiled(session, SYSTEM, boundary, after=after, people=people, wait=False, now=FILE_BY)

    def test_it_takes_whole_batches_up_to_its_people_and_says_where_the_next_begins(
        self, session: Session, tree: Tree
    ) -> None:
        batches = [make_batch(session, union) for union in (tree.grassroots, tree.sibling, tree.straight)]
        ids = [batch.id for batch in batches]
        assert self.step(session, 0, people=5) == Lapsed({LapseReason.UNFILED: ids[:2]}, 4, ids[1])
        assert [state(session, batch)[0] for batch in batches] == [S.LAPSED, S.LAPSED, S.SUBMITTED]
        assert self.step(session, ids[1], people=5) == Lapsed({LapseReason.UNFILED: ids[2:]}, 2, ids[2])
        assert self.step(session, ids[2], people=5) == Lapsed({}, 0, None)

    def test_a_single_batch_of_more_people_is_one_step(self, session: Session, tree: Tree) -> None:
        for union in (tree.grassroots, tree.sibling):
            make_batch(session, union, people=3)
        lapsed = self.step(session, 0, people=1)
        assert (lapsed.people, len(lapsed.batches[LapseReason.UNFILED])) == (3, 1)

    def test_reasons_and_states_that_meet_in_one_step_are_each_told_as_they_are(
        self, session: Session, tree: Tree, reviewer: Actor
    ) -> None:
        filed = make_filed(session, tree.district, tree.grassroots)
        bring_to(session, tree, filed, DistrictBatchStatus.REJECTED)
        approved, submitted = make_batch(session, tree.sibling), make_batch(session, tree.straight)
        approve_batches(session, reviewer, batch_ids=[approved.id], now=REVIEWING)
        (rejected,) = session.scalars(
            select(EnrolmentBatch.id).where(EnrolmentBatch.id.not_in([approved.id, submitted.id]))
        )
        lapsed = self.step(session, 0, people=100)
        assert lapsed.batches == {
            LapseReason.REJECTED: [rejected],
            LapseReason.UNFILED: sorted([approved.id, submitted.id]),
        }
        told = session.execute(
            select(Event.object_id, Event.from_state, Event.reason_code).where(
                Event.object_kind == EventObject.ENROLMENT_BATCH, Event.action == BatchAction.LAPSE
            )
        ).all()
        assert {tuple(row) for row in told} == {
            (rejected, S.APPROVED, "rejected"),
            (approved.id, S.APPROVED, "unfiled"),
            (submitted.id, S.SUBMITTED, "unfiled"),
        }
        assert set(session.scalars(select(Enrolment.status))) == {EnrolmentStatus.VOID}
        assert session.scalars(select(PlanChoice)).all() == []
        assert find_lies(session) == []


class TestRejectedAfterFilingHasClosed:
    def reject(self, session: Session, tree: Tree) -> EnrolmentBatch:
        filed = make_filed(session, tree.district, tree.grassroots)
        clerk = actor_of_role(session, tree.city, Role.CENTRE_CLERK)
        reject_district_batch(
            session, clerk, batch_id=filed.id, reason_code="figures_differ", now=at("2025-01-03 15:00")
        )
        session.expire_all()
        return session.scalars(select(EnrolmentBatch)).one()

    def test_there_are_seven_days_for_filing_it_again(self, session: Session, tree: Tree) -> None:
        batch = self.reject(session, tree)
        reach(REFILING_DUE, at("2025-01-10"))
        assert state(session, batch) == (S.APPROVED, None)
        reach(REFILING_DUE, at("2025-01-11"))
        assert state(session, batch) == (S.LAPSED, LapseReason.REJECTED)

    def test_an_extension_that_ends_sooner_does_not_shorten_them(self, session: Session, tree: Tree) -> None:
        batch = self.reject(session, tree)
        extend(session, tree.district, WindowName.DISTRICT_SUBMIT, at("2025-01-05"))
        reach(extension_ends(WindowName.DISTRICT_SUBMIT), at("2025-01-05"))
        assert state(session, batch) == (S.APPROVED, None)

    def test_one_that_lasts_longer_does(self, session: Session, tree: Tree) -> None:
        batch = self.reject(session, tree)
        extend(session, tree.district, WindowName.DISTRICT_SUBMIT, at("2025-01-20"))
        reach(REFILING_DUE, at("2025-01-11"))
        assert state(session, batch) == (S.APPROVED, None)


def pay(session: Session, reviewer: Actor, batch: EnrolmentBatch, **changes: object) -> None:
    paid = {"amount": batch.grassroots_share, "paid_on": at("2024-12-20").date(), "now": REVIEWING} | changes
    record_payment(session, reviewer, batch_id=batch.id, **paid)


class TestRecordingAPayment:
    def refused(self, session: Session, reviewer: Actor, batch: EnrolmentBatch, **changes: object) -> str:
        with pytest.raises(RuleViolation) as refusal:
            pay(session, reviewer, batch, **changes)
        return refusal.value.code

    def test_the_log_says_who_saw_what(self, session: Session, tree: Tree, reviewer: Actor) -> None:
        batch = make_owing(session, tree.grassroots)
        pay(session, reviewer, batch)
        last = session.scalars(select(Event).order_by(Event.id.desc())).first()
        assert last is not None
        assert (last.action, last.actor_name, last.facts["amount"]) == (
            "record_payment",
            reviewer.name,
            "10.00",
        )
        assert find_lies(session) == []

    def test_many_are_recorded_at_once_and_the_others_say_why_not(
        self, session: Session, tree: Tree, reviewer: Actor
    ) -> None:
        owing, paid, free = (
            make_owing(session, tree.grassroots),
            make_owing(session, tree.sibling),
            make_batch(session, tree.straight),
        )
        pay(session, reviewer, paid)
        asked = [owing.id, paid.id, free.id, 2**40]
        day = at("2024-12-19").date()
        decisions = record_payments(session, reviewer, batch_ids=asked, paid_on=day, now=REVIEWING)
        told = {each.batch_id: each.problem.code if each.problem else None for each in decisions}
        assert told == dict(zip(asked, [None, "share_recorded", "share_not_owed", "not_found"], strict=True))
        payment = session.get_one(GrassrootsPayment, owing.id)
        assert (payment.amount, payment.paid_on) == (owing.grassroots_share, day)
        one, many = (
            session.scalars(
                select(Event).where(Event.object_id == batch.id).order_by(Event.id.desc())
            ).first()
            for batch in (paid, owing)
        )
        assert one is not None and many is not None
        same = ("action", "actor_id", "actor_name", "from_state", "to_state")
        assert [getattr(many, name) for name in same] == [getattr(one, name) for name in same]
        assert many.facts == {"amount": "10.00", "paid_on": "2024-12-19"}
        assert find_lies(session) == []
        pay_by()
        assert state(session, owing) == (S.SUBMITTED, None)

    def test_many_at_once_meet_the_payment_date_to_the_instant(
        self, session: Session, tree: Tree, reviewer: Actor
    ) -> None:
        batch = make_owing(session, tree.grassroots)
        many = {"batch_ids": [batch.id], "paid_on": at("2024-12-20").date()}
        (late,) = record_payments(session, reviewer, **many, now=PAY_BY)
        assert late.problem is not None and late.problem.code == "share_too_late"
        (paid,) = record_payments(session, reviewer, **many, now=at("2024-12-25 23:59:59"))
        assert paid.problem is None

    def test_many_at_once_need_a_tick_and_a_day_that_has_come(
        self, session: Session, tree: Tree, reviewer: Actor
    ) -> None:
        batch = make_owing(session, tree.grassroots)
        for ids, day, code in (
            ([], "2024-12-20", "no_batch_ticked"),
            ([batch.id], "2024-12-21", "paid_in_the_future"),
        ):
            with pytest.raises(RuleViolation, match=code):
                record_payments(session, reviewer, batch_ids=ids, paid_on=at(day).date(), now=REVIEWING)

    def test_many_at_once_are_only_the_reviewers_own(self, session: Session, tree: Tree) -> None:
        batch = make_owing(session, tree.grassroots)
        stranger = actor_of_role(session, tree.other_district, Role.DISTRICT_REVIEWER)
        many = {"batch_ids": [batch.id], "paid_on": at("2024-12-20").date(), "now": REVIEWING}
        (foreign,) = record_payments(session, stranger, **many)
        assert foreign.problem is not None and foreign.problem.code == "not_found"
        with pytest.raises(RuleViolation, match="not_allowed"):
            record_payments(session, actor_of_role(session, tree.grassroots, Role.OPERATOR), **many)

    def test_nobody_records_what_is_not_owed_twice_in_part_or_in_advance(
        self, session: Session, tree: Tree, reviewer: Actor
    ) -> None:
        free, owing = make_batch(session, tree.straight), make_owing(session, tree.grassroots)
        assert self.refused(session, reviewer, free, amount=Decimal("5.00")) == "share_not_owed"
        assert self.refused(session, reviewer, owing, amount=Decimal("9.99")) == "share_differs"
        assert self.refused(session, reviewer, owing, paid_on=at("2024-12-21").date()) == "paid_in_the_future"
        pay(session, reviewer, owing)
        assert self.refused(session, reviewer, owing) == "share_recorded"

    def test_the_payment_date_is_too_late_to_the_instant(
        self, session: Session, tree: Tree, reviewer: Actor
    ) -> None:
        batch = make_owing(session, tree.grassroots)
        assert self.refused(session, reviewer, batch, now=PAY_BY) == "share_too_late"
        pay(session, reviewer, batch, now=at("2024-12-25 23:59:59"))

    def test_a_mistake_is_taken_back_and_the_batch_lapses_after_all(
        self, session: Session, tree: Tree, reviewer: Actor
    ) -> None:
        batch = make_owing(session, tree.grassroots)
        pay(session, reviewer, batch)
        withdraw_payment(session, reviewer, batch_id=batch.id, now=REVIEWING)
        pay_by()
        assert state(session, batch) == (S.LAPSED, LapseReason.UNPAID)

    @pytest.mark.parametrize(
        ("place", "role", "status"),
        [
            ("second", Role.SECOND_REVIEWER, 200),
            ("other_district", Role.DISTRICT_REVIEWER, 404),
            ("grassroots", Role.OPERATOR, 403),
            ("city", Role.MUNICIPAL_ADMIN, 403),
        ],
    )
    def test_only_a_reviewer_above_the_union_records_it(
        self, session: Session, tree: Tree, place: str, role: Role, status: int
    ) -> None:
        batch = make_owing(session, tree.grassroots)
        actor = actor_of_role(session, getattr(tree, place), role)
        if status == 200:
            pay(session, actor, batch)
            return
        with pytest.raises(RuleViolation) as refusal:
            pay(session, actor, batch)
        assert refusal.value.status == status
