"""Every route says what it needs: a permission, or that it is open to all."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import g, request
from flask_jwt_extended import verify_jwt_in_request

from app.rules.violations import RuleViolation
from app.security.actor import Actor, current_actor
from app.security.roles import Permission, may

View = TypeVar("View", bound=Callable[..., Any])

API_PREFIX = "/api/"


def needs(permission: Permission) -> Callable[[View], View]:
    """Let only actors with the permission in; screens by cookie, the API by bearer token only."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            allowed_actor(permission)
            return view(*args, **kwargs)

        guarded.needs = permission  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return decorate


def public(view: View) -> View:
    """Mark a route as open to everybody, signed in or not."""
    view.public = True  # type: ignore[attr-defined]
    return view


def allowed_actor(permission: Permission) -> Actor:
    """The current actor if it has the permission.

    Raises NotSignedIn, or RuleViolation `not_allowed` (403).
    """
    if request.path.startswith(API_PREFIX) and not g.get("bearer_checked"):
        verify_jwt_in_request()
        g.bearer_checked = True
    actor = current_actor()
    if not may(actor, permission):
        raise RuleViolation("not_allowed", status=403)
    return actor
