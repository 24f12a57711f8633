"""后台任务: what waits, runs and failed in the job queue, and beginning again or stopping it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString
from sqlalchemy.orm import Session

from app.clock import now
from app.extensions import db
from app.queries.jobs import jobs, queue_figures
from app.rules.jobs import ENDED_BADLY, OPEN, JobState, may_cancel, may_retry
from app.rules.violations import RuleViolation
from app.security.needs import needs
from app.security.roles import Permission
from app.services.jobs import cancel_job, retry_job
from app.views.base import Screen
from app.views.choices import ROW_ID

TASKS: Mapping[str, LazyString] = {
    "housekeeping.check": _("Re-derive every figure from its rows"),
    "housekeeping.forget": _("Forget finished jobs and old answers"),
    "imports.check": _("Check an uploaded workbook"),
    "imports.commit": _("Take over the right rows of a workbook"),
    "mail.send": _("Send a letter"),
    "schedule.run_now": _("Run a line of the timetable now"),
    "schedule.run_again": _("Run a failed boundary again"),
}
"""What a job is for."""

TABS: Mapping[str, tuple[JobState, ...]] = {"open": OPEN, "ended": ENDED_BADLY, "done": (JobState.SUCCEEDED,)}


class Jobs(Screen):
    route_base = "/schedule/jobs"

    @expose("/")
    @needs(Permission.MANAGE_SCHEDULE)
    def list(self) -> Any:
        return self._list()

    @expose(f"/{ROW_ID}/retry", methods=["POST"])
    @needs(Permission.MANAGE_SCHEDULE)
    def retry(self, row_id: int) -> Any:
        def retry(session: Session) -> int:
            retry_job(session, self.actor, job_id=row_id)
            return row_id

        try:
            self.made_once(retry, now())
        except RuleViolation as refusal:
            return self._refused(refusal)
        flash(_("The job waits for a worker again."), "ok")
        return redirect(url_for("Jobs.list"))

    @expose(f"/{ROW_ID}/cancel", methods=["POST"])
    @needs(Permission.MANAGE_SCHEDULE)
    def cancel(self, row_id: int) -> Any:
        try:
            stopped = self.made_once(
                lambda session: int(cancel_job(session, self.actor, job_id=row_id)), now()
            )
        except RuleViolation as refusal:
            return self._refused(refusal)
        flash(
            _("The job has been cancelled.")
            if stopped
            else _("The job has been asked to stop; it does so where it next looks."),
            "ok",
        )
        return redirect(url_for("Jobs.list"))

    def _refused(self, refusal: RuleViolation) -> Any:
        if refusal.status in (403, 404):
            raise refusal
        return self._list(refusal), refusal.status

    def _list(self, refusal: RuleViolation | None = None) -> str:
        session, asked = db.session(), request.args.get("tab", "")
        tab = asked if asked in TABS else "open"
        figures = queue_figures(session)
        return self.render(
            "schedule/jobs.html",
            tab=tab,
            tabs={name: sum(figures.counts[state] for state in states) for name, states in TABS.items()},
            jobs=jobs(session, TABS[tab]),
            workers=figures.workers,
            stuck=figures.workers == 0 and figures.waits,
            slow=figures.waits_long,
            words=TASKS,
            may_cancel=may_cancel,
            may_retry=may_retry,
            refusal=refusal,
        )
