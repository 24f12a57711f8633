"""The rehearsal of docs/rehearsal.md: one year from its fees to the end of its cover, by nothing but its own clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock
from app.clock import now, today
from app.models import Enrolment, EnrolmentBatch, Message, SchedulerRun, Union
from app.queries.check import find_lies
from app.rules.enrolment import BatchStatus, Channel, EnrolmentStatus, Term
from app.rules.messages import MessageKind
from app.rules.settlement import DistrictBatchStatus
from app.security.actor import Actor
from app.security.roles import Role
from app.services.enrolment import submit_batch
from app.services.fees import set_split
from app.services.filing import file_district_batch
from app.services.payments import record_payment
from app.services.review import approve_batches, return_batch
from app.services.settlement import (
    VoucherDetails,
    accept_district_batch,
    reject_district_batch,
    reject_voucher,
    settle_voucher,
    upload_voucher,
)
from app.services.training import advance_clock
from app.transaction import transaction
from scheduler.runs import run_due, run_year
from scheduler.timetable import TIMETABLE, YEAR
from tests.factories import make_fees, make_members, make_tree, make_year
from tests.factories.accounts import actor_of_role
from tests.factories.batches import HANDLER
from tests.factories.papers import make_paper
from tests.factories.years import at

LONGEST_STEP = timedelta(days=399)


class Rehearsal:
    """Four unions of one district and those who work for them; all verbs take the time that the clock says."""

    def __init__(self) -> None:
        self.year = today().year + 2
        with transaction() as session:
            tree = make_tree(session)
            make_year(session, self.year)
            make_fees(session, self.year)
            self.ids = {
                "one": tree.grassroots.id,
                "two": tree.sibling.id,
                "owing": tree.straight.id,
                "late": tree.other_grassroots.id,
            }
            for union_id in self.ids.values():
                make_members(session, session.get_one(Union, union_id), 3)
            self.operators = {
                name: actor_of_role(session, session.get_one(Union, union_id), Role.OPERATOR)
                for name, union_id in self.ids.items()
            }
            self.admin = actor_of_role(session, tree.city, Role.MUNICIPAL_ADMIN)
            self.district = actor_of_role(session, tree.district, Role.DISTRICT_REVIEWER)
            self.centre = actor_of_role(session, tree.city, Role.CENTRE_CLERK)

    def go_to(self, day: str) -> None:
        """``10-25`` of the year before, ``+01-08`` of the year itself: the clock passes it, the scheduler looks."""
        of = self.year if day.startswith("+") else self.year - 1
        self.go_to_instant(at(f"{of}-{day.lstrip('+')}"))

    def go_to_instant(self, moment: datetime) -> None:
        while now() < moment:
            with transaction() as session:
                advance_clock(session, self.admin, to=min(moment, now() + LONGEST_STEP), now=now())
            clock.look_again()
            run_year()
            for entry in TIMETABLE:
                run_due(entry)

    @contextmanager
    def at_work(self) -> Iterator[Session]:
        with transaction() as session:
            yield session

    def submit(self, name: str) -> int:
        with transaction() as session:
            made = submit_batch(
                session,
                self.operators[name],
                year=self.year,
                channel=Channel.MEMBER_CARD,
                plan="A",
                now=now(),
            )
            return made.id

    def approve(self, *batch_ids: int) -> None:
        with transaction() as session:
            decided = approve_batches(session, self.district, batch_ids=batch_ids, now=now())
            assert [decision.problem for decision in decided] == [None] * len(batch_ids)

    def file(self) -> int:
        with transaction() as session:
            made = file_district_batch(session, self.district, year=self.year, handler=HANDLER, now=now())
            return made.id

    def pay(self, filed: int, amount: Decimal) -> int:
        with transaction() as session:
            voucher = upload_voucher(
                session,
                self.district,
                batch_id=filed,
                paper=make_paper(),
                details=VoucherDetails("", amount, today()),
                now=now(),
            )
            return voucher.id

    def state(self, batch_id: int) -> BatchStatus:
        with transaction() as session:
            session.expire_all()
            return session.get_one(EnrolmentBatch, batch_id).status

    def covers(self, batch_id: int) -> set[EnrolmentStatus]:
        with transaction() as session:
            return set(session.scalars(select(Enrolment.status).where(Enrolment.batch_id == batch_id)))

    def told(self, actor: Actor) -> list[MessageKind]:
        """What the account has been told so far, oldest first."""
        with transaction() as session:
            mine = select(Message.kind).where(Message.account_id == actor.account_id).order_by(Message.id)
            return list(session.scalars(mine))


def test_a_whole_year_by_its_own_clock(training: Flask) -> None:
    year = Rehearsal()

    # The district shares its part of the fee with one union, in its window.
    year.go_to("10-25")
    with year.at_work() as session:
        set_split(
            session,
            year.district,
            year=year.year,
            plan="A",
            term=Term.FULL,
            union_id=year.ids["owing"],
            district_share=Decimal("8.00"),
            grassroots_share=Decimal("5.00"),
            now=now(),
        )

    # Lists come in; one goes back and comes again, one nobody sends.
    year.go_to("11-01")
    year.go_to("11-20")
    assert MessageKind.WINDOW_OPENED in year.told(year.operators["one"])
    one, two, owing = (year.submit(name) for name in ("one", "two", "owing"))
    with year.at_work() as session:
        return_batch(session, year.district, batch_id=two, reason_code="wrong_list", now=now())
    assert MessageKind.BATCH_RETURNED in year.told(year.operators["two"])
    two_again = year.submit("two")
    year.approve(one, two_again, owing)

    # Who has done everything isn't reminded; who hasn't is, once a day on the days that count.
    for day in ("12-18", "12-19", "12-22", "12-23", "12-24", "12-25"):
        year.go_to(f"{day} 12:00")
    assert year.told(year.operators["late"]).count(MessageKind.REMINDER) == 3
    assert year.told(year.operators["one"]).count(MessageKind.REMINDER) == 0

    # The payment date: what is owed and not paid lapses, and its union is told and free again.
    year.go_to("12-26")
    assert (year.state(owing), year.covers(owing)) == (BatchStatus.LAPSED, {EnrolmentStatus.VOID})
    assert MessageKind.BATCH_LAPSED in year.told(year.operators["owing"])
    assert year.state(one) is BatchStatus.APPROVED

    # Filing: refused by the centre once, then accepted.
    year.go_to("12-27 09:00")
    first = year.file()
    with year.at_work() as session:
        reject_district_batch(session, year.centre, batch_id=first, reason_code="figures_differ", now=now())
    assert year.state(one) is BatchStatus.APPROVED
    filed = year.file()
    with year.at_work() as session:
        accept_district_batch(session, year.centre, batch_id=filed, now=now())

    # The money, at first not the whole of it.
    year.go_to("+01-05")
    wrong = year.pay(filed, Decimal("70.00"))
    with year.at_work() as session:
        reject_voucher(session, year.centre, voucher_id=wrong, reason_code="amount_differs", now=now())
    right = year.pay(filed, Decimal("78.00"))
    with year.at_work() as session:
        done = settle_voucher(session, year.centre, voucher_id=right, now=now())
        assert done.status is DistrictBatchStatus.COMPLETED
    assert year.covers(one) | year.covers(two_again) == {EnrolmentStatus.ACTIVE}

    # The cover is over after its last day, and nothing was done twice or left out.
    year.go_to("+12-31 23:59:59")
    assert year.covers(one) == {EnrolmentStatus.ACTIVE}
    year.go_to_instant(at(f"{year.year + 1}-01-01 00:00:01"))
    assert year.covers(one) == {EnrolmentStatus.ENDED}
    with transaction() as session:
        runs = session.scalars(select(SchedulerRun).where(SchedulerRun.year == year.year)).all()
        assert all(run.ok for run in runs), [run.result for run in runs if not run.ok]
        expected = {line.name for line in YEAR if "extension" not in line.name}
        assert {run.name for run in runs} == expected - {"refiling.due", "voucher.due"}
        ordered = sorted(runs, key=lambda run: run.id)
        assert [run.boundary for run in ordered] == sorted(run.boundary for run in runs)
        assert find_lies(session) == []


def test_a_payment_recorded_in_time_keeps_the_list(training: Flask) -> None:
    year = Rehearsal()
    year.go_to("10-25")
    with year.at_work() as session:
        set_split(
            session,
            year.district,
            year=year.year,
            plan="A",
            term=Term.FULL,
            union_id=None,
            district_share=Decimal("8.00"),
            grassroots_share=Decimal("5.00"),
            now=now(),
        )
    year.go_to("12-01")
    paid, unpaid = year.submit("one"), year.submit("two")
    year.approve(paid, unpaid)
    with year.at_work() as session:
        record_payment(
            session, year.district, batch_id=paid, amount=Decimal("15.00"), paid_on=today(), now=now()
        )
    year.go_to("12-26")
    assert (year.state(paid), year.state(unpaid)) == (BatchStatus.APPROVED, BatchStatus.LAPSED)

    # Nobody files it: at the end of filing it lapses as well.
    year.go_to("+01-01")
    assert year.state(paid) is BatchStatus.LAPSED
