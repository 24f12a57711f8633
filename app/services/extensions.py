"""Longer windows for single unions and districts: granted with a reason, ended early where they are not needed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import EventObject, ProtectionWindow, ProtectionYear, Union, WindowExtension
from app.queries.years import get_year
from app.rules.organisation import UnionLevel
from app.rules.violations import RuleViolation, not_found
from app.rules.years import WindowName, check_dates, check_extension
from app.security.actor import Actor
from app.security.roles import Permission, require
from app.security.visible import visible_to
from app.services.events import record, scope_of
from app.services.messages import tell_of_extension

REASON_MAX = 200


def grant_extension(
    session: Session,
    actor: Actor,
    *,
    year: int,
    window: WindowName,
    union_code: str,
    closes_at: datetime,
    reason: str,
    opens_at: datetime | None = None,
    now: datetime,
) -> WindowExtension:
    """Keep a window open longer for a union and all below it, from ``opens_at`` (now) to ``closes_at``.

    Raises ``extension_union_unknown``, ``extension_union_level``, ``reason_missing``, ``reason_long``,
    ``extension_order``, ``extension_past``, ``extension_no_longer``, ``date_far`` or ``window_unset``.
    """
    require(actor, Permission.MANAGE_YEARS)
    protection_year = get_year(session, year)
    reason = reason.strip()
    if not reason:
        raise RuleViolation("extension_reason_missing", field="reason")
    if len(reason) > REASON_MAX:
        raise RuleViolation("extension_reason_long", field="reason", limit=REASON_MAX)
    union = session.scalar(select(Union).where(Union.code == union_code.strip(), visible_to(actor, Union)))
    if union is None:
        raise RuleViolation("extension_union_unknown", field="union_code", union=union_code.strip()[:40])
    if union.level in (None, UnionLevel.MUNICIPAL):
        raise RuleViolation("extension_union_level", field="union_code", union=union.name)
    stored = session.get(ProtectionWindow, (year, window))
    if stored is None:
        raise RuleViolation("window_unset")
    check_extension(stored.as_rule(), opens_at or now, closes_at, now)
    check_dates(
        protection_year.cover_start,
        protection_year.cover_end,
        {"opens_at": opens_at or now, "closes_at": closes_at},
    )
    extension = WindowExtension(
        year=year,
        window=window,
        opens_at=opens_at or now,
        closes_at=closes_at,
        reason=reason,
        granted_by=actor.account_id or None,
        granted_at=now,
        **scope_of(union),
    )
    session.add(extension)
    # Events of one year queue up behind its row, so that their chain has no fork.
    session.execute(select(ProtectionYear.year).where(ProtectionYear.year == year).with_for_update())
    session.flush()
    record(
        session,
        actor,
        EventObject.YEAR,
        year,
        "extend",
        now=now,
        scope=union,
        text=reason,
        facts={
            "window": window.value,
            "union": union.code,
            "opens_at": extension.opens_at.isoformat(),
            "closes_at": closes_at.isoformat(),
        },
    )
    tell_of_extension(session, extension, now)
    return extension


def end_extension(session: Session, actor: Actor, *, extension_id: int, now: datetime) -> WindowExtension:
    """End an extension now; one that hasn't begun is taken back altogether.

    Raises ``not_found`` (404), and ``extension_over`` (409) for one that has ended by itself.
    """
    require(actor, Permission.MANAGE_YEARS)
    mine = (WindowExtension.id == extension_id, visible_to(actor, WindowExtension))
    found: WindowExtension | None = session.scalar(select(WindowExtension).where(*mine))
    if found is None:
        raise not_found("window_extension")
    session.execute(select(ProtectionYear.year).where(ProtectionYear.year == found.year).with_for_update())
    session.refresh(found, with_for_update=True)
    if found.closes_at <= now:
        raise RuleViolation("extension_over", status=409, closes_at=found.closes_at)
    union = session.get_one(Union, found.union_id)
    facts = {
        "window": found.window.value,
        "union": union.code,
        "before": [found.opens_at.isoformat(), found.closes_at.isoformat()],
    }
    if found.opens_at < now:
        found.granted_until, found.closes_at, found.ended_by = found.closes_at, now, actor.account_id or None
    else:
        session.delete(found)
    session.flush()
    record(
        session,
        actor,
        EventObject.YEAR,
        found.year,
        "end_extension",
        now=now,
        scope=union,
        text=found.reason,
        facts=facts,
    )
    return found
