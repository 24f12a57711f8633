"""账号与权限: the accounts of the unions below, made, reset, disabled and enabled."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _

from app.clock import now
from app.extensions import db
from app.forms.accounts import AccountForm
from app.labels import choices
from app.queries.accounts import AccountFilter, accounts_page
from app.rules.violations import RuleViolation
from app.security.needs import needs
from app.security.roles import Permission, Role
from app.services.accounts import create_account, manages, reset_password, set_active
from app.templating import refusal_text
from app.transaction import transaction
from app.views.base import Screen, cursor_of_request


class Accounts(Screen):
    route_base = "/accounts"

    @expose("/")
    @needs(Permission.MANAGE_ACCOUNTS)
    def list(self) -> str:
        names = ("text", "union", "role", "active")
        asked = {name: request.args.get(name, "").strip()[:100] for name in names}
        return self.render(
            "accounts/list.html",
            page=accounts_page(db.session(), self.actor, AccountFilter(**asked), cursor_of_request()),
            asked=asked,
            roles=choices(Role),
            manages=lambda account: manages(self.actor, account),
        )

    @expose("/new", methods=["GET", "POST"])
    @needs(Permission.MANAGE_ACCOUNTS)
    def create(self) -> Any:
        form = AccountForm()
        form.role.choices = choices(Role)
        if request.method == "GET":
            form.union_code.data = request.args.get("union", "")[:18]
        if not form.validate_on_submit():
            return self.render("accounts/new.html", form=form), 422 if form.is_submitted() else 200
        try:
            with transaction() as session:
                made = create_account(
                    session,
                    self.actor,
                    username=form.username.data,
                    email=form.email.data,
                    name=form.name.data,
                    role=Role(form.role.data),
                    union_code=form.union_code.data,
                    now=now(),
                )
                login, password = made.account.username, made.one_time_password
        except RuleViolation as refusal:
            return self.refused("accounts/new.html", refusal, form=form)
        return self.render("accounts/once.html", login=login, password=password, created=True)

    @expose("/<int:account_id>/reset", methods=["POST"])
    @needs(Permission.MANAGE_ACCOUNTS)
    def reset(self, account_id: int) -> Any:
        with transaction() as session:
            made = reset_password(session, self.actor, account_id=account_id, now=now())
            login, password = made.account.username, made.one_time_password
        return self.render("accounts/once.html", login=login, password=password, created=False)

    @expose("/<int:account_id>/active", methods=["POST"])
    @needs(Permission.MANAGE_ACCOUNTS)
    def active(self, account_id: int) -> Any:
        enable = request.form.get("active") == "yes"
        try:
            with transaction() as session:
                account = set_active(session, self.actor, account_id=account_id, active=enable, now=now())
                login = account.username
        except RuleViolation as refusal:
            if refusal.status in (403, 404):
                raise
            flash(refusal_text(refusal), "stop")
        else:
            words = _("%(login)s can sign in again.") if enable else _("%(login)s can no longer sign in.")
            flash(words % {"login": login}, "ok")
        return redirect(url_for("Accounts.list"))
