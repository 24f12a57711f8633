"""Flask-AppBuilder's security manager, cut down to what this product uses of it."""

from __future__ import annotations

from typing import Any

from flask_appbuilder.security.sqla.manager import SecurityManager
from flask_login import LoginManager

from app.models.accounts import Account
from app.rules.violations import RuleViolation
from app.security.login import LoginApi, check_login
from app.security.passwords import hash_password


class AccountSecurity(SecurityManager):  # type: ignore[misc]
    """Login and logout stay; accounts and roles have screens of our own.

    Permissions are data in `roles.py`: nothing is written to the framework's permission
    tables at start.
    """

    user_model = Account
    security_api = LoginApi

    def register_views(self) -> None:
        # The login page is a view of ours: the registry puts it in its place.
        self.appbuilder.add_api(self.security_api)

    def create_login_manager(self, app: Any) -> LoginManager:
        login_manager = super().create_login_manager(app)
        login_manager.login_view = "LoginView.login"
        return login_manager

    def auth_user_db(self, username: str, password: str) -> Account | None:
        try:
            return check_login(username, password)
        except RuleViolation:
            return None

    def reset_password(self, userid: int, password: str) -> None:
        account = self.get_user_by_id(userid)
        account.password = hash_password(password)
        self.update_user(account)
