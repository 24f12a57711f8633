"""批量转移: members are offered to another union, asked of it, or moved by a union above both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Row, func, select, text
from sqlalchemy.orm import Session

from app.clock import SHANGHAI
from app.models import Member, MemberTransfer, Union
from app.queries.beyond import levels_of_unions, lock_unions, memberships, obstacles, waiting_transfer
from app.rules.identity import ORIGINAL_SEEN, check_document, check_name
from app.rules.members import IdType
from app.rules.messages import MessageKind
from app.rules.organisation import UnionLevel
from app.rules.transfers import (
    Direction,
    TransferAction,
    TransferState,
    obstacle_to_moving,
    obstacle_to_proposing,
)
from app.rules.violations import RuleViolation, not_found
from app.security.actor import Actor
from app.security.masking import mask_id_number
from app.security.persons import key_of
from app.security.roles import Permission, require
from app.security.visible import visible_to
from app.services.messages import tell_side
from app.services.people_lock import lock_people
from app.services.transfer_moves import carry_over, log_transfers

NOTE_MAX = 200

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One member, and where it shall go."""

    member_id: int
    to_union_id: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A member of many who stays where it is, or a transfer that stays as it is, and why."""

    row_id: int
    name: str
    problem: RuleViolation


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of many: the transfers that were made or decided, and what was left out."""

    transfers: list[int]
    left_out: list[LeftOut]


def moves_at_once(actor: Actor) -> bool:
    """Whether the actor stands above the unions it looks after: then nobody else has to agree."""
    return actor.level is not UnionLevel.GRASSROOTS


def send_members(session: Session, actor: Actor, *, wanted: Sequence[Wanted], now: datetime) -> Outcome:
    """批量转移: an operator offers members to other unions; a union above both moves them at once.

    Members who can't go now are left out and named; if nobody can, the first one's reason is raised. A constant
    number of statements, however many members.
    """
    require(actor, Permission.TRANSFER_MEMBERS)
    if not wanted:
        raise RuleViolation("nobody_ticked", field="member_ids")
    if max(len(each.note) for each in wanted) > NOTE_MAX:
        raise RuleViolation("text_too_long", field="note", limit=NOTE_MAX)
    at_once = moves_at_once(actor)
    if at_once and len(wanted) > 1:
        lock_people(session)
    target_of = {each.member_id: each.to_union_id for each in wanted}
    _require_targets(session, actor, set(target_of.values()))
    senders = _unions_of(session, actor, list(target_of))
    lock_unions(session, senders | set(target_of.values()) if at_once else senders)
    if _unions_of(session, actor, list(target_of)) - senders:
        # Somebody left for another union of ours while we waited for the locks.
        raise RuleViolation("list_changed_meanwhile", status=409)
    left_out, going = [], []
    for row in obstacles(session, list(target_of), list(target_of.values())):
        code = (
            obstacle_to_moving(
                in_that_union=row.in_that_union, there_already=row.there_already, submitted=row.submitted
            )
            if at_once
            else obstacle_to_proposing(in_that_union=row.in_that_union, waiting=row.waiting)
        )
        if code is None:
            going.append(row.member_id)
        else:
            left_out.append(LeftOut(row.member_id, row.name, RuleViolation(code, status=409)))
    if not going:
        raise left_out[0].problem
    note_of = {each.member_id: each.note for each in wanted}
    made = list(
        session.scalars(
            text(PROPOSE),
            {
                "direction": Direction.MOVE if at_once else Direction.OFFER,
                "state": TransferState.ACCEPTED if at_once else TransferState.WAITING,
                "now": now,
                "decided_at": now if at_once else None,
                "actor": actor.account_id,
                "decided_by": actor.account_id if at_once else None,
                "members": going,
                "unions": [target_of[member] for member in going],
                "notes": [note_of[member] for member in going],
            },
        )
    )
    log_transfers(session, actor, made, TransferAction.PROPOSE, now)
    tell_side(session, MessageKind.TRANSFER_ASKED, made, now)
    if at_once:
        carry_over(session, actor, made, now)
    return Outcome(made, left_out)


def ask_for_member(
    session: Session,
    actor: Actor,
    *,
    id_type: IdType,
    id_number: str,
    name: str,
    to_union_id: int,
    note: str = "",
    now: datetime,
) -> MemberTransfer:
    """The receiving union asks for somebody whom it knows by document and may not see.

    Whether the name is the recorded one isn't told: the other union compares. Raises ``member_exists``,
    ``person_nowhere``, ``offered_already``, ``transfer_waiting``, or what is wrong with name and number.
    """
    require(actor, Permission.TRANSFER_MEMBERS)
    if len(note.strip()) > NOTE_MAX:
        raise RuleViolation("text_too_long", field="note", limit=NOTE_MAX)
    asked_name = _by_field("name", lambda: check_name(name))
    today = now.astimezone(SHANGHAI).date()
    document = _by_field(
        "id_number", lambda: check_document(id_type, id_number, today=today, remark=ORIGINAL_SEEN)
    )
    to_union = session.scalar(
        select(Union).where(
            Union.id == to_union_id, visible_to(actor, Union), Union.level == UnionLevel.GRASSROOTS
        )
    )
    if to_union is None:
        raise not_found("trade_union")
    person = key_of(id_type, document.number)
    member = _locked_elsewhere(session, person, to_union)
    waiting = waiting_transfer(session, member.member_id)
    if waiting is not None:
        to_us = waiting.to_union_id == to_union.id and waiting.direction == Direction.OFFER
        raise RuleViolation("offered_already" if to_us else "transfer_waiting", status=409, field="id_number")
    made = MemberTransfer(
        member_id=member.member_id,
        direction=Direction.ASK,
        state=TransferState.WAITING,
        from_union_id=member.union_id,
        from_second_id=member.second_id,
        from_district_id=member.district_id,
        to_union_id=to_union.id,
        to_second_id=to_union.second_id,
        to_district_id=to_union.district_id,
        asked_name=asked_name,
        asked_number=mask_id_number(document.number),
        note=note.strip(),
        proposed_by=actor.account_id,
        proposed_at=now,
    )
    session.add(made)
    session.flush()
    log_transfers(session, actor, [made.id], TransferAction.PROPOSE, now)
    tell_side(session, MessageKind.TRANSFER_ASKED, [made.id], now)
    return made


def _require_targets(session: Session, actor: Actor, union_ids: set[int]) -> None:
    """Grassroots unions, and for a mover from above those it looks after."""
    levels = levels_of_unions(session, union_ids)
    if moves_at_once(actor):
        known = select(Union.id).where(Union.id.in_(union_ids), visible_to(actor, Union))
        levels = {union_id: levels[union_id] for union_id in session.scalars(known)}
    if any(levels.get(union_id) != UnionLevel.GRASSROOTS for union_id in union_ids):
        raise not_found("trade_union")


def _unions_of(session: Session, actor: Actor, member_ids: Sequence[int]) -> set[int]:
    """The unions that the members belong to; 404 if one of them isn't the actor's to see."""
    found = session.execute(
        select(Member.union_id, func.count())
        .where(Member.id == func.any(list(member_ids)), visible_to(actor, Member))
        .group_by(Member.union_id)
    ).all()
    if sum(row[1] for row in found) != len(member_ids):
        raise not_found("member")
    return {row[0] for row in found}


def _locked_elsewhere(session: Session, person: bytes, to_union: Union) -> Row[*tuple[Any, ...]]:
    """The person's membership of another union, which is locked so that it stays there: see ``memberships``."""
    found = memberships(session, person)
    if any(member.union_id == to_union.id for member in found):
        raise RuleViolation("member_exists", field="id_number")
    if not found:
        raise RuleViolation("person_nowhere", field="id_number")
    lock_unions(session, {found[0].union_id})
    return memberships(session, person)[0]


def _by_field(field: str, check: Callable[[], Read]) -> Read:
    try:
        return check()
    except RuleViolation as problem:
        problem.field = field
        raise


PROPOSE = """
    INSERT INTO member_transfer (member_id, direction, state, from_union_id, from_second_id, from_district_id,
                                 to_union_id, to_second_id, to_district_id, note, proposed_by, proposed_at,
                                 decided_by, decided_at)
    SELECT m.id, :direction, :state, m.union_id, m.second_id, m.district_id,
           u.id, u.second_id, u.district_id, wanted.note, :actor, :now, :decided_by, :decided_at
      FROM unnest(CAST(:members AS bigint[]), CAST(:unions AS bigint[]), CAST(:notes AS text[]))
           AS wanted(member_id, union_id, note)
      JOIN member AS m ON m.id = wanted.member_id
      JOIN wall.places_of_unions(CAST(:unions AS bigint[])) AS u ON u.id = wanted.union_id
     ORDER BY m.id
    RETURNING id
"""
