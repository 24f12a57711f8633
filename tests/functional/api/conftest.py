"""Programs that call the API: a client with a token per role."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.models import Union
from app.security.roles import Role
from tests.factories import make_account
from tests.factories.accounts import bearer


@dataclass(frozen=True)
class Caller:
    """One program with an account; each call brings a token made at that time."""

    client: FlaskClient
    account_id: int

    def call(self, method: str, path: str, **options: Any) -> TestResponse:
        headers = {**bearer(self.account_id), **options.pop("headers", {})}
        return self.client.open(f"/api/v1/{path}", method=method, headers=headers, **options)

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.call("GET", path, **options)

    def post(self, path: str, **options: Any) -> TestResponse:
        return self.call("POST", path, **options)

    def put(self, path: str, **options: Any) -> TestResponse:
        return self.call("PUT", path, **options)


@pytest.fixture
def caller(client: FlaskClient, session: Session) -> Callable[[Union, Role], Caller]:
    """``caller(union, role)`` makes an account there and signs it in."""

    def sign_in(union: Union, role: Role) -> Caller:
        return Caller(client, make_account(session, union, role).id)

    return sign_in
