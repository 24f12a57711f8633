"""A protection year between its form, its draft, and the year before that it is drawn after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from app.clock import SHANGHAI, midnight
from app.forms.moments import beginning_of, end_of
from app.forms.years import TEXTS, YearForm
from app.models import ProtectionYear
from app.rules.year_texts import default_texts
from app.rules.years import InstantStartRule, WindowName
from app.services.years import YearDraft

DAYS_OF_2025 = {
    WindowName.FEE_SETTING: (date(2024, 10, 25), date(2024, 11, 1)),
    WindowName.GRASSROOTS_SUBMIT: (date(2024, 11, 1), date(2024, 12, 26)),
    WindowName.REVIEW: (date(2024, 11, 1), date(2025, 1, 1)),
    WindowName.DISTRICT_SUBMIT: (date(2024, 12, 26), date(2025, 1, 1)),
    WindowName.INSTANT: (date(2025, 1, 1), date(2026, 1, 1)),
}
"""The windows of the 2025 manual: first day, and the day after the last."""


def draft_of_form(form: YearForm) -> YearDraft:
    """What was typed; call it on a form that is valid."""
    return YearDraft(
        cover_start=form.cover_start.data,
        cover_end=form.cover_end.data,
        windows={name: form.window(name) for name in WindowName},
        grassroots_payment_due=form.payment_due(),
        plans=form.plans.data or [],
        voucher_due_days=form.voucher_due_days.data,
        half_year_from=form.half_year_from.data,
        instant_start_rule=InstantStartRule(form.instant_start_rule.data),
        texts={name: form[name].data for name in TEXTS},
    )


def draft_of_year(year: ProtectionYear, plans: Sequence[str]) -> YearDraft:
    """A stored year as the draft that would leave it as it is."""
    return YearDraft(
        cover_start=year.cover_start,
        cover_end=year.cover_end,
        windows={window.name: (window.opens_at, window.closes_at) for window in year.windows},
        grassroots_payment_due=year.grassroots_payment_due,
        plans=plans,
        voucher_due_days=year.voucher_due_days,
        half_year_from=year.half_year_from,
        instant_start_rule=year.instant_start_rule,
        texts={name: getattr(year, name) for name in TEXTS},
    )


def suggested_draft(year: int, before: ProtectionYear | None, plans: Sequence[str]) -> YearDraft:
    """A new year drawn after the one before, or after 2025: the same days, texts and rules."""
    if before is not None:
        pattern, years = draft_of_year(before, plans), year - before.year
    else:
        pattern, years = _draft_of_2025(plans), year - 2025
    texts = {
        **pattern.texts,
        "retirement_warning": default_texts(year, date(year, 1, 1))["retirement_warning"],
    }
    return replace(
        pattern,
        cover_start=_later(pattern.cover_start, years),
        cover_end=_later(pattern.cover_end, years),
        windows={
            name: (_moment_later(opens_at, years), _moment_later(closes_at, years))
            for name, (opens_at, closes_at) in pattern.windows.items()
        },
        grassroots_payment_due=_moment_later(pattern.grassroots_payment_due, years),
        half_year_from=_later(pattern.half_year_from, years) if pattern.half_year_from else None,
        texts=texts,
    )


def typed_values(draft: YearDraft, year: int) -> dict[str, Any]:
    """A draft as the form shows it."""
    values: dict[str, Any] = {
        "year": year,
        "cover_start": draft.cover_start,
        "cover_end": draft.cover_end,
        "half_year_from": draft.half_year_from,
        "voucher_due_days": draft.voucher_due_days,
        "instant_start_rule": draft.instant_start_rule.value,
        "plans": list(draft.plans),
        **draft.texts,
    }
    due, due_time = end_of(draft.grassroots_payment_due)
    values |= {"grassroots_payment_due": due, "grassroots_payment_due_time": due_time}
    for name, (opens_at, closes_at) in draft.windows.items():
        opens, opens_time = beginning_of(opens_at)
        closes, closes_time = end_of(closes_at)
        values |= {f"{name.value}_opens_at": opens, f"{name.value}_opens_at_time": opens_time}
        values |= {f"{name.value}_closes_at": closes, f"{name.value}_closes_at_time": closes_time}
    return values


def _draft_of_2025(plans: Sequence[str]) -> YearDraft:
    return YearDraft(
        cover_start=date(2025, 1, 1),
        cover_end=date(2025, 12, 31),
        windows={name: (midnight(first), midnight(after)) for name, (first, after) in DAYS_OF_2025.items()},
        grassroots_payment_due=midnight(date(2024, 12, 26)),
        plans=plans,
        half_year_from=date(2025, 7, 1),
        texts=default_texts(2025, date(2025, 1, 1)),
    )


def _later(day: date, years: int) -> date:
    """The same day some years later; 02-29 becomes 02-28 where there is none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def _moment_later(instant: datetime, years: int) -> datetime:
    local = instant.astimezone(SHANGHAI)
    return datetime.combine(_later(local.date(), years), local.timetz())
