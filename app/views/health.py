"""Whether this process lives, and whether it can serve."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError

from app.database import at_head
from app.extensions import db
from app.security.needs import public

health = Blueprint("health", __name__)


@health.get("/healthz")
@public
def healthz() -> ResponseReturnValue:
    """The process answers."""
    return {"status": "alive"}


@health.get("/readyz")
@public
def readyz() -> ResponseReturnValue:
    """The database answers and stands at the newest migration; 503 until then."""
    try:
        with db.engine.connect() as connection:
            ready = at_head(connection)
    except SQLAlchemyError:
        return {"status": "waiting", "for": "database"}, 503
    if not ready:
        return {"status": "waiting", "for": "migrations"}, 503
    return {"status": "ready"}
