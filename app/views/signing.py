"""What the pages of signing in share: the cookie, and the walls before everything else."""

from __future__ import annotations

from typing import Any

from flask import current_app, flash, redirect, request, session, url_for
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import Session

from app.clock import now, real_now
from app.labels import WORDS
from app.queries.accounts import roles_lost_since
from app.rules.accounts import SecondFactor, needs_second_factor, password_expired
from app.rules.sign_in import SessionKind
from app.security.needs import API_PREFIX
from app.security.sessions import begin_session
from app.security.sign_in import SignedIn, visitor_of_request

COOKIE_ID = "_user_id"
"""Where the login extension keeps whose browser this is: for us the random id of a session."""

ALWAYS_OPEN = frozenset(
    {"LoginView.login", "LoginView.logout", "LanguageSwitch.switch", "static", "appbuilder.static"}
)
BEFORE_ANYTHING = ALWAYS_OPEN | {"Password.change"}
BEFORE_THE_SECOND_FACTOR = BEFORE_ANYTHING | {
    "SecondFactors.show",
    "SecondFactors.begin",
    "SecondFactors.confirm",
}


def remember_session(token: str) -> None:
    """A new cookie for a new session: nothing of the old one stays but the language."""
    locale = session.get("locale")
    session.clear()
    session["locale"] = locale or current_app.config["BABEL_DEFAULT_LOCALE"]
    session[COOKIE_ID] = token
    session["_fresh"] = True


def forget_session() -> None:
    locale = session.get("locale")
    session.clear()
    if locale:
        session["locale"] = locale


def own_token() -> str:
    """The id of this browser's session."""
    return str(session.get(COOKIE_ID, ""))


def session_instead(writing: Session, account_id: int) -> str:
    """Where all sessions of an account ended: a new one for the browser in which that was done."""
    visitor = visitor_of_request()
    return begin_session(
        writing,
        account_id,
        SessionKind.BROWSER,
        address=visitor.address,
        user_agent=visitor.user_agent,
        now=real_now(),
    )


def tell_lost_roles(reading: Session, account_id: int, signed_in: SignedIn) -> None:
    """Whoever lost a role meanwhile hears it at the next sign-in."""
    for held in roles_lost_since(reading, account_id, signed_in.before):
        flash(
            _(
                "You are no longer %(role)s since %(when)s.",
                role=WORDS["Role"].get(held.role, held.role),
                when=held.held_until.strftime("%Y-%m-%d"),
            ),
            "wait",
        )


ENFORCED = frozenset({SecondFactor.REQUIRED, SecondFactor.EVERYONE})
"""Roles are only looked up where anything depends on them."""


def ask_for_what_comes_first() -> Any:
    """Before every request: a one-time or expired password is changed first, then a second factor is set up
    where it is enforced."""
    endpoint = request.endpoint
    by_program = request.path.startswith(API_PREFIX)
    if not endpoint or endpoint in ALWAYS_OPEN or by_program or not current_user.is_authenticated:
        return None
    settings = current_app.config["SETTINGS"]
    expired = password_expired(current_user.password_changed_at, settings.password_days, now())
    if endpoint not in BEFORE_ANYTHING and (current_user.must_change_password or expired):
        return redirect(url_for("Password.change"))
    enforced = SecondFactor(settings.second_factor)
    if endpoint in BEFORE_THE_SECOND_FACTOR or current_user.second_factor_at is not None:
        return None
    if enforced in ENFORCED and needs_second_factor(enforced, {role.name for role in current_user.roles}):
        return redirect(url_for("SecondFactors.show"))
    return None
