"""Everybody changes their own password here (domain section 8)."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _

from app.clock import now
from app.forms.accounts import PasswordForm
from app.rules.violations import RuleViolation
from app.security.needs import needs
from app.security.roles import Permission
from app.services.accounts import change_password
from app.transaction import transaction
from app.views.base import Screen


class Password(Screen):
    route_base = "/password"

    @expose("/", methods=["GET", "POST"])
    @needs(Permission.VIEW_HOME)
    def change(self) -> Any:
        form = PasswordForm()
        if not form.validate_on_submit():
            return self.render("accounts/password.html", form=form), 422 if form.is_submitted() else 200
        try:
            with transaction() as session:
                change_password(session, self.actor, old=form.old.data, new=form.password.data, now=now())
        except RuleViolation as refusal:
            return self.refused("accounts/password.html", refusal, form=form)
        flash(_("Your password has been changed."), "ok")
        return redirect(url_for("Home.index"))
