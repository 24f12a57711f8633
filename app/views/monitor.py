"""集中参保实时监控: from the city down to one union's batches, renewed while somebody looks."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_appbuilder import expose

from app.clock import today
from app.extensions import db
from app.models import Union
from app.queries.monitor import batches_of, path_to, standings, total_of
from app.queries.trend import last_nights
from app.queries.years import get_year, year_in_work, years
from app.rules.monitor import Stage
from app.rules.organisation import UnionLevel
from app.rules.violations import RuleViolation, not_found
from app.security.needs import needs
from app.security.roles import Permission
from app.security.visible import get_visible
from app.templating import label, percent
from app.views.base import Screen
from app.views.choices import ROW_ID

TONES = {
    Stage.SETTLED: "ok",
    Stage.FILED: "blue",
    Stage.APPROVED: "go",
    Stage.SUBMITTED: "wait",
    Stage.RETURNED: "bad",
    Stage.LAPSED: "calm",
    Stage.NOT_STARTED: "none",
}
"""The colours of the bars; the same figures stand in the table beside them."""


PAGE, RENEWED = "monitor/live.html", "monitor/_figures.html"
"""The whole page, and the part of it that renews itself."""


class Monitor(Screen):
    route_base = "/monitor"

    @expose("/")
    @needs(Permission.MONITOR)
    def live(self) -> Any:
        """The actor's own place: the city, a district, or a second-level union."""
        return self._page(self.actor.union_id, PAGE)

    @expose(f"/{ROW_ID}")
    @needs(Permission.MONITOR)
    def below(self, row_id: int) -> Any:
        return self._page(row_id, PAGE)

    @expose(f"/{ROW_ID}/figures")
    @needs(Permission.MONITOR)
    def figures(self, row_id: int) -> Any:
        return self._page(row_id, RENEWED)

    def _page(self, union_id: int, template: str) -> Any:
        session, actor = db.session(), self.actor
        place = get_visible(session, actor, Union, union_id)
        if place.level is None:
            raise RuleViolation("union_type_unsupported", status=404, union=place.name)
        asked = request.args.get("year", type=int)
        year = get_year(session, asked) if asked else year_in_work(session)
        if year is None:
            return self.render("monitor/no_year.html")
        rows = standings(session, actor, year.year, place)
        path = path_to(session, actor, place)
        if not path:
            raise not_found("trade_union")
        return self.render(
            template,
            place=place,
            path=path,
            year=year,
            years=years(session),
            rows=rows,
            total=total_of(rows),
            nights=last_nights(session, actor, place.id, year.year, today()) if template == PAGE else [],
            stages=list(Stage),
            segments=lambda row: [(label(stage), row.stages[stage], TONES[stage]) for stage in Stage],
            rate=lambda row: percent(row.people, row.members, 1),
            batches=batches_of(session, actor, year.year, place)
            if place.level is UnionLevel.GRASSROOTS
            else [],
        )
