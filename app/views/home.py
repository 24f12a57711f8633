"""工作台: the figures of one's own part of the tree, the year, and the work that waits (M3.3)."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app, url_for
from flask_appbuilder import expose
from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from app.clock import now
from app.extensions import db
from app.queries.home import Todo, preparations, todos, tree_figures
from app.queries.years import year_in_work
from app.security.needs import needs
from app.security.roles import Permission, may
from app.views.base import Screen
from app.views.calendar import year_steps

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
    def index(self) -> str:
        session, actor = db.session(), self.actor
        year = year_in_work(session)
        return self.render(
            "home/index.html",
            year=year,
            steps=year_steps(year, now()) if year else [],
            preparations=preparations(session, year) if may(actor, Permission.MANAGE_YEARS) else [],
            preparation_words=PREPARATION_WORDS,
            figures=tree_figures(session, actor) if may(actor, Permission.VIEW_MEMBERS) else None,
            todos=[_link(todo) for todo in todos(session, actor, year)] if year else [],
        )


def _link(todo: Todo) -> TodoLink:
    known = todo.endpoint in current_app.view_functions
    href = url_for(todo.endpoint, **todo.arguments) if known else ""
    return TodoLink(TODO_WORDS[todo.code], todo.count, href)
