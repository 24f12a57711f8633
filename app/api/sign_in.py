"""Signing in and out for programs: a bearer token that names a session and holds as long as that does."""

from __future__ import annotations

from typing import Any

from flask import current_app, request
from flask_appbuilder.baseviews import expose
from flask_appbuilder.security.api import SecurityApi
from flask_jwt_extended import create_access_token, get_jwt
from werkzeug.exceptions import BadRequest

from app.clock import now, real_now
from app.models import Account
from app.rules.accounts import SecondFactor, needs_second_factor, password_expired
from app.rules.sign_in import SessionEnd, SessionKind
from app.rules.violations import RuleViolation
from app.security.access_log import note_sign_out
from app.security.actor import current_actor
from app.security.manager import SESSION_CLAIM
from app.security.needs import needs, public
from app.security.roles import Permission
from app.security.sessions import end_session
from app.security.sign_in import check_code, check_password, let_in, visitor_of_request
from app.transaction import transaction


class LoginApi(SecurityApi):  # type: ignore[misc]
    """`POST /api/v1/security/login`: a bearer token for the JSON API."""

    include_route_methods = {"login", "logout"}

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
                    code: {type: string, description: The second factor of an account that has one}
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
            401: {description: 'Name, password or code don''t fit, or the code is missing (`code_needed`)'}
            403: {description: 'The password is to be changed, or a second factor to be set up, on the pages first'}
            429: {description: Too many failures; try again later}
        """
        username, password, code = _sent()
        visitor = visitor_of_request()
        passed = check_password(username, password, visitor)
        if passed.second_factor:
            if not code:
                raise RuleViolation("code_needed", status=401, field="code")
            check_code(passed, code, visitor)
        with transaction() as session:
            _require_ready(session.get_one(Account, passed.account_id))
        token = let_in(passed, SessionKind.PROGRAM, visitor).token
        bearer = create_access_token(
            identity=str(passed.account_id), fresh=True, additional_claims={SESSION_CLAIM: token}
        )
        return self.response(200, access_token=bearer)

    @expose("/logout", methods=["POST"])
    @needs(Permission.VIEW_HOME)
    def logout(self) -> Any:
        """End the session of the token that is sent with this call
        ---
        post:
          summary: Sign out
          responses:
            204: {description: The token opens nothing any more}
        """
        with transaction() as session:
            note_sign_out(session, current_actor().account_id)
            end_session(session, str(get_jwt()[SESSION_CLAIM]), SessionEnd.SIGNED_OUT, real_now())
        return current_app.response_class(status=204)


def _sent() -> tuple[str, str, str]:
    body = request.get_json()
    if not isinstance(body, dict):
        raise BadRequest
    username, password, code = body.get("username"), body.get("password"), body.get("code") or ""
    if not all(isinstance(each, str) for each in (username, password, code)):
        raise BadRequest
    username = str(username).strip()
    if max(len(username), len(str(password)), len(code)) > 320 or "\x00" in username:
        raise RuleViolation("login_failed", status=401)
    return username, str(password), code


def _require_ready(account: Account) -> None:
    """Programs can't do on the pages what has to be done there first."""
    settings = current_app.config["SETTINGS"]
    expired = password_expired(account.password_changed_at, settings.password_days, now())
    if account.must_change_password or expired:
        raise RuleViolation("password_must_change", status=403)
    enforced = SecondFactor(settings.second_factor)
    if account.second_factor_at is None and needs_second_factor(
        enforced, {role.name for role in account.roles}
    ):
        raise RuleViolation("second_factor_missing", status=403)
