"""定时任务: what runs when, what the last runs did, and what an administrator does about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import current_app, flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import now
from app.extensions import db
from app.models import SchedulerRun
from app.queries.beyond import name_of_account
from app.queries.boundaries import boundaries_ahead
from app.queries.schedule import last_look, last_runs, pauses, runs_page
from app.rules.violations import RuleViolation, not_found
from app.security.needs import needs
from app.security.roles import Permission
from app.services.schedule import ask_to_run, ask_to_run_again, pause_line, resume_line
from app.views.base import Screen, cursor_of_request
from app.views.choices import ROW_ID
from app.views.schedule_words import crontab_words, line_words, result_words, took_words, touched_words

TIMETABLE_KEY = "canbao-timetable"
"""Where the application keeps the scheduler's `Timetable`."""

BOUNDARIES_SHOWN = 12
SILENCE = timedelta(minutes=5)
"""So long after its last run it seems that no scheduler leads."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the clock; one that guards can't be paused."""

    name: str
    crontab: str
    guards: bool


@dataclass(frozen=True, slots=True)
class Timetable:
    """``year``: the names of what happens at the boundaries of protection years."""

    lines: tuple[Line, ...]
    year: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        return [*(line.name for line in self.lines), *self.year]

    @property
    def guards(self) -> list[str]:
        return [line.name for line in self.lines if line.guards]


class Schedule(Screen):
    route_base = "/schedule"

    @expose("/")
    @needs(Permission.MANAGE_SCHEDULE)
    def runs(self) -> Any:
        return self._page()

    @expose(f"/runs/{ROW_ID}")
    @needs(Permission.MANAGE_SCHEDULE)
    def show(self, row_id: int) -> Any:
        """One run, with the trace if it failed."""
        session = db.session()
        run = session.get(SchedulerRun, row_id)
        if run is None:
            raise not_found("run")
        return self.render(
            "schedule/run.html",
            run=run,
            asked_by=session.scalar(select(name_of_account(run.asked_by))) if run.asked_by else "",
            line_words=line_words,
            result_words=result_words,
            touched_words=touched_words,
            took_words=took_words,
        )

    @expose("/lines/<name>/run", methods=["POST"])
    @needs(Permission.MANAGE_SCHEDULE)
    def run(self, name: str) -> Any:
        known = [line.name for line in _timetable().lines]
        at = now()
        return self._do(
            lambda session: ask_to_run(session, self.actor, name=name, known=known, now=at),
            _("“%(line)s” runs as soon as a worker is free.", line=line_words(name)),
        )

    @expose(f"/runs/{ROW_ID}/again", methods=["POST"])
    @needs(Permission.MANAGE_SCHEDULE)
    def again(self, row_id: int) -> Any:
        return self._do(
            lambda session: ask_to_run_again(session, self.actor, run_id=row_id),
            _("The run goes on as soon as a worker is free."),
        )

    @expose("/lines/<name>/pause", methods=["POST"])
    @needs(Permission.MANAGE_SCHEDULE)
    def pause(self, name: str) -> Any:
        timetable = _timetable()

        def rest(session: Session) -> int:
            pause_line(
                session, self.actor, name=name, pausable=timetable.names, guards=timetable.guards, now=now()
            )
            return 0

        return self._do(rest, _("“%(line)s” rests until it is resumed.", line=line_words(name)))

    @expose("/lines/<name>/resume", methods=["POST"])
    @needs(Permission.MANAGE_SCHEDULE)
    def resume(self, name: str) -> Any:
        def resume(session: Session) -> int:
            resume_line(session, self.actor, name=name)
            return 0

        return self._do(resume, _("“%(line)s” runs again.", line=line_words(name)))

    def _do(self, verb: Callable[[Session], int], done: str) -> Any:
        """A verb done once, however often its form is sent; refused, the page says why."""
        try:
            self.made_once(verb, now())
        except RuleViolation as refusal:
            if refusal.status in (403, 404):
                raise
            return self._page(refusal), refusal.status
        flash(done, "ok")
        return redirect(url_for("Schedule.runs"))

    def _page(self, refusal: RuleViolation | None = None) -> str:
        session, timetable, at = db.session(), _timetable(), now()
        name = request.args.get("name", "")[:80]
        last = last_runs(session, timetable.names)
        looked = last_look(session)
        return self.render(
            "schedule/runs.html",
            lines=[(line, last.get(line.name)) for line in timetable.lines],
            ahead=boundaries_ahead(session, at, BOUNDARIES_SHOWN),
            year_lines=[(line, last.get(line)) for line in timetable.year],
            pauses=pauses(session),
            names=[(line, line_words(line)) for line in timetable.names],
            asked=name,
            silent=looked is None or at - looked > SILENCE,
            page=runs_page(session, name, request.args.get("failed", "") != "", cursor_of_request()),
            only_failed=request.args.get("failed", "") != "",
            line_words=line_words,
            crontab_words=crontab_words,
            result_words=result_words,
            touched_words=touched_words,
            took_words=took_words,
            refusal=refusal,
        )


def _timetable() -> Timetable:
    timetable: Timetable = current_app.extensions[TIMETABLE_KEY]
    return timetable
