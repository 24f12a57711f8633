"""Everybody changes their own password here (domain section 8)."""

from __future__ import annotations

from typing import Any

from flask import current_app, flash, redirect, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _

from app.clock import now
from app.extensions import db
from app.forms.accounts import PasswordForm
from app.models import Account
from app.rules.accounts import password_expired
from app.rules.violations import RuleViolation
from app.security.needs import needs
from app.security.roles import Permission
from app.security.sign_in import require_own_password, visitor_of_request
from app.services.accounts import change_password
from app.transaction import transaction
from app.views.base import Screen
from app.views.signing import remember_session, session_instead


class Password(Screen):
    route_base = "/password"

    @expose("/", methods=["GET", "POST"])
    @needs(Permission.VIEW_HOME)
    def change(self) -> Any:
        form, expired = PasswordForm(), self._expired()
        if not form.validate_on_submit():
            status = 422 if form.is_submitted() else 200
            return self.render("accounts/password.html", form=form, expired=expired), status
        try:
            require_own_password(self.actor.account_id, form.old.data, visitor_of_request(), field="old")
            with transaction() as session:
                change_password(session, self.actor, old=form.old.data, new=form.password.data, now=now())
                token = session_instead(session, self.actor.account_id)
        except RuleViolation as refusal:
            return self.refused("accounts/password.html", refusal, form=form, expired=expired)
        remember_session(token)
        flash(_("Your password has been changed."), "ok")
        return redirect(url_for("Home.index"))

    def _expired(self) -> bool:
        days = current_app.config["SETTINGS"].password_days
        account = db.session().get_one(Account, self.actor.account_id)
        return password_expired(account.password_changed_at, days, now())
