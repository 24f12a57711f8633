"""账号与权限: the accounts of the unions below: found, made, reset, disabled and enabled, given another role."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.clock import now, real_now
from app.extensions import db
from app.forms.accounts import AccountForm, ProofForm
from app.labels import WORDS, choices
from app.models import Account, EventObject
from app.queries.accounts import AccountFilter, accounts_page, trail_of_union
from app.queries.log import log_of
from app.queries.sessions import lasting_sessions
from app.rules.accounts import ROLE_LEVELS
from app.rules.violations import RuleViolation
from app.security.needs import needs
from app.security.roles import Permission, Role
from app.security.sessions import session_limits
from app.security.visible import get_visible
from app.services.accounts import (
    change_role,
    create_account,
    force_out,
    manages,
    reset_password,
    set_active,
)
from app.services.second_factor import reset_second_factor
from app.templating import refusal_text
from app.transaction import transaction
from app.views.base import Screen, cursor_of_request
from app.views.choices import role_choices
from app.views.log import log_lines


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
        form.role.choices = role_choices(self.actor)
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
        return self.render(
            "accounts/once.html",
            login=login,
            password=password,
            created=True,
            first_narrowed=made.first_narrowed,
        )

    @expose("/<int:account_id>")
    @needs(Permission.MANAGE_ACCOUNTS)
    def show(self, account_id: int) -> str:
        return self._show(account_id, ProofForm(formdata=None))

    def _show(self, account_id: int, proof: ProofForm, **context: Any) -> str:
        session, actor, at = db.session(), self.actor, real_now()
        account = get_visible(session, actor, Account, account_id)
        roles = sorted(row.name for row in account.roles)
        level = account.union.level if account.union else None
        return self.render(
            "accounts/show.html",
            account=account,
            managed=manages(actor, account),
            own=account.id == actor.account_id,
            sessions=lasting_sessions(session, account.id, session_limits(), at),
            trail=trail_of_union(session, actor, account.union_id, roles) if account.union_id else [],
            roles=[
                (role, words)
                for role, words in role_choices(actor)
                if level in ROLE_LEVELS[role] and roles != [role]
            ],
            role_words=WORDS["Role"],
            log=log_lines(log_of(session, actor, EventObject.ACCOUNT, account.id), {}),
            proof=proof,
            **context,
        )

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
        words = _("%(login)s can sign in again.") if enable else _("%(login)s can no longer sign in.")
        return self._changed(
            account_id,
            words,
            lambda session: set_active(session, self.actor, account_id=account_id, active=enable, now=now()),
        )

    @expose("/<int:account_id>/role", methods=["POST"])
    @needs(Permission.MANAGE_ACCOUNTS)
    def role(self, account_id: int) -> Any:
        return self._changed(
            account_id,
            _("%(login)s has the other role now and signs in anew."),
            lambda session: change_role(
                session, self.actor, account_id=account_id, role=_chosen_role(), now=now()
            ),
        )

    @expose("/<int:account_id>/second-factor", methods=["POST"])
    @needs(Permission.MANAGE_SECURITY)
    def second_factor(self, account_id: int) -> Any:
        form = ProofForm()
        try:
            with transaction() as session:
                account = reset_second_factor(
                    session, self.actor, account_id=account_id, proof=form.proof.data or "", now=now()
                )
                login = account.username
        except RuleViolation as refusal:
            if refusal.status in (403, 404):
                raise
            return self._show(account_id, form, refusal=refusal), refusal.status
        flash(
            _("%(login)s signs in without the second factor now, until a new one is set up.", login=login),
            "ok",
        )
        return redirect(url_for("Accounts.show", account_id=account_id))

    @expose("/<int:account_id>/sessions/end", methods=["POST"])
    @needs(Permission.MANAGE_ACCOUNTS)
    def end_sessions(self, account_id: int) -> Any:
        return self._put_out(account_id, None)

    @expose("/<int:account_id>/sessions/<int:session_id>/end", methods=["POST"])
    @needs(Permission.MANAGE_ACCOUNTS)
    def end_session(self, account_id: int, session_id: int) -> Any:
        return self._put_out(account_id, session_id)

    def _put_out(self, account_id: int, session_id: int | None) -> Any:
        with transaction() as session:
            ended = force_out(session, self.actor, account_id=account_id, session_id=session_id, now=now())
        flash(_("%(number)s sessions ended.", number=ended), "ok")
        if request.form.get("back") == "online":
            return redirect(url_for("Online.list"))
        return redirect(url_for("Accounts.show", account_id=account_id))

    def _changed(self, account_id: int, words: str, change: Callable[[Session], Account]) -> Any:
        try:
            with transaction() as session:
                login = change(session).username
        except RuleViolation as refusal:
            if refusal.status in (403, 404):
                raise
            flash(refusal_text(refusal), "stop")
        else:
            flash(words % {"login": login}, "ok")
        if request.form.get("back") == "list":
            return redirect(url_for("Accounts.list"))
        return redirect(url_for("Accounts.show", account_id=account_id))


def _chosen_role() -> Role:
    chosen = request.form.get("role", "")
    if chosen not in {role.value for role in Role}:
        raise RuleViolation("role_unknown", field="role", role=chosen[:40])
    return Role(chosen)
