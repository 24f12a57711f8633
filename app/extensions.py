"""The Flask extensions that the application shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from flask import current_app
from flask_appbuilder import Model
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from flask_wtf import CSRFProtect
from sqlalchemy import Connection, Engine
from werkzeug.local import LocalProxy

if TYPE_CHECKING:
    from flask_appbuilder import AppBuilder


class OneDatabaseSession(FlaskSession):
    """A session that stays on the connection it was given, if it was given one; there is one database in any case.

    It is asked before every statement, so it looks nothing up by table.
    """

    def get_bind(self, *args: Any, **kwargs: Any) -> Engine | Connection:
        return self.bind if self.bind is not None else self._db.engine


db = SQLAlchemy(metadata=Model.metadata, session_options={"class_": OneDatabaseSession})
migrate = Migrate()
csrf = CSRFProtect()


def _appbuilder_of_the_app() -> AppBuilder:
    return cast("AppBuilder", current_app.extensions["appbuilder"])


# One per application: Flask-AppBuilder remembers its views, and two applications may live in one process.
appbuilder = LocalProxy(_appbuilder_of_the_app)
