"""逾期失效批次: what lapsed, whose it was and why, and the list of people that leads on to instant enrolment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import request
from flask_appbuilder import expose
from flask_babel import gettext as _

from app.extensions import db
from app.labels import choices, label
from app.models import EnrolmentBatch, ProtectionYear
from app.queries.lapsed import LapsedFilter, lapsed_batches, lapsed_totals, uncovered_page
from app.queries.years import get_year, year_in_work, years
from app.rules.enrolment import LapseReason
from app.rules.organisation import UnionLevel
from app.rules.violations import not_found
from app.security.needs import needs
from app.security.roles import Permission, may
from app.security.visible import get_visible
from app.templating import here, number
from app.views.base import Screen, cursor_of_request, id_of_request


class Lapsed(Screen):
    route_base = "/lapsed"

    @expose("/")
    @needs(Permission.VIEW_ENROLMENT)
    def list(self) -> Any:
        session, actor = db.session(), self.actor
        year = _year_asked()
        if year is None:
            return self.render("lapsed/no_year.html")
        why = request.args.get("why", "")
        wanted = LapsedFilter(
            year=year.year,
            why=LapseReason(why) if why in set(LapseReason) else None,
            union_name=request.args.get("union", "").strip()[:100],
        )
        totals = lapsed_totals(session, actor, year.year)
        return self.render(
            "lapsed/list.html",
            year=year,
            years=years(session),
            wanted=wanted,
            reasons=choices(LapseReason),
            totals=totals,
            figures=_figures(totals),
            page=lapsed_batches(session, actor, wanted, cursor_of_request()),
            own=actor.level is UnionLevel.GRASSROOTS,
            reads_people=may(actor, Permission.VIEW_MEMBERS),
        )

    @expose("/people")
    @needs(Permission.VIEW_MEMBERS)
    def people(self) -> Any:
        """Who of them nobody covers now; of one batch with ``?batch=``."""
        session, actor = db.session(), self.actor
        batch_id = id_of_request("batch")
        batch = get_visible(session, actor, EnrolmentBatch, batch_id) if batch_id is not None else None
        year = get_year(session, batch.year) if batch else _year_asked()
        if year is None:
            return self.render("lapsed/no_year.html")
        name = request.args.get("name", "").strip()[:100]
        return self.render(
            "lapsed/people.html",
            year=year,
            batch=batch,
            name=name,
            page=uncovered_page(session, actor, year.year, cursor_of_request(), name=name, batch_id=batch_id),
            own=actor.level is UnionLevel.GRASSROOTS,
        )


def _figures(totals: Sequence[Any]) -> list[tuple[str, str, str]]:
    """A card for each reason: batches and people, and the list behind them."""
    return [
        (
            _(
                "%(batches)s batches, %(people)s people",
                batches=number(row.batches),
                people=number(row.people),
            ),
            str(label(row.why)) if row.why else _("Lapsed"),
            here(why=row.why.value) if row.why else "",
        )
        for row in totals
    ]


def _year_asked() -> ProtectionYear | None:
    """The year that the address names, else the one in work; 404 for one that nobody set."""
    asked = request.args.get("year", "")
    if not asked:
        return year_in_work(db.session())
    if not (asked.isascii() and asked.isdigit() and len(asked) == 4):
        raise not_found("year")
    return get_year(db.session(), int(asked))
