"""保障金额设置: the municipal fees of a year, per plan, kind of union and term (M4.2, Q48–Q50)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.clock import now
from app.extensions import db
from app.forms.fees import FeeForm
from app.forms.moments import beginning_of, end_of
from app.models import FeeSetting, Plan, ProtectionYear
from app.queries.fees import count_splits, fee_setting, fee_settings
from app.queries.years import get_year, plans_of, require_plan, year_in_work, years
from app.rules.enrolment import Term
from app.rules.organisation import UnionCategory
from app.rules.violations import RuleViolation, not_found
from app.security.needs import needs
from app.security.roles import Permission, may
from app.services.fees import FeeDraft, put_fees
from app.transaction import transaction
from app.views.base import Screen


@dataclass(frozen=True, slots=True)
class FeeLine:
    """One place of the table; ``setting`` is empty where the municipal union has set nothing yet."""

    plan: Plan
    category: UnionCategory
    term: Term
    setting: FeeSetting | None


class Fees(Screen):
    route_base = "/fees"

    @expose("/")
    @needs(Permission.VIEW_FEES)
    def municipal(self) -> str:
        session = db.session()
        year = chosen_year(session)
        return self.render(
            "fees/municipal.html",
            year=year,
            year_options=[(each, each) for each in years(session)],
            lines=fee_lines(session, year.year) if year else [],
            at_instant=now(),
            may_change=may(self.actor, Permission.MANAGE_FEES),
        )

    @expose("/<int:year>/edit", methods=["GET", "POST"])
    @needs(Permission.MANAGE_FEES)
    def edit(self, year: int) -> Any:
        session = db.session()
        in_year = get_year(session, year)
        plan, category, term = asked_fee()
        require_plan(session, year, plan)
        setting = fee_setting(session, year, plan, category, term)
        form = FeeForm()
        if request.method == "GET" and setting is not None:
            _show(form, setting)
        elif request.method == "GET":
            _suggest_validity(form, in_year)
        made_for = count_splits(session, setting) if setting is not None else 0
        context = {
            "form": form,
            "year": year,
            "plan": session.get_one(Plan, plan),
            "category": category,
            "term": term,
            "splits": made_for,
        }
        if not form.validate_on_submit():
            return self.render("fees/edit.html", **context), 422 if form.is_submitted() else 200
        valid_from, valid_to = form.validity()
        draft = FeeDraft(
            plan=plan,
            union_category=category,
            term=term,
            fee=form.fee.amount,
            municipal_share=form.municipal_share.amount,
            district_share=form.district_share.amount,
            grassroots_share=form.grassroots_share.amount,
            valid_from=valid_from,
            valid_to=valid_to,
        )
        try:
            with transaction() as session:
                (saved,) = put_fees(session, self.actor, year=year, fees=[draft], now=now())
                dropped = made_for - count_splits(session, saved)
        except RuleViolation as refusal:
            return self.refused("fees/edit.html", refusal, **context)
        flash(_("The fee has been saved."), "ok")
        if dropped:
            text = _("%(n)s splits of districts no longer fitted the fee and were dropped.", n=dropped)
            flash(text, "wait")
        return redirect(url_for("Fees.municipal", year=year))


def chosen_year(session: Session) -> ProtectionYear | None:
    """The year that ``?year=`` asks for, else the one in work; 404 for one that nobody set."""
    asked = request.args.get("year", type=int)
    return get_year(session, asked) if asked else year_in_work(session)


def asked_fee() -> tuple[str, UnionCategory, Term]:
    """Which fee the address means: ``?plan=A&category=ordinary&term=full``; 404 for anything else."""
    try:
        category = UnionCategory(request.args.get("category", UnionCategory.ORDINARY.value))
        term = Term(request.args.get("term", Term.FULL.value))
    except ValueError as unknown:
        raise not_found("fee") from unknown
    return request.args.get("plan", ""), category, term


def fee_lines(session: Session, year: int) -> list[FeeLine]:
    """Every plan, kind of union and term, set or not."""
    stored = {(s.plan, s.union_category, s.term): s for s in fee_settings(session, year)}
    return [
        FeeLine(plan, category, term, stored.get((plan.code, category, term)))
        for plan in plans_of(session, year)
        for category in UnionCategory
        for term in Term
    ]


def _suggest_validity(form: FeeForm, year: ProtectionYear) -> None:
    """A fee that was never set holds from the first window of its year to the end of its cover."""
    form.valid_from.data, form.valid_from_time.data = beginning_of(min(w.opens_at for w in year.windows))
    form.valid_to.data = year.cover_end


def _show(form: FeeForm, setting: FeeSetting) -> None:
    form.fee.show(setting.fee)
    form.municipal_share.show(setting.municipal_share)
    form.district_share.show(setting.district_share)
    form.grassroots_share.show(setting.grassroots_share)
    form.valid_from.data, form.valid_from_time.data = beginning_of(setting.valid_from)
    form.valid_to.data, form.valid_to_time.data = end_of(setting.valid_to)
