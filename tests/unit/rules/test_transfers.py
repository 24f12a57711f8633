"""Who may do what with a transfer, state by state."""

from __future__ import annotations

from itertools import combinations

import pytest

from app.rules.transfers import (
    NEXT,
    Direction,
    Side,
    TransferAction,
    TransferState,
    next_state,
    obstacle_to_moving,
    obstacle_to_proposing,
    side_that_may,
)
from app.rules.violations import RuleViolation

PROPOSED = (Direction.OFFER, Direction.ASK)
ACTIONS = (TransferAction.ACCEPT, TransferAction.REFUSE, TransferAction.WITHDRAW)
SIDES = [set(some) for size in range(3) for some in combinations(Side, size)]

SIDE = {
    (TransferAction.ACCEPT, Direction.OFFER): Side.RECEIVING,
    (TransferAction.REFUSE, Direction.OFFER): Side.RECEIVING,
    (TransferAction.WITHDRAW, Direction.OFFER): Side.SENDING,
    (TransferAction.ACCEPT, Direction.ASK): Side.SENDING,
    (TransferAction.REFUSE, Direction.ASK): Side.SENDING,
    (TransferAction.WITHDRAW, Direction.ASK): Side.RECEIVING,
}


@pytest.mark.parametrize("direction", PROPOSED)
@pytest.mark.parametrize("action", ACTIONS)
def test_each_action_is_for_one_side(action: TransferAction, direction: Direction) -> None:
    assert side_that_may(action, direction) is SIDE[action, direction]


@pytest.mark.parametrize("sides", SIDES, ids=lambda sides: "+".join(sorted(sides)) or "nobody")
@pytest.mark.parametrize("direction", PROPOSED)
@pytest.mark.parametrize("action", ACTIONS)
def test_a_waiting_transfer_goes_on_only_by_its_side(
    action: TransferAction, direction: Direction, sides: set[Side]
) -> None:
    if SIDE[action, direction] in sides:
        assert next_state(TransferState.WAITING, action, direction, sides) is NEXT[action]
    else:
        with pytest.raises(RuleViolation, match="not_your_side"):
            next_state(TransferState.WAITING, action, direction, sides)


@pytest.mark.parametrize("state", [state for state in TransferState if state is not TransferState.WAITING])
@pytest.mark.parametrize("action", ACTIONS)
def test_what_is_decided_stays_decided_for_whoever_comes(
    action: TransferAction, state: TransferState
) -> None:
    with pytest.raises(RuleViolation, match="transfer_decided") as refused:
        next_state(state, action, Direction.OFFER, set(Side))
    assert refused.value.status == 409


@pytest.mark.parametrize(
    ("in_that_union", "waiting", "code"),
    [(False, False, None), (False, True, "transfer_waiting"), (True, True, "transfer_to_own_union")],
)
def test_one_proposal_at_a_time(in_that_union: bool, waiting: bool, code: str | None) -> None:
    assert obstacle_to_proposing(in_that_union=in_that_union, waiting=waiting) == code


@pytest.mark.parametrize(
    ("there_already", "submitted", "code"),
    [
        (False, False, None),
        (False, True, "transfer_while_submitted"),
        (True, True, "member_there_already"),
    ],
)
def test_nobody_leaves_a_batch_under_decision(there_already: bool, submitted: bool, code: str | None) -> None:
    assert obstacle_to_moving(in_that_union=False, there_already=there_already, submitted=submitted) == code
