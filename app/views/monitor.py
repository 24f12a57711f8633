"""集中参保实时监控: from the city down to one union's batches, renewed while somebody looks."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import request
from flask_appbuilder import expose
from sqlalchemy.orm import Session

from app.clock import today
from app.models import Union
from app.queries.monitor import batches_of, path_to, total_of
from app.queries.trend import last_nights
from app.queries.years import get_year, years
from app.rules.monitor import STUCK, Stage
from app.rules.organisation import UnionLevel
from app.rules.violations import RuleViolation, not_found
from app.security.actor import Actor
from app.security.needs import needs
from app.security.roles import Permission, may
from app.security.visible import get_visible
from app.services.shared_figures import PAGE_RENEWS, renew, shared_standings
from app.templating import label, percent
from app.transaction import transaction
from app.views.afterwards import afterwards
from app.views.base import Screen
from app.views.calendar import year_at_work
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


ROWS = 100
"""Of a page; the total is that of all."""


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
        with transaction() as session:
            return self._figures(session, union_id, template)

    def _figures(self, session: Session, union_id: int, template: str) -> Any:
        actor = self.actor
        place = get_visible(session, actor, Union, union_id)
        if place.level is None:
            raise RuleViolation("union_type_unsupported", status=404, union=place.name)
        asked = request.args.get("year", type=int)
        year = get_year(session, asked) if asked else year_at_work()
        if year is None:
            return self.render("monitor/no_year.html")
        shown = shared_standings(session, actor, year.year, place)
        if shown.ageing:
            afterwards(actor, partial(_renew, actor=actor, year=year.year, place_id=place.id))
        rows = shown.rows
        first = min(max(0, request.args.get("first", 0, type=int)), max(0, len(rows) - 1))
        path = path_to(session, actor, place)
        if not path:
            raise not_found("trade_union")
        # Said once, rather than for every row: a page has a hundred.
        words = {stage: str(label(stage)) for stage in Stage}
        return self.render(
            template,
            place=place,
            path=path,
            year=year,
            years=years(session),
            rows=rows[first : first + ROWS],
            before=max(0, first - ROWS) if first else None,
            after=first + ROWS if first + ROWS < len(rows) else None,
            first=first,
            count=len(rows),
            every=PAGE_RENEWS,
            reminds=may(actor, Permission.REMIND),
            standing_still=lambda row: sum(row.stages[stage] for stage in STUCK),
            total=total_of(rows),
            nights=last_nights(session, actor, place.id, year.year, today()) if template == PAGE else [],
            stages=list(Stage),
            words=words,
            segments=lambda row: [(words[stage], row.stages[stage], TONES[stage]) for stage in Stage],
            rate=lambda row: percent(row.people, row.members, 1),
            batches=batches_of(session, actor, year.year, place)
            if place.level is UnionLevel.GRASSROOTS
            else [],
        )


def _renew(session: Session, actor: Actor, year: int, place_id: int) -> None:
    renew(session, actor, year, get_visible(session, actor, Union, place_id))
