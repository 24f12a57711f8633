"""工作日历: a year's days at a glance, and what they are."""

from __future__ import annotations

from calendar import Calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_babel import format_date, get_locale
from flask_babel import gettext as _

from app.clock import now, today
from app.extensions import db
from app.forms.working_days import DaysForm
from app.models import WorkingDay
from app.queries.working_days import days_entered, years_entered
from app.rules.violations import RuleViolation
from app.rules.working_days import DayKind, is_working_day, working_days
from app.rules.years import check_year
from app.security.needs import needs
from app.security.roles import Permission, may
from app.services.working_days import set_days
from app.transaction import transaction
from app.views.base import Screen


@dataclass(frozen=True, slots=True)
class Day:
    """``mark``: 休 or 班 where the day doesn't go by its weekday. ``words``: what is said of it, aloud too."""

    day: date
    free: bool
    mark: str
    words: str
    today: bool


@dataclass(frozen=True, slots=True)
class Month:
    name: str
    weeks: list[list[Day | None]]
    working: int


class WorkingDays(Screen):
    route_base = "/working-days"

    @expose("/")
    @needs(Permission.VIEW_YEARS)
    def year(self) -> Any:
        asked = _asked_year()
        day = _asked_day(asked)
        form = DaysForm(formdata=None, data=_standing(day) if day else {})
        return self._page(
            asked, form, open_dialog=day is not None and may(self.actor, Permission.MANAGE_YEARS)
        )

    @expose("/", methods=["POST"])
    @needs(Permission.MANAGE_YEARS)
    def change(self) -> Any:
        form = DaysForm()
        if not form.validate_on_submit():
            return self._page(_asked_year(), form, open_dialog=True), 422
        try:
            with transaction() as session:
                days = set_days(
                    session,
                    self.actor,
                    first=form.first.data,
                    last=form.last.data,
                    kind=form.chosen(),
                    name=form.name.data or "",
                    now=now(),
                )
        except RuleViolation as refusal:
            page = self._page(_asked_year(), form, open_dialog=True, refusal=refusal)
            return page, refusal.status
        flash(_("%(days)s days have been entered.", days=days), "ok")
        return redirect(url_for("WorkingDays.year", year=form.first.data.year))

    def _page(self, year: int, form: DaysForm, **context: Any) -> str:
        session = db.session()
        entered = days_entered(session, date(year, 1, 1), date(year, 12, 31))
        years = years_entered(session)
        return self.render(
            "working_days/year.html",
            year=year,
            years=[
                (each, each) for each in sorted({*years, year, today().year, today().year + 1}, reverse=True)
            ],
            months=[_month(year, number, entered) for number in range(1, 13)],
            weekdays=_weekdays(),
            entered=sorted(entered.values(), key=lambda each: each.day),
            form=form,
            may_change=may(self.actor, Permission.MANAGE_YEARS),
            **context,
        )


def _asked_year() -> int:
    """The year that the address names, or this one; raises ``year_range``."""
    asked = request.args.get("year", type=int) or today().year
    check_year(asked)
    return asked


def _asked_day(year: int) -> date | None:
    try:
        day = date.fromisoformat(request.args.get("day", ""))
    except ValueError:
        return None
    return day if day.year == year else None


def _standing(day: date) -> dict[str, Any]:
    """What the form shows of a day that was clicked."""
    entered = db.session().get(WorkingDay, day)
    kind = entered.kind if entered else (DayKind.HOLIDAY if day.weekday() < 5 else DayKind.WORKED)
    return {"first": day, "last": day, "kind": kind.value, "name": entered.name if entered else ""}


def _month(year: int, number: int, entered: Mapping[date, WorkingDay]) -> Month:
    kinds = {day: each.kind for day, each in entered.items()}
    weeks = [
        [_day(day, entered, kinds) if day.month == number else None for day in week]
        for week in Calendar().monthdatescalendar(year, number)
    ]
    days = [each.day for week in weeks for each in week if each]
    name = format_date(days[0], "LLLL")
    return Month(name, weeks, working_days(days[0], days[-1], kinds))


def _day(day: date, entered: Mapping[date, WorkingDay], kinds: Mapping[date, DayKind]) -> Day:
    known = entered.get(day)
    words = [format_date(day, "full")]
    if known:
        mark = _("Off") if known.kind is DayKind.HOLIDAY else _("Work")
        words += [known.name, mark]
    return Day(
        day, not is_working_day(day, kinds), mark if known else "", _(", ").join(words), day == today()
    )


def _weekdays() -> list[tuple[str, str]]:
    """The head of a month: short and whole names, Monday first."""
    days = get_locale().days["stand-alone"]
    return [(days["narrow"][n], days["wide"][n]) for n in range(7)]
