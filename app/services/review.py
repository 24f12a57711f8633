"""Second-level and district reviewers: approve, take back, return (M4.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, func, select, text, update
from sqlalchemy.orm import Session

from app.models import Enrolment, EnrolmentBatch, EventObject, ReasonKind, Union
from app.queries.years import closed_for, require_window
from app.rules.auditing import AuditKind
from app.rules.enrolment import BatchAction, BatchStatus, EnrolmentStatus, next_status, sources
from app.rules.messages import MessageKind
from app.rules.two_people import own_work
from app.rules.violations import RuleViolation, not_found
from app.rules.years import WindowName
from app.security.access_log import note
from app.security.actor import Actor
from app.security.roles import Permission, require
from app.security.visible import get_visible, visible_to
from app.services.batch_moves import move_batches
from app.services.events import record
from app.services.messages import tell_operators
from app.services.reasons import require_reason
from app.services.terms import free_plan


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of one batch of many: ``problem`` is empty where the action succeeded."""

    batch_id: int
    problem: RuleViolation | None = None


def approve_batches(
    session: Session, actor: Actor, *, batch_ids: Sequence[int], now: datetime
) -> list[Decision]:
    """添加至待提交, each batch by itself: the others go on where one can't.

    A constant number of statements, however many batches and people. Nobody approves what they submitted
    themselves (``own_batch``).
    """
    return _move(session, actor, BatchAction.APPROVE, batch_ids, now)


def unapprove_batches(
    session: Session, actor: Actor, *, batch_ids: Sequence[int], now: datetime
) -> list[Decision]:
    """移除 from the submission list: back to waiting for approval."""
    return _move(session, actor, BatchAction.UNAPPROVE, batch_ids, now)


def return_batch(
    session: Session,
    actor: Actor,
    *,
    batch_id: int,
    reason_code: str,
    text: str = "",
    member_ids: Sequence[int] = (),
    now: datetime,
) -> EnrolmentBatch:
    """退回 with a reason and optional marks on single members: frees the people, and the plan with the
    union's last live batch."""
    require(actor, Permission.REVIEW)
    note = require_reason(session, ReasonKind.RETURN, reason_code, text)
    # Order of locks: union, batch, rows.
    seen = get_visible(session, actor, EnrolmentBatch, batch_id)
    union = session.scalar(select(Union).where(Union.id == seen.union_id).with_for_update(key_share=True))
    assert union is not None
    batch = get_visible(session, actor, EnrolmentBatch, batch_id, lock=True)
    require_window(session, batch.year, WindowName.REVIEW, union, now)
    before = batch.status
    batch.status = _next_or_tell_who(session, batch, BatchAction.RETURN)
    batch.return_reason, batch.return_text = reason_code, note
    batch.reviewed_level = actor.level
    batch.decided_by, batch.decided_at, batch.updated_at = actor.account_id, now, now
    session.flush()
    _void_people(session, batch, member_ids)
    free_plan(session, [batch.union_id], batch.year)
    record(
        session,
        actor,
        EventObject.ENROLMENT_BATCH,
        batch.id,
        BatchAction.RETURN,
        now=now,
        scope=batch,
        from_state=before,
        to_state=batch.status,
        reason_code=reason_code,
        text=note,
        facts={"marked": len(set(member_ids))},
    )
    tell_operators(session, MessageKind.BATCH_RETURNED, [batch.id], now)
    return batch


def _move(
    session: Session, actor: Actor, action: BatchAction, batch_ids: Sequence[int], now: datetime
) -> list[Decision]:
    require(actor, Permission.REVIEW)
    wanted = list(dict.fromkeys(batch_ids))
    if not wanted:
        raise RuleViolation("no_batch_ticked", field="ids")
    (source,) = sources(action)
    target = next_status(source, action)
    reached = session.execute(
        select(
            EnrolmentBatch.id,
            EnrolmentBatch.status,
            EnrolmentBatch.year,
            EnrolmentBatch.union_id,
            EnrolmentBatch.second_id,
            EnrolmentBatch.district_id,
            EnrolmentBatch.submitted_by,
        )
        .where(EnrolmentBatch.id == func.any(wanted), visible_to(actor, EnrolmentBatch))
        .order_by(EnrolmentBatch.id)
        .with_for_update()
    ).all()
    problems = _window_problems(session, reached, now)
    problems |= _state_problems(
        session, [row for row in reached if row.status is not source and row.id not in problems], action
    )
    if action is BatchAction.APPROVE:
        problems |= _own_batches(session, actor, [row for row in reached if row.id not in problems])
    moving = [row.id for row in reached if row.id not in problems]
    level = actor.level if action is BatchAction.APPROVE else None
    move_batches(
        session,
        actor,
        action,
        source,
        target,
        moving,
        now,
        decided_by=actor.account_id,
        decided_at=now,
        reviewed_level=level,
    )
    if action is BatchAction.APPROVE:
        tell_operators(session, MessageKind.BATCH_APPROVED, moving, now)
    found = {row.id for row in reached}
    return [
        Decision(batch_id, problems.get(batch_id) if batch_id in found else not_found("enrolment_batch"))
        for batch_id in wanted
    ]


def _own_batches(session: Session, actor: Actor, batches: Sequence[Any]) -> dict[int, RuleViolation]:
    """Batches that the actor submitted: refused, and noted in the audit log, since the others go on."""
    judged = {row.id: own_work("own_batch", row.submitted_by, actor.account_id) for row in batches}
    own = {batch_id: refused for batch_id, refused in judged.items() if refused}
    if own:
        note(
            session,
            AuditKind.REFUSAL,
            "approve",
            table="enrolment_batch",
            ids=list(own),
            rows=len(own),
            facts={"code": "own_batch"},
        )
    return own


def _window_problems(session: Session, batches: Sequence[Any], now: datetime) -> dict[int, RuleViolation]:
    """Batches whose union has no open review window: two look-ups a year, whatever their number."""
    problems: dict[int, RuleViolation] = {}
    for year in {row.year for row in batches}:
        of_year = [row for row in batches if row.year == year]
        problems |= closed_for(session, year, WindowName.REVIEW, of_year, now)
    return problems


def _state_problems(
    session: Session, batches: Sequence[Any], action: BatchAction
) -> dict[int, RuleViolation]:
    """For batches that are elsewhere in their life already: who moved them there, and when."""
    if not batches:
        return {}
    last = last_moves(session, [row.id for row in batches])
    problems = {}
    for row in batches:
        who, at = last.get(row.id, ("", None))
        problems[row.id] = RuleViolation(
            "wrong_state", status=409, action=action, state=row.status, who=who, at=at
        )
    return problems


def last_moves(session: Session, batch_ids: Sequence[int]) -> dict[int, tuple[str, datetime]]:
    """Who changed each batch last, and when: told to whoever comes second."""
    rows = session.execute(
        text(
            """
            SELECT DISTINCT ON (object_id) object_id, actor_name, at
              FROM event
             WHERE object_kind = 'enrolment_batch' AND object_id = ANY(:ids)
             ORDER BY object_id, sequence DESC
            """
        ),
        {"ids": list(batch_ids)},
    )
    return {row.object_id: (row.actor_name, row.at) for row in rows}


def _next_or_tell_who(session: Session, batch: EnrolmentBatch, action: BatchAction) -> BatchStatus:
    try:
        return next_status(batch.status, action)
    except RuleViolation as refused:
        who, at = last_moves(session, [batch.id]).get(batch.id, ("", None))
        raise RuleViolation(
            refused.code, status=refused.status, action=action, state=batch.status, who=who, at=at
        ) from None


def _void_people(session: Session, batch: EnrolmentBatch, member_ids: Sequence[int]) -> None:
    in_batch = (Enrolment.year == batch.year, Enrolment.batch_id == batch.id)
    if member_ids:
        mark = (
            update(Enrolment)
            .where(*in_batch, Enrolment.member_id == func.any(list(set(member_ids))))
            .values(marked=True)
            .execution_options(synchronize_session=False)
        )
        if cast(CursorResult[Any], session.execute(mark)).rowcount != len(set(member_ids)):
            raise not_found("member")
    session.execute(
        update(Enrolment)
        .where(*in_batch)
        .values(status=EnrolmentStatus.VOID)
        .execution_options(synchronize_session=False)
    )
