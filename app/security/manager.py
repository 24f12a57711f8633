"""Flask-AppBuilder's security manager, cut down to what this product uses of it."""

from __future__ import annotations

from typing import Any

from flask import g
from flask_appbuilder.security.sqla.manager import SecurityManager
from flask_login import LoginManager

from app.clock import real_now
from app.extensions import db
from app.models.accounts import Account
from app.rules.sign_in import SessionEnd, SessionKind
from app.security.passwords import hash_password
from app.security.sessions import end_sessions, is_due, live_session, note_seen
from app.transaction import transaction

SESSION_CLAIM = "sid"
"""Where a bearer token carries its session."""


class AccountSecurity(SecurityManager):  # type: ignore[misc]
    """Accounts, roles, signing in and out have screens and calls of our own.

    Permissions are data in `roles.py`: nothing is written to the framework's permission
    tables at start.
    """

    user_model = Account

    def register_views(self) -> None:
        """The registry puts ours in their place."""

    def create_login_manager(self, app: Any) -> LoginManager:
        login_manager = super().create_login_manager(app)
        login_manager.login_view = "LoginView.login"
        return login_manager

    def load_user(self, pk: Any) -> Account | None:
        """Whose browser this is: what the framework calls the user's id is the random id of a session."""
        return account_of(str(pk), SessionKind.BROWSER)

    def load_user_jwt(self, _jwt_header: Any, jwt_data: Any) -> Account | None:
        """Whose program this is: its token names a session, and holds as long as that does."""
        found = account_of(str(jwt_data.get(SESSION_CLAIM, "")), SessionKind.PROGRAM)
        if found is not None and str(found.id) == jwt_data["sub"]:
            g.user = found
            return found
        return None

    def auth_user_db(self, username: str, password: str) -> Account | None:
        """There is one door, `sign_in.py`, and it isn't this one."""
        return None

    def reset_password(self, userid: int, password: str) -> None:
        """The framework's own command: like a reset from above, with the password that was given."""
        with transaction() as session:
            account = session.get_one(Account, userid)
            account.password = hash_password(password)
            account.must_change_password = True
            end_sessions(session, account.id, SessionEnd.RESET, now=real_now())


def account_of(token: str, kind: SessionKind) -> Account | None:
    """The account of a session that lasts; about once a minute it is written down that it was used."""
    at, session = real_now(), db.session()
    found = live_session(session, token, kind, at)
    if found is not None and is_due(found, at):
        with transaction() as writing:
            note_seen(writing, found.id, at)
        found = live_session(session, token, kind, at)
    return found.account if found is not None else None
