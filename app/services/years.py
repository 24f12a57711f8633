"""Setting a protection year with its windows, plans and texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from app.models import (
    EnrolmentBatch,
    EventObject,
    Plan,
    ProtectionWindow,
    ProtectionYear,
    YearPlan,
)
from app.rules.enrolment import LIVE_BATCHES
from app.rules.violations import RuleViolation
from app.rules.year_texts import TEXT_LIMIT, default_texts, retirement_warning
from app.rules.years import (
    InstantStartRule,
    Move,
    Window,
    WindowName,
    check_cover,
    check_dates,
    check_plan,
    check_windows,
)
from app.security.actor import Actor
from app.security.roles import Permission, require
from app.services.events import record

VOUCHER_DUE_DAYS_MOST = 366


@dataclass(frozen=True, slots=True)
class YearDraft:
    """What the municipal administrator sets for a year; ends of time are exclusive, Asia/Shanghai.

    ``texts`` overrides texts and bank account of the notices by name (``app.rules.year_texts``); what is
    not named keeps its text, and in a new year takes the one of 2025.
    """

    cover_start: date
    cover_end: date
    windows: Mapping[WindowName, tuple[datetime, datetime]]
    grassroots_payment_due: datetime
    plans: Sequence[str]
    voucher_due_days: int = 15
    half_year_from: date | None = None
    instant_start_rule: InstantStartRule = InstantStartRule.APPROVED_PLUS_1
    texts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def put_year(session: Session, actor: Actor, *, year: int, draft: YearDraft, now: datetime) -> ProtectionYear:
    """Create or change a protection year.

    Raises by the field to mend: ``window_order``, ``window_missing``, ``cover_order``, ``cover_year``,
    ``voucher_days``, ``half_year_outside``, ``plans_empty``, ``plan_unknown``, ``text_empty``,
    ``year_text_length``; and, once batches live, ``plan_in_use`` or ``cover_in_use`` (409).
    """
    stored = session.scalar(select(ProtectionYear).where(ProtectionYear.year == year).with_for_update())
    plans, texts = check_draft(session, actor, year=year, draft=draft, stored=stored)
    moves = moves_of(stored, draft) if stored is not None else []
    before = _facts(session, stored) if stored is not None else {}
    protection_year = stored or ProtectionYear(year=year)
    values: dict[str, Any] = {
        "cover_start": draft.cover_start,
        "cover_end": draft.cover_end,
        "grassroots_payment_due": draft.grassroots_payment_due,
        "voucher_due_days": draft.voucher_due_days,
        "half_year_from": draft.half_year_from,
        "instant_start_rule": draft.instant_start_rule,
        "updated_at": now,
        **texts,
    }
    for name, value in values.items():
        setattr(protection_year, name, value)
    session.add(protection_year)
    session.flush()
    _write_windows(session, year, draft.windows)
    _write_plans(session, year, plans)
    session.refresh(protection_year)
    after = _facts(session, protection_year)
    record(
        session,
        actor,
        EventObject.YEAR,
        year,
        "change" if before else "create",
        now=now,
        facts={name: value for name, value in after.items() if before.get(name) != value},
    )
    for move in moves:
        record(session, actor, EventObject.YEAR, year, "move", now=now, facts=move.facts())
    return protection_year


def check_draft(
    session: Session, actor: Actor, *, year: int, draft: YearDraft, stored: ProtectionYear | None
) -> tuple[list[str], dict[str, str]]:
    """Refuse what ``put_year`` refuses, and change nothing; the plans and the texts that it would store."""
    require(actor, Permission.MANAGE_YEARS)
    _check(draft, year)
    plans = _known_plans(session, draft.plans)
    texts = _texts(stored, year, draft)
    if stored is not None:
        _check_live_batches(session, stored, draft, plans)
    return plans, texts


def moves_of(stored: ProtectionYear, draft: YearDraft) -> list[Move]:
    """Which windows the draft moves, in the order of the year, and whether the payment date."""
    spans = {window.name: (window.opens_at, window.closes_at) for window in stored.windows}
    windows = [
        Move(name, spans[name], draft.windows[name])
        for name in WindowName
        if name in spans and name in draft.windows and spans[name] != draft.windows[name]
    ]
    due, moved = stored.grassroots_payment_due, draft.grassroots_payment_due
    return windows + ([Move(None, (due,), (moved,))] if due != moved else [])


def add_plan(session: Session, actor: Actor, *, code: str, name: str, now: datetime) -> Plan:
    """Add a 保障类型. Raises ``plan_code_shape``, ``plan_name_missing``, ``plan_exists``."""
    require(actor, Permission.MANAGE_YEARS)
    code, name = code.strip().upper(), " ".join(name.split())
    check_plan(code, name)
    position = (session.scalar(select(func.max(Plan.position))) or 0) + 1
    plan = session.scalars(
        upsert(Plan).values(code=code, name=name, position=position).on_conflict_do_nothing().returning(Plan)
    ).first()
    if plan is None:
        raise RuleViolation("plan_exists", field="code", status=409, plan=code)
    return plan


def _check(draft: YearDraft, year: int) -> None:
    check_cover(year, draft.cover_start, draft.cover_end)
    check_windows(draft.windows)
    check_dates(draft.cover_start, draft.cover_end, _dates_of(draft))
    if not 1 <= draft.voucher_due_days <= VOUCHER_DUE_DAYS_MOST:
        raise RuleViolation("voucher_days", field="voucher_due_days", most=VOUCHER_DUE_DAYS_MOST)
    if draft.half_year_from and not draft.cover_start < draft.half_year_from <= draft.cover_end:
        raise RuleViolation("half_year_outside", field="half_year_from")


def _dates_of(draft: YearDraft) -> dict[str, datetime]:
    """The draft's instants by their fields."""
    ends = ("opens_at", "closes_at")
    windows = {
        f"{name}_{end}": instant
        for name, span in draft.windows.items()
        for end, instant in zip(ends, span, strict=True)
    }
    return windows | {"grassroots_payment_due": draft.grassroots_payment_due}


def _known_plans(session: Session, asked: Sequence[str]) -> list[str]:
    plans = list(dict.fromkeys(asked))
    if not plans:
        raise RuleViolation("plans_empty", field="plans")
    known = set(session.scalars(select(Plan.code).where(Plan.code.in_(plans))))
    unknown = [plan for plan in plans if plan not in known]
    if unknown:
        raise RuleViolation("plan_unknown", field="plans", plan=unknown[0][:40])
    return plans


def _texts(stored: ProtectionYear | None, year: int, draft: YearDraft) -> dict[str, str]:
    """The texts to store: the draft's, else the stored ones, else those of 2025 for these dates."""
    texts = default_texts(year, draft.cover_start)
    unknown = set(draft.texts) - set(texts)
    if unknown:
        raise RuleViolation("text_unknown", field=min(unknown)[:40])
    if stored is not None:
        of_old_dates = retirement_warning(year, stored.cover_start)
        kept = {name: getattr(stored, name) for name in texts}
        if kept["retirement_warning"] == of_old_dates:
            kept["retirement_warning"] = texts["retirement_warning"]
        texts = kept
    for name, text in draft.texts.items():
        if not text.strip():
            raise RuleViolation("text_empty", field=name)
        if len(text) > TEXT_LIMIT:
            raise RuleViolation("year_text_length", field=name, limit=TEXT_LIMIT)
        texts[name] = " ".join(text.split())
    return texts


def _check_live_batches(
    session: Session, stored: ProtectionYear, draft: YearDraft, plans: Sequence[str]
) -> None:
    """What submitted batches stand on can't be taken from under them: their plan and their cover."""
    used = list(
        session.scalars(
            select(EnrolmentBatch.plan)
            .where(EnrolmentBatch.year == stored.year, EnrolmentBatch.status.in_(LIVE_BATCHES))
            .distinct()
            .order_by(EnrolmentBatch.plan)
        )
    )
    dropped = [plan for plan in used if plan not in plans]
    if dropped:
        raise RuleViolation("plan_in_use", field="plans", status=409, plan=dropped[0])
    if used and (stored.cover_start, stored.cover_end) != (draft.cover_start, draft.cover_end):
        raise RuleViolation(
            "cover_in_use", field="cover_start", status=409, start=stored.cover_start, end=stored.cover_end
        )


def _write_windows(
    session: Session, year: int, windows: Mapping[WindowName, tuple[datetime, datetime]]
) -> None:
    statement = upsert(ProtectionWindow).values(
        [
            {"year": year, "name": name, "opens_at": opens_at, "closes_at": closes_at}
            for name, (opens_at, closes_at) in windows.items()
        ]
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["year", "name"],
            set_={"opens_at": statement.excluded.opens_at, "closes_at": statement.excluded.closes_at},
        )
    )


def _write_plans(session: Session, year: int, plans: Sequence[str]) -> None:
    session.execute(delete(YearPlan).where(YearPlan.year == year, YearPlan.plan.not_in(plans)))
    rows = [{"year": year, "plan": plan} for plan in plans]
    session.execute(upsert(YearPlan).values(rows).on_conflict_do_nothing())


def _facts(session: Session, year: ProtectionYear) -> dict[str, Any]:
    """The year as the log keeps it: plain values by name."""
    windows = session.scalars(select(ProtectionWindow).where(ProtectionWindow.year == year.year)).all()
    spans = {window.name: Window(window.name, window.opens_at, window.closes_at) for window in windows}
    plans = session.scalars(select(YearPlan.plan).where(YearPlan.year == year.year).order_by(YearPlan.plan))
    return {
        "cover_start": year.cover_start.isoformat(),
        "cover_end": year.cover_end.isoformat(),
        "grassroots_payment_due": year.grassroots_payment_due.isoformat(),
        "voucher_due_days": year.voucher_due_days,
        "half_year_from": year.half_year_from.isoformat() if year.half_year_from else None,
        "instant_start_rule": year.instant_start_rule.value,
        "plans": list(plans),
        **{
            f"window_{name.value}": [span.opens_at.isoformat(), span.closes_at.isoformat()]
            for name, span in spans.items()
        },
        **{name: getattr(year, name) for name in default_texts(year.year, year.cover_start)},
    }
