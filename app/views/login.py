"""Signing in and out, and the wall before everything else while a one-time password holds."""

from __future__ import annotations

from typing import Any

from flask import current_app, g, redirect, request, session, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.views import AuthDBView
from flask_appbuilder.utils.limit import Limit
from flask_login import current_user, login_user, logout_user

from app.forms.accounts import LoginForm
from app.rules.violations import RuleViolation
from app.security.access_log import note_sign_out
from app.security.login import check_login
from app.security.needs import public
from app.views.base import own_page

OPEN_WITH_A_ONE_TIME_PASSWORD = frozenset(
    {"Password.change", "LoginView.login", "LoginView.logout", "LanguageSwitch.switch", "static"}
)


class LoginView(AuthDBView):  # type: ignore[misc]
    """The login page. A refused login keeps the typed name and says the same whatever the reason.

    Whether the account exists, is disabled or is locked for a while must not show.
    """

    limits: list[Limit] = []

    @expose("/login/", methods=["GET", "POST"])
    @public
    def login(self) -> Any:
        if g.user is not None and g.user.is_authenticated:
            return redirect(own_page(request.args.get("next"), url_for("Home.index")))
        form = LoginForm()
        status = 200
        if form.validate_on_submit():
            try:
                account = check_login(form.username.data.strip(), form.password.data)
            except RuleViolation:
                status = 401
            else:
                locale = session.get("locale")
                session.clear()
                session["locale"] = locale or current_app.config["BABEL_DEFAULT_LOCALE"]
                login_user(account, remember=False)
                return redirect(own_page(request.args.get("next"), url_for("Home.index")))
        elif form.is_submitted():
            status = 422
        return self.render_template("login.html", form=form, refused=status == 401), status

    @expose("/logout/", methods=["POST"])
    @public
    def logout(self) -> Any:
        locale = session.get("locale")
        if current_user.is_authenticated:
            note_sign_out(current_user)
        logout_user()
        session.clear()
        if locale:
            session["locale"] = locale
        return redirect(url_for("LoginView.login"))


def ask_for_new_password() -> Any:
    """Before every request: who signed in with a one-time password changes it first."""
    if request.endpoint in OPEN_WITH_A_ONE_TIME_PASSWORD or request.endpoint == "appbuilder.static":
        return None
    if request.endpoint and getattr(current_user, "must_change_password", False):
        return redirect(url_for("Password.change"))
    return None
