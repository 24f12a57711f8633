"""演练时钟: where the clock of a training is set. The page is there only where the installation is one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.clock import look_again, now, real_now
from app.extensions import db
from app.forms.training import ClockForm
from app.queries.boundaries import boundaries_ahead
from app.rules.violations import RuleViolation, not_found
from app.security.needs import needs
from app.security.roles import Permission
from app.services.training import advance_clock, reset_clock, step_clock
from app.transaction import transaction
from app.views.base import Screen
from app.views.calendar import clock_text
from app.views.schedule_words import line_words

STEPS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}
LAST_SECOND = timedelta(seconds=1)
SHOWN = 8
"""Boundaries that lie ahead."""


class Training(Screen):
    route_base = "/training"

    @expose("/")
    @needs(Permission.MANAGE_YEARS)
    def clock(self) -> str:
        return self._page(ClockForm(formdata=None))

    @expose("/set", methods=["POST"])
    @needs(Permission.MANAGE_YEARS)
    def set(self) -> Any:
        """To a date and time."""
        form = ClockForm()
        if not form.validate_on_submit():
            return self._page(form), 422
        return self._move(
            lambda session, at: advance_clock(session, self.actor, to=form.instant(), now=at), form
        )

    @expose("/step", methods=["POST"])
    @needs(Permission.MANAGE_YEARS)
    def step(self) -> Any:
        """By an hour, a day or a week."""
        by = STEPS.get(request.form.get("by", ""))
        if by is None:
            raise not_found("step")
        return self._move(lambda session, at: step_clock(session, self.actor, by=by, now=at))

    @expose("/boundary", methods=["POST"])
    @needs(Permission.MANAGE_YEARS)
    def boundary(self) -> Any:
        """To a boundary of the year, or to the second before it."""
        asked = request.form.get("at", "")
        coming = {each.at.isoformat(): each.at for each in boundaries_ahead(db.session(), now(), SHOWN)}
        if asked not in coming:
            return self._page(ClockForm(formdata=None), passed=True), 422
        to = coming[asked] - (LAST_SECOND if request.form.get("before") else timedelta())
        return self._move(lambda session, at: advance_clock(session, self.actor, to=to, now=at))

    @expose("/reset", methods=["POST"])
    @needs(Permission.MANAGE_YEARS)
    def reset(self) -> Any:
        return self._move(lambda session, at: reset_clock(session, self.actor, now=at))

    def _move(self, move: Callable[[Session, datetime], datetime], form: ClockForm | None = None) -> Any:
        try:
            with transaction() as session:
                to = move(session, now())
        except RuleViolation as refusal:
            return self._page(form or ClockForm(formdata=None), refusal=refusal), refusal.status
        look_again()
        flash(_("It is %(time)s now.", time=clock_text(to)), "ok")
        return redirect(url_for("Training.clock"))

    def _page(self, form: ClockForm, **context: Any) -> str:
        at = now()
        if not form.is_submitted():
            form.day.data = at.date() + timedelta(days=1)
        return self.render(
            "training/clock.html",
            form=form,
            time=clock_text(at),
            real=clock_text(real_now()),
            ahead=(at - real_now()) > LAST_SECOND,
            boundaries=[
                (each, clock_text(each.at), f"{each.year}: {line_words(each.name)}")
                for each in boundaries_ahead(db.session(), at, SHOWN)
            ],
            **context,
        )
