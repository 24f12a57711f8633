"""Any order of offers, asks, decisions, moves, submits and returns leaves everybody in one place, and no lie."""

from __future__ import annotations

from collections.abc import Callable
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
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Enrolment, EnrolmentBatch, Member, MemberTransfer
from app.queries.check import find_lies
from app.rules.enrolment import LIVE_BATCHES, Channel
from app.rules.transfers import Direction, TransferAction, TransferState
from app.rules.violations import RuleViolation
from app.security.roles import Role
from app.services.enrolment import submit_batch
from app.services.review import return_batch
from app.services.transfer_decisions import accept_transfers, refuse_transfers, withdraw_transfers
from app.services.transfers import Wanted, ask_for_member, send_members
from tests.factories import actor_of_role, make_fees, make_members, make_tree, make_year
from tests.factories.batches import REVIEWING, SUBMITTING

S = TransferState
UNIONS, PEOPLE = st.integers(0, 2), st.integers(0, 4)


def test_the_life_of_transfers(session: Session) -> None:
    class Life(TransferLife):
        db = session

    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=12,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


class TransferLife(RuleBasedStateMachine):
    """``home`` says which union each member is in, ``held`` who is in an open batch, ``waiting`` what is proposed."""

    db: Session

    def __init__(self) -> None:
        super().__init__()
        self.undone = self.db.begin_nested()
        tree = make_tree(self.db)
        make_year(self.db)
        make_fees(self.db)
        unions = [tree.grassroots, tree.sibling, tree.other_grassroots]
        self.unions = [union.id for union in unions]
        self.operators = [actor_of_role(self.db, union, Role.OPERATOR) for union in unions]
        self.city = actor_of_role(self.db, tree.city, Role.MUNICIPAL_ADMIN)
        people = [member for union in unions[:2] for member in make_members(self.db, union, 3, name="李明")]
        self.people = [member.id for member in people[:5]]
        self.documents = [(member.id_type, member.id_number) for member in people[:5]]
        self.home = [0, 0, 0, 1, 1]
        self.held: dict[int, int] = {}
        self.batches: list[int] = []
        self.reviewers = [
            actor_of_role(self.db, district, Role.DISTRICT_REVIEWER)
            for district in (tree.district, tree.district, tree.other_district)
        ]
        self.submitted_by: dict[int, int] = {}
        self.waiting: dict[int, int] = {}
        """By member: the transfer."""

    def teardown(self) -> None:
        assert find_lies(self.db) == []
        self.undone.rollback()
        self.db.expire_all()

    @rule(who=PEOPLE, to=UNIONS)
    def offer(self, who: int, to: int) -> None:
        wanted = [Wanted(self.people[who], self.unions[to])]
        said = self.attempt(
            lambda: send_members(self.db, self.operators[self.home[who]], wanted=wanted, now=SUBMITTING)
        )
        if to == self.home[who]:
            assert said == "transfer_to_own_union"
        elif who in self.waiting:
            assert said == "transfer_waiting"
        else:
            (self.waiting[who],) = said.transfers

    @rule(who=PEOPLE, to=UNIONS)
    def ask(self, who: int, to: int) -> None:
        id_type, number = self.documents[who]
        said = self.attempt(
            lambda: ask_for_member(
                self.db,
                self.operators[to],
                id_type=id_type,
                id_number=number,
                name="李明",
                to_union_id=self.unions[to],
                now=SUBMITTING,
            )
        )
        if to == self.home[who]:
            assert said == "member_exists"
        elif who in self.waiting:
            assert said in ("transfer_waiting", "offered_already")
        else:
            self.waiting[who] = said.id

    @precondition(lambda self: self.waiting)
    @rule(which=PEOPLE, by=UNIONS, action=st.sampled_from(["accept", "refuse", "withdraw"]))
    def decide(self, which: int, by: int, action: str) -> None:
        who = sorted(self.waiting)[which % len(self.waiting)]
        transfer = self.db.get_one(MemberTransfer, self.waiting[who])
        verb: Callable[..., Any] = {
            "accept": accept_transfers,
            "refuse": lambda *args, **more: refuse_transfers(*args, reason_code="not_joined", **more),
            "withdraw": withdraw_transfers,
        }[action]
        said = self.attempt(
            lambda: verb(self.db, self.operators[by], transfer_ids=[transfer.id], now=SUBMITTING)
        )
        to = self.unions.index(transfer.to_union_id)
        by_sender = (TransferAction(action) is TransferAction.WITHDRAW) == (
            transfer.direction is Direction.OFFER
        )
        if by not in (to, self.home[who]):
            assert said == "not_found"
        elif by != (self.home[who] if by_sender else to):
            assert said == "not_your_side"
        elif action == "accept" and who in self.held:
            assert said == "transfer_while_submitted"
        else:
            assert not isinstance(said, str)
            del self.waiting[who]
            if action == "accept":
                self.home[who] = to

    @rule(who=PEOPLE, to=UNIONS)
    def move_from_above(self, who: int, to: int) -> None:
        wanted = [Wanted(self.people[who], self.unions[to])]
        said = self.attempt(lambda: send_members(self.db, self.city, wanted=wanted, now=SUBMITTING))
        if to == self.home[who]:
            assert said == "transfer_to_own_union"
        elif who in self.held:
            assert said == "transfer_while_submitted"
        else:
            assert len(said.transfers) == 1
            self.home[who] = to
            self.waiting.pop(who, None)

    @rule(by=UNIONS)
    def submit(self, by: int) -> None:
        said = self.attempt(
            lambda: submit_batch(
                self.db,
                self.operators[by],
                year=2025,
                channel=Channel.MEMBER_CARD,
                plan="A",
                now=SUBMITTING,
            )
        )
        if isinstance(said, str):
            assert said in ("nobody_eligible", "just_submitted")
            return
        self.batches.append(said.id)
        self.submitted_by[said.id] = by
        inside = set(self.db.scalars(select(Enrolment.member_id).where(Enrolment.batch_id == said.id)))
        self.held |= {who: said.id for who, member in enumerate(self.people) if member in inside}

    @precondition(lambda self: self.batches)
    @rule(which=st.integers(0, 9))
    def send_back(self, which: int) -> None:
        batch = self.batches.pop(which % len(self.batches))
        return_batch(
            self.db,
            self.reviewers[self.submitted_by.pop(batch)],
            batch_id=batch,
            reason_code="wrong_list",
            now=REVIEWING,
        )
        self.held = {who: of for who, of in self.held.items() if of != batch}

    @invariant()
    def everybody_is_where_the_story_says(self) -> None:
        self.db.expire_all()
        places = [self.db.get_one(Member, member).union_id for member in self.people]
        assert places == [self.unions[at] for at in self.home]
        waiting = select(MemberTransfer.id).where(MemberTransfer.state == S.WAITING)
        assert set(self.db.scalars(waiting)) == set(self.waiting.values())

    @invariant()
    def live_covers_belong_to_the_union_that_made_them(self) -> None:
        rows = self.db.execute(
            select(Enrolment.union_id, EnrolmentBatch.union_id)
            .join(EnrolmentBatch, EnrolmentBatch.id == Enrolment.batch_id)
            .where(EnrolmentBatch.status.in_(LIVE_BATCHES))
        ).all()
        assert all(row[0] == row[1] for row in rows)

    def attempt(self, act: Callable[[], Any]) -> Any:
        """What it answered, or the code of the refusal; a refusal leaves nothing behind."""
        savepoint = self.db.begin_nested()
        try:
            done = act()
        except RuleViolation as refusal:
            savepoint.rollback()
            return refusal.code
        savepoint.commit()
        return done
