"""Signing in and out: name, password and 验证码, then the second factor of who has one."""

from __future__ import annotations

from typing import Any

from flask import current_app, g, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.views import AuthDBView
from flask_appbuilder.utils.limit import Limit
from flask_login import current_user

from app.clock import now, real_now
from app.extensions import db
from app.forms.accounts import CodeForm, LoginForm
from app.queries.announcements import public_notices
from app.rules.sign_in import SessionEnd, SessionKind
from app.rules.violations import RuleViolation
from app.security.access_log import note_sign_out
from app.security.captcha import Riddle, is_answered, picture_riddle, words_riddle
from app.security.needs import public
from app.security.sessions import end_session
from app.security.sign_in import (
    Passed,
    check_code,
    check_password,
    let_in,
    opened_pass,
    sealed_pass,
    visitor_of_request,
)
from app.transaction import transaction
from app.views.base import own_page
from app.views.captcha_words import riddle_words
from app.views.signing import forget_session, own_token, remember_session, tell_lost_roles

PICTURE, WORDS = "picture", "words"
NEWEST = 3
"""Announcements that the page names."""


class LoginView(AuthDBView):  # type: ignore[misc]
    """The login page. A refused login keeps the typed name and says the same whatever the reason.

    Whether the account exists, is disabled or is locked for a while must not show.
    """

    limits: list[Limit] = []

    @expose("/login/", methods=["GET", "POST"])
    @public
    def login(self) -> Any:
        if g.user is not None and g.user.is_authenticated:
            return redirect(_next())
        form = LoginForm()
        if request.method == "GET" or request.form.get("another"):
            return self._page(form, request.form.get("another", ""))
        right = _is_answered()
        if not form.validate() or not right:
            return self._page(form, answered=right), 422
        try:
            passed = check_password(form.username.data.strip(), form.password.data, visitor_of_request())
            if passed.second_factor:
                return self._code_page(CodeForm(formdata=None), passed)
            return _let_in(passed)
        except RuleViolation:
            return self._page(form, refused=True), 401

    @expose("/login/code/", methods=["POST"])
    @public
    def code(self) -> Any:
        """The second factor; what was proved before comes sealed with the form."""
        form, passed = CodeForm(), opened_pass(request.form.get("proof", ""), real_now())
        if passed is None:
            return self._page(LoginForm(formdata=None), late=True), 401
        if not form.validate():
            return self._code_page(form, passed), 422
        try:
            check_code(passed, form.code.data, visitor_of_request())
            return _let_in(passed)
        except RuleViolation:
            return self._code_page(form, passed, refused=True), 401

    @expose("/login/captcha/", methods=["GET"])
    @public
    def captcha(self) -> Any:
        """Another riddle for a page that stands open already."""
        return self.render_template("accounts/_captcha.html", **_riddle(request.args.get("kind", "")))

    @expose("/logout/", methods=["POST"])
    @public
    def logout(self) -> Any:
        with transaction() as session:
            if current_user.is_authenticated:
                note_sign_out(session, current_user.id)
            end_session(session, own_token(), SessionEnd.SIGNED_OUT, real_now())
        forget_session()
        return redirect(url_for("LoginView.login"))

    def _page(self, form: LoginForm, kind: str = "", *, answered: bool = True, **said: bool) -> str:
        riddle = _riddle(kind or request.form.get("captcha_kind", ""))
        page: str = self.render_template(
            "login.html",
            form=form,
            wrong_captcha=not answered,
            notices=public_notices(db.session(), now())[:NEWEST],
            **riddle,
            **said,
        )
        return page

    def _code_page(self, form: CodeForm, passed: Passed, refused: bool = False) -> str:
        page: str = self.render_template(
            "accounts/code.html",
            form=form,
            proof=request.form.get("proof") or sealed_pass(passed, real_now()),
            refused=refused,
        )
        return page


def _let_in(passed: Passed) -> Any:
    signed_in = let_in(passed, SessionKind.BROWSER, visitor_of_request())
    remember_session(signed_in.token)
    tell_lost_roles(db.session(), passed.account_id, signed_in)
    return redirect(_next())


def _next() -> str:
    return own_page(request.args.get("next"), url_for("Home.index"))


def _is_answered() -> bool:
    if not current_app.config["SETTINGS"].captcha:
        return True
    with transaction() as session:
        return is_answered(
            session, request.form.get("captcha_sealed", ""), request.form.get("captcha", "")[:40], real_now()
        )


def _riddle(kind: str) -> dict[str, Any]:
    """What the page shows of the riddle; nothing where the setting is off."""
    if not current_app.config["SETTINGS"].captcha:
        return {"riddle": None}
    riddle: Riddle = words_riddle(real_now()) if kind == WORDS else picture_riddle(real_now())
    return {
        "riddle": riddle,
        "riddle_kind": WORDS if riddle.terms else PICTURE,
        "question": riddle_words(riddle.terms) if riddle.terms else "",
    }
