"""邀请注册: somebody is asked by e-mail to register, and registers."""

from __future__ import annotations

from typing import Any

from flask import flash, g, redirect, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _

from app.clock import now
from app.extensions import db
from app.forms.accounts import InvitationForm, RegistrationForm
from app.labels import WORDS
from app.models import Account
from app.queries.accounts import invitations_page
from app.rules.violations import RuleViolation, not_found
from app.security.needs import needs, public
from app.security.roles import Permission, Role
from app.security.visible import get_visible
from app.services.invitations import (
    invite,
    invite_again,
    open_invitation,
    register,
    withdraw_invitation,
)
from app.templating import refusal_text
from app.transaction import transaction
from app.views.base import Screen, cursor_of_request, id_of_request
from app.views.choices import role_choices

LINK_MOST = 100


class Invitations(Screen):
    route_base = "/invitations"

    @expose("/")
    @needs(Permission.MANAGE_ACCOUNTS)
    def list(self) -> str:
        at = now()
        return self.render(
            "invitations/list.html",
            page=invitations_page(db.session(), self.actor, at, cursor_of_request()),
            at_now=at,
            role_words=WORDS["Role"],
        )

    @expose("/new", methods=["GET", "POST"])
    @needs(Permission.MANAGE_ACCOUNTS)
    def create(self) -> Any:
        """``?replaces=``: the account whose work the invited person takes over."""
        form, replaced = InvitationForm(), self._replaced()
        form.role.choices = role_choices(self.actor)
        if request.method == "GET":
            form.union_code.data = request.args.get("union", "")[:18]
            if replaced is not None and replaced.union is not None:
                form.union_code.data = replaced.union.code
                form.role.data = replaced.roles[0].name if replaced.roles else None
        if not form.validate_on_submit():
            status = 422 if form.is_submitted() else 200
            return self.render("invitations/new.html", form=form, replaced=replaced), status
        try:
            with transaction() as session:
                made = invite(
                    session,
                    self.actor,
                    email=form.email.data,
                    role=Role(form.role.data),
                    union_code=form.union_code.data,
                    replaces_id=replaced.id if replaced else None,
                    now=now(),
                )
                email = made.email
        except RuleViolation as refusal:
            return self.refused("invitations/new.html", refusal, form=form, replaced=self._replaced())
        flash(_("An invitation goes out to %(email)s.", email=email), "ok")
        return redirect(url_for("Invitations.list"))

    @expose("/<int:invitation_id>/again", methods=["POST"])
    @needs(Permission.MANAGE_ACCOUNTS)
    def again(self, invitation_id: int) -> Any:
        try:
            with transaction() as session:
                email = invite_again(session, self.actor, invitation_id=invitation_id, now=now()).email
        except RuleViolation as refusal:
            if refusal.status in (403, 404):
                raise
            flash(refusal_text(refusal), "stop")
        else:
            flash(_("A new invitation goes out to %(email)s; the old link has ended.", email=email), "ok")
        return redirect(url_for("Invitations.list"))

    @expose("/<int:invitation_id>/withdraw", methods=["POST"])
    @needs(Permission.MANAGE_ACCOUNTS)
    def withdraw(self, invitation_id: int) -> Any:
        with transaction() as session:
            email = withdraw_invitation(session, self.actor, invitation_id=invitation_id, now=now()).email
        flash(_("The invitation of %(email)s is taken back.", email=email), "ok")
        return redirect(url_for("Invitations.list"))

    def _replaced(self) -> Account | None:
        replaced_id = id_of_request("replaces")
        return None if replaced_id is None else get_visible(db.session(), self.actor, Account, replaced_id)


class Registration(Screen):
    """Where an invitation's link leads: the e-mail becomes the login name for good."""

    route_base = "/register"

    @expose("/", methods=["GET", "POST"])
    @public
    def register(self) -> Any:
        token = request.values.get("t", "")[:LINK_MOST]
        try:
            invitation = open_invitation(db.session(), token, now())
        except RuleViolation:
            return self.render("invitations/over.html"), 404
        form = RegistrationForm()
        signed_in = g.user is not None and g.user.is_authenticated
        shown = {
            "form": form,
            "token": token,
            # Read while the link holds it within reach: a refusal ends the transaction, a signed-in reader sees else.
            "email": invitation.email,
            "union": invitation.union.name,
            "role": WORDS["Role"][invitation.role],
            "signed_in": signed_in,
        }
        if signed_in or not form.validate_on_submit():
            return self.render("invitations/register.html", **shown), 422 if form.is_submitted() else 200
        try:
            with transaction() as session:
                register(
                    session,
                    token=token,
                    name=form.name.data,
                    phone=form.phone.data,
                    password=form.password.data,
                    now=now(),
                )
        except RuleViolation as refusal:
            if refusal.code == "invitation_over":
                raise not_found("invitation") from refusal
            return self.refused("invitations/register.html", refusal, **shown)
        flash(_("You are registered. Please sign in with your e-mail address and password."), "ok")
        return redirect(url_for("LoginView.login"))
