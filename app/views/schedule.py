"""定时任务: what runs when, and what the last runs did. Read-only."""

from __future__ import annotations

from flask import current_app, request
from flask_appbuilder import expose

from app.extensions import db
from app.queries.schedule import last_runs, runs_page
from app.security.needs import needs
from app.security.roles import Permission
from app.views.base import Screen, cursor_of_request
from app.views.schedule_words import crontab_words, line_words, result_words, touched_words

TIMETABLE_KEY = "canbao-timetable"
"""Where the application keeps the scheduler's timetable: (name, crontab) pairs."""


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
            names=[(entry, line_words(entry)) for entry, _ in timetable],
            asked=name,
            page=runs_page(session, name, cursor_of_request()),
            line_words=line_words,
            crontab_words=crontab_words,
            result_words=result_words,
            touched_words=touched_words,
        )
