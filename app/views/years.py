"""保障年度与窗口: the years, their windows and plans, and longer windows for single unions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _

from app.clock import now
from app.extensions import db
from app.forms.years import ExtensionForm, PlanForm, YearForm
from app.models import ProtectionYear
from app.queries.window_moves import effects_of_move
from app.queries.working_days import day_kinds
from app.queries.years import (
    extensions_concerning,
    extensions_page,
    get_year,
    plans,
    plans_of,
    year_in_work,
    year_lines,
)
from app.rules.violations import RuleViolation
from app.rules.years import Move, WindowName, check_year
from app.security.needs import needs
from app.security.roles import Permission, may
from app.services.extensions import end_extension, grant_extension
from app.services.years import add_plan, check_draft, moves_of, put_year
from app.transaction import transaction
from app.views.base import Screen, cursor_of_request
from app.views.choices import ROW_ID
from app.views.move_words import EFFECTS, fingerprint
from app.views.timeline import span_of, timeline
from app.views.year_drafts import draft_of_form, draft_of_year, suggested_draft, typed_values

CONFIRMED, BACK = "confirmed", "back"


class Years(Screen):
    route_base = "/years"

    @expose("/")
    @needs(Permission.VIEW_YEARS)
    def list(self) -> str:
        return self._list(PlanForm())

    @expose("/plans", methods=["POST"])
    @needs(Permission.MANAGE_YEARS)
    def add_plan(self) -> Any:
        form = PlanForm()
        if not form.validate_on_submit():
            return self._list(form, open_dialog=True), 422
        try:
            with transaction() as session:
                plan = add_plan(session, self.actor, code=form.code.data, name=form.name.data, now=now())
                name = plan.name
        except RuleViolation as refusal:
            return self._list(form, open_dialog=True, refusal=refusal), refusal.status
        flash(_("Plan “%(name)s” can be offered now.", name=name), "ok")
        return redirect(url_for("Years.list"))

    @expose("/new", methods=["GET", "POST"])
    @needs(Permission.MANAGE_YEARS)
    def create(self) -> Any:
        session = db.session()
        before = year_in_work(session)
        year = before.year + 1 if before else now().year + 1
        offered = [plan.code for plan in plans_of(session, before.year)] if before else ["A"]
        suggested = suggested_draft(year, before, offered)
        return self._edit(YearForm(data=typed_values(suggested, year)), None)

    @expose("/<int:year>")
    @needs(Permission.VIEW_YEARS)
    def show(self, year: int) -> str:
        return self._show(get_year(db.session(), year), ExtensionForm())

    @expose("/<int:year>/edit", methods=["GET", "POST"])
    @needs(Permission.MANAGE_YEARS)
    def edit(self, year: int) -> Any:
        session = db.session()
        stored = get_year(session, year)
        offered = [plan.code for plan in plans_of(session, year)]
        return self._edit(YearForm(data=typed_values(draft_of_year(stored, offered), year)), stored)

    @expose("/<int:year>/extensions", methods=["POST"])
    @needs(Permission.MANAGE_YEARS)
    def extend(self, year: int) -> Any:
        form = ExtensionForm()
        stored = get_year(db.session(), year)
        if not form.validate_on_submit():
            return self._show(stored, form, open_dialog=True), 422
        try:
            with transaction() as session:
                grant_extension(
                    session,
                    self.actor,
                    year=year,
                    window=WindowName(form.window.data),
                    union_code=form.union_code.data,
                    closes_at=form.end(),
                    reason=form.reason.data,
                    now=now(),
                )
        except RuleViolation as refusal:
            return self._show(stored, form, open_dialog=True, refusal=refusal), refusal.status
        flash(_("The extension has been granted."), "ok")
        return redirect(url_for("Years.show", year=year))

    def _list(self, form: PlanForm, **context: Any) -> str:
        session = db.session()
        return self.render(
            "years/list.html",
            lines=year_lines(session, now()),
            plans=plans(session),
            form=form,
            may_change=may(self.actor, Permission.MANAGE_YEARS),
            **context,
        )

    def _show(self, year: ProtectionYear, form: ExtensionForm, **context: Any) -> str:
        session, at = db.session(), now()
        extensions = extensions_concerning(session, self.actor, year.year)
        return self.render(
            "years/show.html",
            year=year,
            line=timeline(year, extensions, day_kinds(session, *span_of(year)), at),
            line_year=year.cover_start.year - 1,
            plans=plans_of(session, year.year),
            page=extensions_page(session, self.actor, year.year, cursor_of_request()),
            form=form,
            at_instant=at,
            may_change=may(self.actor, Permission.MANAGE_YEARS),
            **context,
        )

    @expose(f"/<int:year>/extensions/{ROW_ID}/end", methods=["POST"])
    @needs(Permission.MANAGE_YEARS)
    def end_extension(self, year: int, row_id: int) -> Any:
        stored = get_year(db.session(), year)
        try:
            with transaction() as session:
                end_extension(session, self.actor, extension_id=row_id, now=now())
        except RuleViolation as refusal:
            if refusal.status == 404:
                raise
            return self._show(stored, ExtensionForm(formdata=None), refusal=refusal), refusal.status
        flash(_("The extension has ended."), "ok")
        return redirect(url_for("Years.show", year=year))

    def _preview(self, year: int, moves: Sequence[Move]) -> str:
        """Who is affected, before anything is saved; what was typed goes along."""
        session, at = db.session(), now()
        return self.render(
            "years/move.html",
            year=year,
            moves=[(move, effects_of_move(session, year, move, at)) for move in moves],
            words=EFFECTS,
            at_instant=at,
            sent=[
                each for each in request.form.items(multi=True) if each[0] not in (CONFIRMED, "csrf_token")
            ],
            fingerprint=fingerprint(moves),
        )

    def _edit(self, form: YearForm, stored: ProtectionYear | None) -> Any:
        if stored is not None:
            del form.year
        form.plans.choices = [(plan.code, plan.name) for plan in plans(db.session())]
        context = {"form": form, "year": stored.year if stored else None, "names": list(WindowName)}
        if request.method == "GET" or not form.validate_on_submit():
            return self.render("years/edit.html", **context), 422 if form.is_submitted() else 200
        if BACK in request.form:
            return self.render("years/edit.html", **context)
        year = stored.year if stored else form.year.data
        draft = draft_of_form(form)
        try:
            check_year(year)
            if stored is not None:
                check_draft(db.session(), self.actor, year=year, draft=draft, stored=stored)
                moves = moves_of(stored, draft)
                if moves and request.form.get(CONFIRMED) != fingerprint(moves):
                    return self._preview(year, moves)
            with transaction() as session:
                if stored is None and session.get(ProtectionYear, year) is not None:
                    raise RuleViolation("year_exists", field="year", status=409, year=year)
                put_year(session, self.actor, year=year, draft=draft, now=now())
        except RuleViolation as refusal:
            return self.refused("years/edit.html", refusal, **context)
        flash(_("The protection year %(year)s has been saved.", year=year), "ok")
        return redirect(url_for("Years.show", year=year))
