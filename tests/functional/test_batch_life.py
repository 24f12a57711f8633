"""Any order of submits, decisions, filings and payments keeps every promise of the design."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import DistrictBatch, Enrolment, EnrolmentBatch, PaymentVoucher, PlanChoice
from app.queries.check import find_lies
from app.rules.enrolment import LIVE_BATCHES, BatchAction, BatchStatus, Channel, EnrolmentStatus, sources
from app.rules.settlement import DistrictBatchStatus, VoucherStatus
from app.rules.violations import RuleViolation
from app.security.actor import SYSTEM
from app.security.roles import Role
from app.services.enrolment import submit_batch
from app.services.filing import file_district_batch
from app.services.lapse import lapse_batches
from app.services.review import approve_batches, return_batch, unapprove_batches
from app.services.settlement import (
    VoucherDetails,
    accept_district_batch,
    reject_district_batch,
    reject_voucher,
    settle_voucher,
    upload_voucher,
)
from tests.factories import actor_of_role, make_fees, make_member, make_tree, make_year
from tests.factories.batches import FILING, HANDLER, PAYING, REVIEWING, SUBMITTING
from tests.factories.papers import make_paper

B = BatchStatus
D = DistrictBatchStatus
PICKS = st.integers(0, 7)


def test_the_life_of_batches_and_district_batches(session: Session) -> None:
    class Life(BatchLife):
        db = session

    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=20,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


class BatchLife(RuleBasedStateMachine):
    """``batches`` and ``filed`` say where everything should stand; the database has to agree after each step."""

    db: Session

    def __init__(self) -> None:
        super().__init__()
        self.undone = self.db.begin_nested()
        tree = make_tree(self.db)
        make_year(self.db)
        make_fees(self.db)
        self.unions = [tree.grassroots, tree.straight]
        self.operators = [actor_of_role(self.db, union, Role.OPERATOR) for union in self.unions]
        self.reviewers = [
            actor_of_role(self.db, tree.district, Role.DISTRICT_REVIEWER),
            actor_of_role(self.db, tree.second, Role.SECOND_REVIEWER),
        ]
        self.clerk = actor_of_role(self.db, tree.city, Role.CENTRE_CLERK)
        self.straight = tree.straight.id
        self.batches: dict[int, BatchStatus] = {}
        self.union_of: dict[int, int] = {}
        self.filed: dict[int, DistrictBatchStatus] = {}
        self.inside: dict[int, set[int]] = {}
        self.vouchers: dict[int, tuple[int, VoucherStatus, Decimal]] = {}

    def teardown(self) -> None:
        """Wherever it stops, `canbao check` finds nothing: asked once, it takes as long as a hundred steps."""
        try:
            assert find_lies(self.db) == []
        finally:
            self.undone.rollback()
        self.db.expire_all()

    # What people do -----------------------------------------------------------------------------

    @rule(who=st.integers(0, 1), plan=st.sampled_from(["A", "B"]), fresh=st.booleans())
    def submit(self, who: int, plan: str, fresh: bool) -> None:
        union = self.unions[who]
        if fresh:
            make_member(self.db, union)
        locked = self.db.get(PlanChoice, (union.id, 2025))
        done = self.attempt(
            lambda: submit_batch(
                self.db,
                self.operators[who],
                year=2025,
                channel=Channel.MEMBER_CARD,
                plan=plan,
                now=SUBMITTING,
            )
        )
        if locked is not None and locked.plan != plan:
            assert done == "plan_locked"
        elif isinstance(done, str):
            assert done in ("nobody_eligible", "just_submitted")
            assert not fresh
        else:
            self.batches[done.id] = B.SUBMITTED
            self.union_of[done.id] = union.id

    @precondition(lambda self: self.batches)
    @rule(which=PICKS, reviewer=st.integers(0, 1), action=st.sampled_from(["approve", "unapprove"]))
    def decide(self, which: int, reviewer: int, action: str) -> None:
        batch = self.pick(self.batches, which)
        verb, wanted, becomes = {
            "approve": (approve_batches, B.SUBMITTED, B.APPROVED),
            "unapprove": (unapprove_batches, B.APPROVED, B.SUBMITTED),
        }[action]
        (decision,) = verb(self.db, self.reviewers[reviewer], batch_ids=[batch], now=REVIEWING)
        said = decision.problem.code if decision.problem else "ok"
        if self.hidden_from(reviewer, batch):
            assert said == "not_found"
        elif self.batches[batch] is wanted:
            assert said == "ok"
            self.batches[batch] = becomes
        else:
            assert said == "wrong_state"

    @precondition(lambda self: self.batches)
    @rule(which=PICKS, reviewer=st.integers(0, 1))
    def send_back(self, which: int, reviewer: int) -> None:
        batch = self.pick(self.batches, which)
        done = self.attempt(
            lambda: return_batch(
                self.db, self.reviewers[reviewer], batch_id=batch, reason_code="wrong_list", now=REVIEWING
            )
        )
        if self.hidden_from(reviewer, batch):
            assert done == "not_found"
        elif self.batches[batch] in sources(BatchAction.RETURN):
            assert not isinstance(done, str), done
            self.batches[batch] = B.RETURNED
        else:
            assert done == "wrong_state"

    @precondition(lambda self: self.batches)
    @rule(which=PICKS)
    def lapse(self, which: int) -> None:
        batch = self.pick(self.batches, which)
        lapsed = lapse_batches(self.db, SYSTEM, batch_ids=[batch], now=FILING)
        assert lapsed == (self.batches[batch] in sources(BatchAction.LAPSE))
        if lapsed:
            self.batches[batch] = B.LAPSED

    @rule()
    def file(self) -> None:
        approved = {batch for batch, status in self.batches.items() if status is B.APPROVED}
        done = self.attempt(
            lambda: file_district_batch(self.db, self.reviewers[0], year=2025, handler=HANDLER, now=FILING)
        )
        if not approved:
            assert done == "nothing_to_file"
            return
        self.filed[done.id] = D.CENTRE_REVIEW
        self.inside[done.id] = approved
        self.batches |= dict.fromkeys(approved, B.FORWARDED)

    @precondition(lambda self: self.filed)
    @rule(which=PICKS)
    def accept(self, which: int) -> None:
        filed = self.pick(self.filed, which)
        done = self.attempt(lambda: accept_district_batch(self.db, self.clerk, batch_id=filed, now=FILING))
        self.district_step(filed, done, D.CENTRE_REVIEW, D.AWAITING_PAYMENT)

    @precondition(lambda self: self.filed)
    @rule(which=PICKS)
    def reject(self, which: int) -> None:
        filed = self.pick(self.filed, which)
        done = self.attempt(
            lambda: reject_district_batch(
                self.db, self.clerk, batch_id=filed, reason_code="figures_differ", now=FILING
            )
        )
        if self.district_step(filed, done, D.CENTRE_REVIEW, D.REJECTED):
            self.batches |= dict.fromkeys(self.inside.pop(filed), B.APPROVED)

    @precondition(lambda self: self.filed)
    @rule(which=PICKS, off_by=st.sampled_from([Decimal("0.00"), Decimal("0.01")]))
    def pay(self, which: int, off_by: Decimal) -> None:
        filed = self.pick(self.filed, which)
        amount = self.db.get_one(DistrictBatch, filed).owed + off_by
        done = self.attempt(
            lambda: upload_voucher(
                self.db,
                self.reviewers[0],
                batch_id=filed,
                paper=make_paper(),
                details=VoucherDetails("", amount, PAYING.date()),
                now=PAYING,
            )
        )
        if self.district_step(filed, done, D.AWAITING_PAYMENT, D.VOUCHER_REVIEW):
            self.vouchers[done.id] = (filed, VoucherStatus.UNDER_REVIEW, off_by)

    @precondition(lambda self: self.vouchers)
    @rule(which=PICKS)
    def settle(self, which: int) -> None:
        voucher = self.pick(self.vouchers, which)
        filed, status, off_by = self.vouchers[voucher]
        done = self.attempt(lambda: settle_voucher(self.db, self.clerk, voucher_id=voucher, now=PAYING))
        if status is not VoucherStatus.UNDER_REVIEW:
            assert done == "voucher_decided"
        elif off_by:
            assert done == "paid_differs_from_owed"
        else:
            assert self.district_step(filed, done, D.VOUCHER_REVIEW, D.COMPLETED)
            self.vouchers[voucher] = (filed, VoucherStatus.SETTLED, off_by)
            self.batches |= dict.fromkeys(self.inside[filed], B.COMPLETED)

    @precondition(lambda self: self.vouchers)
    @rule(which=PICKS)
    def refuse_voucher(self, which: int) -> None:
        voucher = self.pick(self.vouchers, which)
        filed, status, off_by = self.vouchers[voucher]
        done = self.attempt(
            lambda: reject_voucher(
                self.db, self.clerk, voucher_id=voucher, reason_code="unreadable", now=PAYING
            )
        )
        if status is not VoucherStatus.UNDER_REVIEW:
            assert done == "voucher_decided"
        else:
            assert self.district_step(filed, done, D.VOUCHER_REVIEW, D.AWAITING_PAYMENT)
            self.vouchers[voucher] = (filed, VoucherStatus.REJECTED, off_by)

    # What must hold -----------------------------------------------------------------------------

    @invariant()
    def states_are_where_the_model_has_them(self) -> None:
        self.db.flush()
        assert dict(self.rows(EnrolmentBatch.id, EnrolmentBatch.status)) == self.batches
        assert dict(self.rows(DistrictBatch.id, DistrictBatch.status)) == self.filed
        stored = dict(self.rows(PaymentVoucher.id, PaymentVoucher.status))
        assert stored == {voucher: status for voucher, (_, status, _) in self.vouchers.items()}

    @invariant()
    def people_stand_with_their_batch(self) -> None:
        expected = {
            B.COMPLETED: EnrolmentStatus.ACTIVE,
            B.RETURNED: EnrolmentStatus.VOID,
            B.LAPSED: EnrolmentStatus.VOID,
        }
        for batch, status in self.rows(Enrolment.batch_id, Enrolment.status):
            assert status is expected.get(self.batches[batch], EnrolmentStatus.PENDING)

    @invariant()
    def nobody_is_covered_twice(self) -> None:
        live = select(Enrolment.person_key).where(Enrolment.status != EnrolmentStatus.VOID)
        assert not self.db.execute(live.group_by(Enrolment.person_key).having(func.count() > 1)).all()

    @invariant()
    def a_plan_is_fixed_while_a_batch_lives_and_free_after(self) -> None:
        live = {self.union_of[batch] for batch, status in self.batches.items() if status in LIVE_BATCHES}
        assert set(self.db.scalars(select(PlanChoice.union_id))) == live

    @invariant()
    def a_district_batch_holds_what_was_filed(self) -> None:
        held: dict[int, set[int]] = {}
        for batch, filed in self.rows(EnrolmentBatch.id, EnrolmentBatch.district_batch_id):
            if filed is not None:
                held.setdefault(filed, set()).add(batch)
        assert held == self.inside

    # How ----------------------------------------------------------------------------------------

    def attempt(self, act: Callable[[], Any]) -> Any:
        """What the verb answers, or the code of its refusal with everything undone: as at the edge."""
        try:
            with self.db.begin_nested():
                return act()
        except RuleViolation as refusal:
            return refusal.code

    def district_step(
        self, filed: int, done: Any, source: DistrictBatchStatus, target: DistrictBatchStatus
    ) -> bool:
        if self.filed[filed] is not source:
            assert done == "wrong_district_state"
            return False
        assert not isinstance(done, str), done
        self.filed[filed] = target
        return True

    def hidden_from(self, reviewer: int, batch: int) -> bool:
        """The second-level reviewer doesn't see the union straight below the district."""
        return reviewer == 1 and self.union_of[batch] == self.straight

    def pick(self, things: dict[int, Any], which: int) -> int:
        return sorted(things)[which % len(things)]

    def rows(self, *columns: Any) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.db.execute(select(*columns))]
