"""定时任务: what runs when, and what the last runs did. Read-only."""

from __future__ import annotations

import re

from flask import current_app, request
from flask_appbuilder import expose
from flask_babel import gettext as _

from app.extensions import db
from app.queries.schedule import last_runs, runs_page
from app.security.needs import needs
from app.security.roles import Permission
from app.views.base import Screen, cursor_of_request

TIMETABLE_KEY = "canbao-timetable"
"""Where the application keeps the scheduler's timetable: (name, crontab) pairs."""

JOBS = {
    "jobs.sweep_stalled": lambda: _("Take back jobs of workers that died"),
    "imports.give_up": lambda: _("End imports that nobody works on any more"),
    "audit.seal": lambda: _("Chain the new entries of the audit log"),
    "sessions.end": lambda: _("End sessions that are over"),
    "figures.snapshot": lambda: _("Write down how the day ended"),
    "check.nightly": lambda: _("Re-derive every figure from its rows"),
    "records.forget_old": lambda: _("Forget finished jobs and old answers"),
}

RESULTS = {
    r"none stalled": lambda: _("nothing had stalled"),
    r"(\d+) again, (\d+) failed": lambda again, failed: _(
        "%(again)s jobs started again, %(failed)s given up", again=again, failed=failed
    ),
    r"none abandoned": lambda: _("no import was abandoned"),
    r"(\d+) given up": lambda imports: _("%(imports)s imports given up", imports=imports),
    r"no session over": lambda: _("no session was over"),
    r"(\d+) sessions over": lambda ended: _("%(ended)s sessions were over", ended=ended),
    r"job (\d+)": lambda job: _("handed to the worker as job %(job)s", job=job),
    r"nothing new": lambda: _("there was nothing new"),
    r"(\d+) chained, the last is link (\d+)": lambda made, last: _(
        "%(made)s entries chained, the last is link %(last)s", made=made, last=last
    ),
    r"(\S+) counted, (\d+) figures new": lambda day, figures: _(
        "%(day)s was counted, %(figures)s figures had changed", day=day, figures=figures
    ),
    r"already waiting": lambda: _("was waiting for the worker already"),
}
"""The sayings of the scheduler's routines."""


class Schedule(Screen):
    route_base = "/schedule"

    @expose("/")
    @needs(Permission.MANAGE_YEARS)
    def runs(self) -> str:
        session = db.session()
        timetable = current_app.extensions[TIMETABLE_KEY]
        name = request.args.get("name", "")[:80]
        last = last_runs(session, [entry for entry, _ in timetable])
        return self.render(
            "schedule/runs.html",
            lines=[(entry, crontab, last.get(entry)) for entry, crontab in timetable],
            names=[(entry, job_words(entry)) for entry, _ in timetable],
            asked=name,
            page=runs_page(session, name, cursor_of_request()),
            job_words=job_words,
            crontab_words=crontab_words,
            result_words=result_words,
        )


def job_words(name: str) -> str:
    """What a job is for; a job without words keeps its name."""
    return JOBS[name]() if name in JOBS else name


def result_words(result: str) -> str:
    """What a run said it did, in the reader's language; what isn't one of the known sayings stays as it is."""
    for saying, words in RESULTS.items():
        found = re.fullmatch(saying, result)
        if found:
            return words(*found.groups())
    return result


def crontab_words(crontab: str) -> str:
    """The commonest crontabs in words, Shanghai time; others as they are."""
    minute, hour, *rest = crontab.split()
    if rest == ["*", "*", "*"] and (minute, hour) == ("*", "*"):
        return _("every minute")
    if rest == ["*", "*", "*"] and minute.isdigit() and hour.isdigit():
        return _("every day at %(time)s", time=f"{int(hour):02d}:{int(minute):02d}")
    if rest == ["*", "*", "*"] and minute.isdigit() and hour == "*":
        return _("every hour at minute %(minute)s", minute=int(minute))
    return crontab
