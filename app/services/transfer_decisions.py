"""会员转出审核: the other side accepts or refuses, and who proposed may take it back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select, update
from sqlalchemy.orm import Session

from app.models import Account, Member, MemberTransfer, ReasonKind
from app.queries.beyond import lock_unions, obstacles
from app.queries.transfers import shown_name
from app.rules.messages import MessageKind
from app.rules.transfers import (
    NEXT,
    Side,
    TransferAction,
    TransferState,
    next_state,
    obstacle_to_moving,
)
from app.rules.two_people import require_another
from app.rules.violations import RuleViolation, not_found
from app.security.actor import Actor
from app.security.roles import Permission, require
from app.security.visible import acts_for, visible_to
from app.services.messages import tell_side
from app.services.people_lock import lock_people
from app.services.reasons import require_reason
from app.services.transfer_moves import carry_over, log_transfers
from app.services.transfers import LeftOut, Outcome

TOLD = {
    TransferAction.ACCEPT: MessageKind.TRANSFER_ACCEPTED,
    TransferAction.REFUSE: MessageKind.TRANSFER_REFUSED,
}
"""What who proposed is told."""


def accept_transfers(
    session: Session, actor: Actor, *, transfer_ids: Sequence[int], now: datetime
) -> Outcome:
    """The other side agrees: the members move now. Who can't go is left out and named."""
    return _decide(session, actor, TransferAction.ACCEPT, transfer_ids, now)


def refuse_transfers(
    session: Session,
    actor: Actor,
    *,
    transfer_ids: Sequence[int],
    reason_code: str,
    text: str = "",
    now: datetime,
) -> Outcome:
    """The other side says no, with one reason for all."""
    note = require_reason(session, ReasonKind.TRANSFER_REFUSE, reason_code, text)
    return _decide(session, actor, TransferAction.REFUSE, transfer_ids, now, reason_code, note)


def withdraw_transfers(
    session: Session, actor: Actor, *, transfer_ids: Sequence[int], now: datetime
) -> Outcome:
    """The side that proposed takes it back."""
    return _decide(session, actor, TransferAction.WITHDRAW, transfer_ids, now)


def _decide(
    session: Session,
    actor: Actor,
    action: TransferAction,
    transfer_ids: Sequence[int],
    now: datetime,
    reason_code: str | None = None,
    reason_text: str = "",
) -> Outcome:
    """Each transfer by itself: the others go on where one can't."""
    require(actor, Permission.TRANSFER_MEMBERS)
    asked = list(dict.fromkeys(transfer_ids))
    if not asked:
        raise RuleViolation("no_transfer_ticked", field="ids")
    if action is TransferAction.ACCEPT:
        if len(asked) > 1:
            lock_people(session)
        lock_unions(session, _unions_between(session, actor, asked))
    rows = _locked(session, actor, asked)
    left_out: list[LeftOut] = []
    going: list[Any] = []
    for row in rows:
        transfer = row.MemberTransfer
        try:
            next_state(transfer.state, action, transfer.direction, _sides(row))
            if action is not TransferAction.WITHDRAW:
                require_another("own_transfer", transfer.proposed_by, actor.account_id)
        except RuleViolation as refused:
            left_out.append(LeftOut(transfer.id, row.name, _tell_who(session, actor, refused, transfer)))
        else:
            going.append(row)
    if action is TransferAction.ACCEPT:
        going, stopped = _who_can_go(session, going)
        left_out += stopped
    ids = [row.MemberTransfer.id for row in going]
    if not ids:
        raise left_out[0].problem
    session.execute(
        update(MemberTransfer)
        .where(MemberTransfer.id == func.any(ids))
        .values(
            state=NEXT[action],
            decided_by=actor.account_id,
            decided_at=now,
            reason_code=reason_code,
            reason_text=reason_text,
        )
        .execution_options(synchronize_session=False)
    )
    log_transfers(session, actor, ids, action, now, before=TransferState.WAITING)
    if action in TOLD:
        tell_side(session, TOLD[action], ids, now)
    if action is TransferAction.ACCEPT:
        carry_over(session, actor, ids, now)
    session.expire_all()
    return Outcome(ids, left_out)


def _unions_between(session: Session, actor: Actor, transfer_ids: Sequence[int]) -> set[int]:
    found = session.execute(
        select(MemberTransfer.from_union_id, MemberTransfer.to_union_id).where(
            MemberTransfer.id == func.any(list(transfer_ids)), visible_to(actor, MemberTransfer)
        )
    )
    return {union_id for row in found for union_id in row}


def _locked(session: Session, actor: Actor, transfer_ids: Sequence[int]) -> Sequence[Row[*tuple[Any, ...]]]:
    """``(MemberTransfer, name, sends, receives)``, locked; 404 if one of them isn't the actor's to see."""
    rows = session.execute(
        select(
            MemberTransfer,
            shown_name(actor).label("name"),
            acts_for(actor, MemberTransfer, Side.SENDING).label("sends"),
            acts_for(actor, MemberTransfer, Side.RECEIVING).label("receives"),
        )
        .outerjoin(Member, Member.id == MemberTransfer.member_id)
        .where(MemberTransfer.id == func.any(list(transfer_ids)), visible_to(actor, MemberTransfer))
        .order_by(MemberTransfer.id)
        .with_for_update(of=MemberTransfer)
        .execution_options(populate_existing=True)
    ).all()
    if len(rows) != len(transfer_ids):
        raise not_found("member_transfer")
    return rows


def _sides(row: Row[*tuple[Any, ...]]) -> set[Side]:
    return {side for side, acts in ((Side.SENDING, row.sends), (Side.RECEIVING, row.receives)) if acts}


def _tell_who(
    session: Session, actor: Actor, refused: RuleViolation, transfer: MemberTransfer
) -> RuleViolation:
    """Who came first, and when: by name where it was a colleague, else as the other side."""
    if refused.code != "transfer_decided":
        return refused
    who = session.scalar(
        select(Account.first_name).where(Account.id == transfer.decided_by, visible_to(actor, Account))
    )
    code = "transfer_decided" if who else "transfer_decided_there"
    return RuleViolation(code, status=409, state=transfer.state, who=who, at=transfer.decided_at)


def _who_can_go(session: Session, rows: Sequence[Row[*tuple[Any, ...]]]) -> tuple[list[Any], list[LeftOut]]:
    """Of transfers to be accepted, those whose members can move now; and why the others can't."""
    by_member = {row.MemberTransfer.member_id: row for row in rows}
    stopped: dict[int, LeftOut] = {}
    targets = [row.MemberTransfer.to_union_id for row in by_member.values()]
    for found in obstacles(session, list(by_member), targets):
        code = obstacle_to_moving(
            in_that_union=found.in_that_union, there_already=found.there_already, submitted=found.submitted
        )
        if code is not None:
            row = by_member[found.member_id]
            transfer_id = row.MemberTransfer.id
            stopped[transfer_id] = LeftOut(transfer_id, row.name, RuleViolation(code, status=409))
    return [row for row in rows if row.MemberTransfer.id not in stopped], list(stopped.values())
