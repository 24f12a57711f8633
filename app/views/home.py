"""工作台: the year, the work that waits, the figures of one's own part of the tree, and who joined when (M3.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import current_app, request, url_for
from flask_appbuilder import expose
from flask_babel.speaklater import LazyString
from sqlalchemy.orm import Session

from app.clock import now, today
from app.extensions import db
from app.labels import label
from app.queries.home import TreeFigures, preparations, tree_figures
from app.queries.joining import joined_by_day
from app.queries.todos import Todo, todos
from app.rules.joining import Days, Span, chosen_days, days_of
from app.rules.violations import RuleViolation
from app.security.needs import needs
from app.security.roles import Permission, may
from app.views.base import Screen
from app.views.calendar import granted_extensions, year_at_work, year_steps
from app.views.open_now import window_lines
from app.wording import lazy_gettext as _

TODO_WORDS = {
    "to_submit_by_card": _("To be submitted (member card)"),
    "to_submit_by_social": _("To be submitted (social security card)"),
    "to_confirm": _("To be confirmed (member card)"),
    "to_confirm_by_social": _("To be confirmed (social security card)"),
    "to_verify": _("Retirement to be verified"),
    "to_check": _("To be checked (social security card)"),
    "returned_by_card": _("Batches returned to you (member card)"),
    "returned_by_social": _("Batches returned to you (social security card)"),
    "to_decide_transfers": _("Transfers to decide"),
    "to_review": _("Batches to review"),
    "to_file": _("Batches to file with the centre"),
    "to_pay": _("District batches to pay"),
    "to_accept": _("District batches to accept"),
    "to_settle": _("Vouchers to settle"),
}

PREPARATION_WORDS = {
    "tree": _("Import the unions"),
    "employers": _("Import the employers"),
    "year": _("Set the protection year"),
    "fees": _("Set the fees"),
    "accounts": _("Create the accounts"),
    "members": _("Import the members"),
}

OPENS_WITH = Span.WEEK


@dataclass(frozen=True, slots=True)
class TodoLink:
    words: LazyString
    count: int
    href: str


class Home(Screen):
    route_base = ""
    default_view = "index"

    @expose("/")
    @needs(Permission.VIEW_HOME)
    def index(self) -> Any:
        """``?span=`` of the joining chart, or its days as ``?from=`` and ``?to=``."""
        session, actor, at = db.session(), self.actor, now()
        year = year_at_work()
        figures = tree_figures(session, actor) if may(actor, Permission.VIEW_MEMBERS) else None
        chart = self._joining(session, figures) if figures else {}
        refusal = chart.get("refusal")
        page = self.render(
            "home/index.html",
            year=year,
            steps=year_steps(year, at) if year else [],
            windows=window_lines(actor, year, granted_extensions(year), at) if year else [],
            preparations=preparations(session, year) if may(actor, Permission.MANAGE_YEARS) else [],
            preparation_words=PREPARATION_WORDS,
            figures=figures,
            todos=[_link(todo) for todo in todos(session, actor, year)] if year else [],
            **chart,
        )
        return page, refusal.status if refusal else 200

    def _joining(self, session: Session, figures: TreeFigures) -> dict[str, Any]:
        """What the chart shows; days that can't be are refused, and what was typed stays."""
        first, last, refusal = request.args.get("from", ""), request.args.get("to", ""), None
        try:
            span, days = _asked(request.args.get("span", ""), first, last)
        except RuleViolation as problem:
            span, days, refusal = OPENS_WITH, days_of(OPENS_WITH, today()), problem
        return {
            "joining": joined_by_day(session, self.actor, days, figures.members),
            "days": days,
            "span": span,
            "spans": [(label(each), url_for("Home.index", span=each), each is span) for each in Span],
            "typed": (first, last) if refusal else (days.first.isoformat(), days.last.isoformat()),
            "refusal": refusal,
        }


def _asked(span: str, first: str, last: str) -> tuple[Span | None, Days]:
    if first or last:
        return None, chosen_days(first, last, today())
    named = Span(span) if span in set(Span) else OPENS_WITH
    return named, days_of(named, today())


def _link(todo: Todo) -> TodoLink:
    known = todo.endpoint in current_app.view_functions
    href = url_for(todo.endpoint, **todo.arguments) if known else ""
    return TodoLink(TODO_WORDS[todo.code], todo.count, href)
