"""会员转出: how a member goes from one union to another, and who decides it (domain section 8).

The sending union offers or the receiving union asks; the other one accepts or refuses. A union that stands
above both may move members straight away.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum

from app.rules.violations import RuleViolation


class Direction(StrEnum):
    OFFER = "offer"
    ASK = "ask"
    MOVE = "move"
    """By a union above both: nobody is asked, and it is done at once."""


class TransferState(StrEnum):
    WAITING = "waiting"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    """The member went elsewhere before anybody decided."""


class TransferAction(StrEnum):
    PROPOSE = "propose"
    ACCEPT = "accept"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    LAPSE = "lapse"


class Side(StrEnum):
    SENDING = "sending"
    RECEIVING = "receiving"


NEXT: Mapping[TransferAction, TransferState] = {
    TransferAction.ACCEPT: TransferState.ACCEPTED,
    TransferAction.REFUSE: TransferState.REFUSED,
    TransferAction.WITHDRAW: TransferState.WITHDRAWN,
    TransferAction.LAPSE: TransferState.LAPSED,
}
"""Where each action leads from ``waiting``, the only state that is not the end."""

PROPOSER: Mapping[Direction, Side] = {Direction.OFFER: Side.SENDING, Direction.ASK: Side.RECEIVING}
DECIDER: Mapping[Direction, Side] = {Direction.OFFER: Side.RECEIVING, Direction.ASK: Side.SENDING}


def side_that_may(action: TransferAction, direction: Direction) -> Side:
    """Which side an action is for: who proposed may withdraw, the other one decides."""
    return (PROPOSER if action is TransferAction.WITHDRAW else DECIDER)[direction]


def next_state(
    state: TransferState, action: TransferAction, direction: Direction, sides: Collection[Side]
) -> TransferState:
    """The state after ``action`` by somebody who acts for ``sides``.

    Raises ``transfer_decided`` (409) for what is decided already, ``not_your_side`` (403) for the other side's
    action.
    """
    if state is not TransferState.WAITING:
        raise RuleViolation("transfer_decided", status=409, state=state)
    if side_that_may(action, direction) not in sides:
        raise RuleViolation("not_your_side", status=403, action=action)
    return NEXT[action]


def obstacle_to_proposing(*, in_that_union: bool, waiting: bool) -> str | None:
    """Why a member can't be offered or asked for now: the code of a sentence, or nothing."""
    if in_that_union:
        return "transfer_to_own_union"
    return "transfer_waiting" if waiting else None


def obstacle_to_moving(*, in_that_union: bool, there_already: bool, submitted: bool) -> str | None:
    """Why a member can't change unions now.

    ``submitted``: in a batch that is neither settled nor returned. Reviewers and the centre decide about the
    people they were shown, so whoever is among them stays until the batch is decided.
    """
    if in_that_union:
        return "transfer_to_own_union"
    if there_already:
        return "member_there_already"
    return "transfer_while_submitted" if submitted else None
