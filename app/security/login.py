"""Signing in: the account and password check, and the API call that uses it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import request
from flask_appbuilder.baseviews import expose
from flask_appbuilder.security.api import SecurityApi
from flask_jwt_extended import create_access_token
from sqlalchemy import or_, select
from sqlalchemy.orm import Session
from werkzeug.exceptions import BadRequest

from app.clock import SHANGHAI, now
from app.models.accounts import Account
from app.rules.sign_in import locked_until
from app.rules.violations import RuleViolation
from app.security.needs import public
from app.security.passwords import password_fits
from app.transaction import transaction


def check_login(username: str, password: str) -> Account:
    """The account that the name (or e-mail) and password open.

    Raises RuleViolation `login_failed` (401) or, after too many failures in a row,
    `login_locked` (429) until the lock is over.
    """
    with transaction() as session:
        account = _find(session, username)
        refused = _judge(account, password, now())
        if account is not None and refused is None:
            return account
    raise refused or RuleViolation("login_failed", status=401)


def _find(session: Session, username: str) -> Account | None:
    by_name = or_(Account.username == username, Account.email == username)
    found = select(Account).where(by_name, Account.active.is_(True)).order_by(Account.username != username)
    return session.scalars(found.limit(1).with_for_update(of=Account)).first()


def _judge(account: Account | None, password: str, at: datetime) -> RuleViolation | None:
    """Check the password and keep count; what refuses the login, or None."""
    if account is None:
        password_fits(None, password)
        return RuleViolation("login_failed", status=401)
    failures = account.fail_login_count or 0
    locked = locked_until(failures, account.last_failed_login_at)
    if locked is not None and at < locked:
        return RuleViolation("login_locked", status=429, minutes=-(-(locked - at) // timedelta(minutes=1)))
    if not password_fits(account.password, password):
        account.fail_login_count = failures + 1
        account.last_failed_login_at = at
        return RuleViolation("login_failed", status=401)
    account.fail_login_count = 0
    account.login_count = (account.login_count or 0) + 1
    account.last_login = at.astimezone(SHANGHAI).replace(tzinfo=None)
    return None


class LoginApi(SecurityApi):  # type: ignore[misc]
    """`POST /api/v1/security/login`: a bearer token for the JSON API."""

    include_route_methods = {"login"}

    @expose("/login", methods=["POST"])
    @public
    def login(self) -> Any:
        """Exchange an account name and password for a bearer token
        ---
        post:
          summary: Sign in
          requestBody:
            required: true
            content:
              application/json:
                schema:
                  type: object
                  required: [username, password]
                  properties:
                    username: {type: string}
                    password: {type: string}
                    provider: {type: string, enum: [db]}
          responses:
            200:
              description: 'The token, sent from then on as `Authorization: Bearer`'
              content:
                application/json:
                  schema:
                    type: object
                    properties:
                      access_token: {type: string}
            400: {description: The body isn't a JSON object with a name and a password}
            401: {description: Name or password don't fit}
            403: {description: The password is a one-time one; change it on the login page first}
            429: {description: Too many failures; try again later}
        """
        body = request.get_json()
        if not isinstance(body, dict):
            raise BadRequest
        username, password = body.get("username"), body.get("password")
        if not isinstance(username, str) or not isinstance(password, str):
            raise BadRequest
        account = check_login(username.strip(), password)
        if account.must_change_password:
            raise RuleViolation("password_must_change", status=403)
        return self.response(200, access_token=create_access_token(identity=str(account.id), fresh=True))
