"""删除申请: a union asks, a level above decides; what an erasure empties stands in ``app.services.erasing``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.clock import SHANGHAI
from app.models import ErasureRequest, EventObject, Member, Union
from app.queries.personal_data import held_covers, waits_for_transfer
from app.rules.erasure import ErasureAsker, ErasureGround, ErasureState, require_erasable, require_open
from app.rules.two_people import require_another
from app.rules.violations import RuleViolation
from app.security.actor import Actor
from app.security.roles import Permission, require
from app.security.visible import get_visible
from app.services.enrolment import lock_own_union
from app.services.erasing import erase_member, lock_imports_about
from app.services.events import record, scope_of

TEXT_MAX = 200


def request_erasure(
    session: Session,
    actor: Actor,
    *,
    member_id: int,
    ground: ErasureGround,
    asker: ErasureAsker,
    note: str,
    now: datetime,
) -> ErasureRequest:
    """Ask for the erasure of a member of the actor's own union.

    Raises what stands against it (``app.rules.erasure.require_erasable``, ``erasure_while_transferring``) and
    ``erasure_requested`` while an earlier request waits.
    """
    require(actor, Permission.REQUEST_ERASURE)
    union = lock_own_union(session, actor)
    member = get_visible(session, actor, Member, member_id, lock=True)
    _require_erasable(session, member, now)
    request = ErasureRequest(
        member_id=member.id,
        ground=ground,
        asker=asker,
        note=_short(note, "note"),
        state=ErasureState.REQUESTED,
        requested_by=actor.account_id,
        requested_at=now,
        **scope_of(union),
    )
    try:
        with session.begin_nested():
            session.add(request)
            session.flush()
    except IntegrityError as broken:
        raise RuleViolation("erasure_requested", status=409) from broken
    _log(session, actor, request, "request_erasure", now, {"ground": ground, "asker": asker})
    return request


def withdraw_erasure(session: Session, actor: Actor, *, request_id: int, now: datetime) -> ErasureRequest:
    """Take back a request of the actor's own union."""
    require(actor, Permission.REQUEST_ERASURE)
    request = _open_request(session, actor, request_id)
    _decide(request, actor, ErasureState.WITHDRAWN, now)
    _log(session, actor, request, "withdraw_erasure", now)
    return request


def refuse_erasure(
    session: Session, actor: Actor, *, request_id: int, answer: str, now: datetime
) -> ErasureRequest:
    """Leave everything as it is, and tell the union why; never by who asked (``erasure_own_request``)."""
    require(actor, Permission.DECIDE_ERASURE)
    request = _open_request(session, actor, request_id)
    require_another("erasure_own_request", request.requested_by, actor.account_id)
    if not answer.strip():
        raise RuleViolation("reason_missing", field="answer")
    request.answer = _short(answer, "answer")
    _decide(request, actor, ErasureState.REFUSED, now)
    _log(session, actor, request, "refuse_erasure", now)
    return request


def approve_erasure(session: Session, actor: Actor, *, request_id: int, now: datetime) -> ErasureRequest:
    """Erase, at once and for good. What stands against it is asked again: much may have happened meanwhile.

    Raises ``erasure_own_request`` (two people decide, never one) and ``erasure_member_moved``.
    """
    require(actor, Permission.DECIDE_ERASURE)
    seen = get_visible(session, actor, ErasureRequest, request_id)
    require_open(seen.state)
    require_another("erasure_own_request", seen.requested_by, actor.account_id)
    lock_imports_about(session, seen.member_id)
    request = _open_request(session, actor, request_id)
    member = session.get_one(Member, request.member_id, with_for_update=True, populate_existing=True)
    if member.union_id != request.union_id:
        raise RuleViolation("erasure_member_moved", status=409)
    _require_erasable(session, member, now)
    request.erased = erase_member(session, member, now)
    request.note = ""
    _decide(request, actor, ErasureState.ERASED, now)
    _log(session, actor, request, "erase", now, request.erased)
    return request


def obstacle_to_erasure(session: Session, member: Member, now: datetime) -> RuleViolation | None:
    """What stands against erasing a member now, told before anybody asks."""
    try:
        _require_erasable(session, member, now)
    except RuleViolation as refusal:
        return refusal
    return None


def _open_request(session: Session, actor: Actor, request_id: int) -> ErasureRequest:
    """The request, locked after its union: whoever submits the union's members waits, or has gone before."""
    seen = get_visible(session, actor, ErasureRequest, request_id)
    session.execute(select(Union.id).where(Union.id == seen.union_id).with_for_update(key_share=True))
    request = get_visible(session, actor, ErasureRequest, request_id, lock=True)
    require_open(request.state)
    return request


def _require_erasable(session: Session, member: Member, now: datetime) -> None:
    require_erasable(held_covers(session, member.id), now.astimezone(SHANGHAI).date())
    if waits_for_transfer(session, member.id):
        raise RuleViolation("erasure_while_transferring", status=409)


def _decide(request: ErasureRequest, actor: Actor, state: ErasureState, now: datetime) -> None:
    request.state, request.decided_by, request.decided_at = state, actor.account_id, now


def _short(text: str, field: str) -> str:
    trimmed = text.strip()
    if len(trimmed) > TEXT_MAX:
        raise RuleViolation("text_too_long", field=field, limit=TEXT_MAX)
    return trimmed


def _log(
    session: Session,
    actor: Actor,
    request: ErasureRequest,
    action: str,
    now: datetime,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """The log says that, when and by whom, never about whom: it can't be erased."""
    session.flush()
    record(session, actor, EventObject.MEMBER, request.member_id, action, now=now, scope=request, facts=facts)
