"""我的账号: one's own password, second factor, sessions and sign-ins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import current_app, flash, redirect, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.clock import real_now
from app.extensions import db
from app.forms.accounts import CodeForm, OwnPasswordForm
from app.models import Account
from app.queries.sessions import sign_ins_page
from app.rules.accounts import SecondFactor, needs_second_factor
from app.rules.sign_in import SessionEnd, session_end
from app.rules.violations import RuleViolation
from app.security.needs import needs
from app.security.roles import Permission
from app.security.sessions import end_one, end_sessions, session_limits
from app.security.sign_in import require_own_password, visitor_of_request
from app.security.tokens import token_hash
from app.services.second_factor import (
    begin_enrolment,
    confirm_enrolment,
    drop_second_factor,
    enrolment_to_scan,
    new_recovery_codes,
)
from app.transaction import transaction
from app.views.base import Screen, cursor_of_request
from app.views.signing import own_token, remember_session, session_instead
from reports.qr import qr_svg


class Profile(Screen):
    route_base = "/profile"

    @expose("/")
    @needs(Permission.VIEW_HOME)
    def show(self) -> str:
        return self._page(OwnPasswordForm(formdata=None))

    @expose("/sessions/<int:session_id>/end", methods=["POST"])
    @needs(Permission.VIEW_HOME)
    def end_session(self, session_id: int) -> Any:
        return self._ended(
            lambda session: end_one(
                session, self.actor.account_id, session_id, SessionEnd.FORCED, by=self.actor, now=real_now()
            )
        )

    @expose("/sessions/end-others", methods=["POST"])
    @needs(Permission.VIEW_HOME)
    def end_others(self) -> Any:
        return self._ended(
            lambda session: end_sessions(
                session,
                self.actor.account_id,
                SessionEnd.FORCED,
                by=self.actor,
                but=own_token(),
                now=real_now(),
            )
        )

    def _ended(self, end: Callable[[Session], int]) -> Any:
        """Whoever found the browser open knows no password, and doesn't put the owner out."""
        form = OwnPasswordForm()
        if not form.validate_on_submit():
            return self._page(form), 422
        try:
            require_own_password(
                self.actor.account_id, form.own_password.data, visitor_of_request(), field="own_password"
            )
        except RuleViolation as refusal:
            return self._page(form, refusal), refusal.status
        with transaction() as session:
            ended = end(session)
        flash(_("%(number)s sessions ended.", number=ended), "ok")
        return redirect(url_for("Profile.show"))

    def _page(self, form: OwnPasswordForm, refusal: RuleViolation | None = None) -> str:
        session, at, limits = db.session(), real_now(), session_limits()
        return self.render(
            "accounts/profile.html",
            form=form,
            refusal=refusal,
            account=session.get_one(Account, self.actor.account_id),
            page=sign_ins_page(session, self.actor.account_id, cursor_of_request()),
            here_hash=token_hash(own_token()),
            why_over=lambda one: (
                one.ended_why or session_end(one.kind, one.created_at, one.last_seen_at, limits, at)
            ),
        )


class SecondFactors(Screen):
    route_base = "/second-factor"

    @expose("/")
    @needs(Permission.VIEW_HOME)
    def show(self) -> Any:
        return self._page(CodeForm(formdata=None), OwnPasswordForm(formdata=None))

    @expose("/begin", methods=["POST"])
    @needs(Permission.VIEW_HOME)
    def begin(self) -> Any:
        """A secret for the phone, for whoever knows the password."""

        def enrol() -> Any:
            with transaction() as session:
                begin_enrolment(session, self.actor, real_now())
            return redirect(url_for("SecondFactors.show"))

        return self._with_password(enrol)

    @expose("/confirm", methods=["POST"])
    @needs(Permission.VIEW_HOME)
    def confirm(self) -> Any:
        form = CodeForm()
        if not form.validate_on_submit():
            return self._page(form, OwnPasswordForm(formdata=None)), 422
        try:
            with transaction() as session:
                codes = confirm_enrolment(session, self.actor, form.code.data, real_now())
                end_sessions(
                    session,
                    self.actor.account_id,
                    SessionEnd.SECOND_FACTOR,
                    but=own_token(),
                    now=real_now(),
                )
        except RuleViolation as refusal:
            return self._page(form, OwnPasswordForm(formdata=None), refusal), refusal.status
        return self.render("accounts/recovery.html", codes=codes)

    @expose("/codes", methods=["POST"])
    @needs(Permission.VIEW_HOME)
    def codes(self) -> Any:
        """New recovery codes; the old ones end."""

        def renew() -> Any:
            with transaction() as session:
                codes = new_recovery_codes(session, self.actor, real_now())
            return self.render("accounts/recovery.html", codes=codes)

        return self._with_password(renew)

    @expose("/drop", methods=["POST"])
    @needs(Permission.VIEW_HOME)
    def drop(self) -> Any:
        def give_up() -> Any:
            with transaction() as session:
                drop_second_factor(session, self.actor, real_now())
                token = session_instead(session, self.actor.account_id)
            remember_session(token)
            flash(_("You sign in with the password alone now."), "ok")
            return redirect(url_for("SecondFactors.show"))

        return self._with_password(give_up)

    def _with_password(self, go_on: Any) -> Any:
        """What weakens or changes the second factor asks for the password once more."""
        form = OwnPasswordForm()
        if not form.validate_on_submit():
            return self._page(CodeForm(formdata=None), form), 422
        try:
            require_own_password(
                self.actor.account_id,
                form.own_password.data,
                visitor_of_request(),
                field="own_password",
            )
            return go_on()
        except RuleViolation as refusal:
            return self._page(CodeForm(formdata=None), form, refusal), refusal.status

    def _page(self, form: CodeForm, own: OwnPasswordForm, refusal: RuleViolation | None = None) -> str:
        session = db.session()
        account = session.get_one(Account, self.actor.account_id)
        waiting = enrolment_to_scan(session, self.actor, real_now())
        if form.errors and waiting is None:
            refusal = RuleViolation("enrolment_over", status=422)
        enforced = SecondFactor(current_app.config["SETTINGS"].second_factor)
        return self.render(
            "accounts/second_factor.html",
            account=account,
            waiting=waiting,
            qr=qr_svg(waiting.uri) if waiting else "",
            form=form,
            own=own,
            refusal=refusal,
            needed=needs_second_factor(enforced, {role.name for role in account.roles}),
            off=enforced is SecondFactor.OFF,
        )
