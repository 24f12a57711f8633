"""基层缴费设置: how a district shares with its unions what the municipal share leaves (M4.1–4.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _

from app.clock import now
from app.extensions import db
from app.forms.fees import SplitForm
from app.models import FeeSetting, FeeSplit, Plan, ProtectionYear, Union
from app.queries.fees import fee_setting, fee_settings, split_for, splits_page, unions_to_split
from app.queries.years import get_year, plans_of, require_window, years
from app.rules.enrolment import Term
from app.rules.violations import RuleViolation, not_found
from app.rules.years import WindowName
from app.security.needs import needs
from app.security.roles import Permission
from app.security.visible import get_visible
from app.services.fees import drop_split, set_split
from app.templating import refusal_text
from app.transaction import transaction
from app.views.base import Screen, cursor_of_request, id_of_request
from app.views.choices import ROW_ID
from app.views.fees import chosen_year


@dataclass(frozen=True, slots=True)
class SplitLine:
    """A municipal fee that concerns the district, and its split for all unions if it made one."""

    plan: Plan
    setting: FeeSetting
    split: FeeSplit | None


class FeeSplits(Screen):
    route_base = "/fees/split"

    @expose("/")
    @needs(Permission.SET_SPLIT)
    def list(self) -> str:
        session = db.session()
        year = chosen_year(session)
        if year is None:
            return self.render("fees/split_list.html", year=None)
        return self.render(
            "fees/split_list.html",
            year=year,
            year_options=[(each, each) for each in years(session)],
            lines=self._lines(year),
            page=splits_page(session, year.year, self.actor.union_id, cursor_of_request()),
            closed=self._closed(year),
            window=next((w for w in year.windows if w.name is WindowName.FEE_SETTING), None),
        )

    @expose("/<int:year>/union")
    @needs(Permission.SET_SPLIT)
    def choose(self, year: int) -> str:
        """Whom a split of its own is for: found by name, never out of a list of all."""
        session = db.session()
        get_year(session, year)
        text = request.args.get("text", "").strip()[:100]
        return self.render(
            "fees/split_choose.html",
            year=year,
            plan=self._plan(),
            term=_term(),
            text=text,
            page=unions_to_split(session, self.actor, text, cursor_of_request()),
        )

    @expose("/<int:year>/set", methods=["GET", "POST"])
    @needs(Permission.SET_SPLIT)
    def edit(self, year: int) -> Any:
        session = db.session()
        stored_year = get_year(session, year)
        plan, term = self._plan(), _term()
        union_id = id_of_request("union_id")
        union = get_visible(session, self.actor, Union, union_id or self.actor.union_id)
        setting = fee_setting(session, year, plan.code, union.category, term)
        if setting is None:
            raise not_found("fee")
        form = SplitForm()
        if request.method == "GET":
            district_id = self.actor.union_id
            split = split_for(session, setting, district_id, union_id) or split_for(
                session, setting, district_id, None
            )
            form.district_share.show((split or setting).district_share)
            form.grassroots_share.show((split or setting).grassroots_share)
        context = {
            "form": form,
            "year": stored_year,
            "plan": plan,
            "term": term,
            "setting": setting,
            "union": union if union_id else None,
            "closed": self._closed(stored_year, union),
        }
        if not form.validate_on_submit():
            return self.render("fees/split_edit.html", **context), 422 if form.is_submitted() else 200
        try:
            with transaction() as session:
                set_split(
                    session,
                    self.actor,
                    year=year,
                    plan=plan.code,
                    term=term,
                    union_id=union_id,
                    district_share=form.district_share.amount,
                    grassroots_share=form.grassroots_share.amount,
                    now=now(),
                )
        except RuleViolation as refusal:
            if refusal.code.startswith("window_"):
                # Said once, above the form.
                context["closed"] = None
            return self.refused("fees/split_edit.html", refusal, **context)
        flash(_("The split has been saved."), "ok")
        return redirect(url_for("FeeSplits.list", year=year))

    @expose(f"/drop/{ROW_ID}", methods=["POST"])
    @needs(Permission.SET_SPLIT)
    def drop(self, row_id: int) -> Any:
        try:
            with transaction() as session:
                drop_split(session, self.actor, split_id=row_id, now=now())
        except RuleViolation as refusal:
            if refusal.status in (403, 404):
                raise
            flash(refusal_text(refusal), "stop")
        else:
            flash(_("The split has been taken back."), "ok")
        return redirect(url_for("FeeSplits.list", year=request.form.get("year", type=int)))

    def _lines(self, year: ProtectionYear) -> list[SplitLine]:
        """The fees of the district's own kind of union."""
        session = db.session()
        names = {plan.code: plan for plan in plans_of(session, year.year)}
        return [
            SplitLine(names[setting.plan], setting, split_for(session, setting, self.actor.union_id, None))
            for setting in fee_settings(session, year.year)
            if setting.plan in names and setting.union_category is self.actor.category
        ]

    def _closed(self, year: ProtectionYear, union: Union | None = None) -> RuleViolation | None:
        """Why nothing can be set now; ``None`` inside the window."""
        session = db.session()
        union = union or session.get_one(Union, self.actor.union_id)
        try:
            require_window(session, year.year, WindowName.FEE_SETTING, union, now())
        except RuleViolation as closed:
            return closed
        return None

    def _plan(self) -> Plan:
        plan = db.session().get(Plan, request.args.get("plan", ""))
        if plan is None:
            raise not_found("plan")
        return plan


def _term() -> Term:
    try:
        return Term(request.args.get("term", Term.FULL.value))
    except ValueError as unknown:
        raise not_found("fee") from unknown
