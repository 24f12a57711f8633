"""Requests that may be repeated safely: the same key gives the same answer (design section 4)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from app.models import IdempotencyKey
from app.rules.violations import RuleViolation
from app.security.actor import Actor

KEY_MAX = 200


def once(
    session: Session,
    actor: Actor,
    *,
    key: str | None,
    endpoint: str,
    body: bytes,
    now: datetime,
    perform: Callable[[], tuple[int, Any]],
) -> tuple[int, Any]:
    """``perform`` at most once per account and key; answers ``(status, JSON answer)``, stored or fresh.

    A second request waits for the first one's transaction. Only success is stored: what was refused may be
    tried again with the same key. Raises ``key_reused`` (409) for another endpoint or body.
    """
    if not key:
        return perform()
    if len(key) > KEY_MAX:
        raise RuleViolation("key_too_long", status=400, field="Idempotency-Key", limit=KEY_MAX)
    digest = hashlib.sha256(body).hexdigest()
    claimed = session.scalar(
        upsert(IdempotencyKey)
        .values(account_id=actor.account_id, key=key, endpoint=endpoint, body_hash=digest, created_at=now)
        .on_conflict_do_nothing()
        .returning(IdempotencyKey.key)
    )
    row = session.get_one(IdempotencyKey, (actor.account_id, key), populate_existing=True)
    if claimed is None:
        if (row.endpoint, row.body_hash) != (endpoint, digest) or row.status is None:
            raise RuleViolation("key_reused", status=409, field="Idempotency-Key")
        return row.status, row.answer
    row.status, row.answer = perform()
    return row.status, row.answer
