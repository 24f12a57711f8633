"""删除申请 that the asker may see."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session, aliased

from app.models import Account, ErasureRequest, Member, Union
from app.rules.erasure import ErasureState
from app.rules.violations import not_found
from app.security.actor import Actor
from app.security.visible import LARGEST_ID, visible_to

_asker, _decider = aliased(Account), aliased(Account)


def requests_seen(actor: Actor, state: ErasureState | None = None) -> Select[*tuple[Any, ...]]:
    """``(ErasureRequest, Member, union_name, asked_by, decided_by)``; an erased member is but a placeholder."""
    query = (
        select(
            ErasureRequest,
            Member,
            Union.name.label("union_name"),
            _asker.first_name.label("asked_by"),
            _decider.first_name.label("decided_by"),
        )
        .join(Member, Member.id == ErasureRequest.member_id)
        .join(Union, Union.id == ErasureRequest.union_id)
        .outerjoin(_asker, _asker.id == ErasureRequest.requested_by)
        .outerjoin(_decider, _decider.id == ErasureRequest.decided_by)
        .where(visible_to(actor, ErasureRequest))
    )
    return query.where(ErasureRequest.state == state) if state else query


def request_seen(session: Session, actor: Actor, request_id: int) -> Row[*tuple[Any, ...]]:
    """One of them; 404 if there is none or it isn't the asker's to see."""
    found = (
        session.execute(requests_seen(actor).where(ErasureRequest.id == request_id)).first()
        if request_id <= LARGEST_ID
        else None
    )
    if found is None:
        raise not_found("erasure_request")
    return found
