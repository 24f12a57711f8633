"""A conformance city brought in by other programs: JSON and workbooks over HTTP, a bearer token each."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from app.clock import now
from app.services.first_account import create_first_account
from app.transaction import transaction
from scheduler.tasks import import_all
from tests.conformance.cities import City
from tests.conformance.services import ADMIN, PASSWORD, perform_committed
from tests.conformance.year import fees_body, year_body


@dataclass(frozen=True, slots=True)
class Workbook:
    """A workbook, the call that takes it and the fields beside the file."""

    name: str
    path: str
    fields: Mapping[str, str]


ORDER = (
    Workbook("organisations", "unions/imports", {}),
    Workbook("employers", "employers/imports", {}),
    Workbook("members", "members/imports", {"kind": "employed"}),
    Workbook("members-bad", "members/imports", {"kind": "employed"}),
    Workbook("flexible", "members/imports", {"kind": "flexible"}),
    Workbook("status", "gateways/social_security/answers", {}),
    Workbook("bank", "gateways/bank/answers", {}),
)
"""The order of use."""


@dataclass(frozen=True)
class Program:
    """One program, signed in with a name and a password."""

    client: FlaskClient
    token: str

    @classmethod
    def sign_in(cls, client: FlaskClient, username: str, password: str = PASSWORD) -> Program:
        body = {"username": username, "password": password, "provider": "db"}
        answer = client.post("/api/v1/security/login", json=body)
        assert answer.status_code == 200, answer.text
        return cls(client, answer.json["access_token"])

    def call(self, method: str, path: str, expect: int, **options: Any) -> Any:
        """The JSON of an answer that must have the status ``expect``."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = self.client.open(f"/api/v1/{path}", method=method, headers=headers, **options)
        assert answer.status_code == expect, (method, path, answer.status_code, answer.text[:2000])
        return answer.json if answer.is_json else answer.data

    def get(self, path: str) -> Any:
        return self.call("GET", path, 200)

    def put(self, path: str, json: Any) -> Any:
        return self.call("PUT", path, 200, json=json)

    def post(self, path: str, json: Any = None, expect: int = 200) -> Any:
        return self.call("POST", path, expect, json={} if json is None else json)

    def upload(
        self, path: str, name: str, content: bytes, fields: Mapping[str, str], expect: int = 202
    ) -> Any:
        form = {"file": (io.BytesIO(content), name), **fields}
        return self.call("POST", path, expect, data=form)

    def every(self, path: str) -> Iterator[dict[str, Any]]:
        """The rows of a list, page after page."""
        sign = "&" if "?" in path else "?"
        after = ""
        while True:
            page = self.get(f"{path}{sign}page_size=200" + (f"&after={after}" if after else ""))
            yield from page["result"]
            if page["next"] is None:
                return
            after = page["next"]

    def create_account(self, role: str, union_code: str) -> str:
        """A fresh account with ``PASSWORD``; its name."""
        username = f"{role}-{union_code}"
        body = {"username": username, "password": PASSWORD, "email": f"{username}@example.org"}
        self.post("accounts", body | {"role": role, "union_code": union_code}, expect=201)
        return username


@dataclass(frozen=True, slots=True)
class CalledCity:
    """``imports``: what ``GET imports/{id}`` said of each workbook at the end; ``people`` likewise."""

    city: City
    app: Flask
    imports: Mapping[str, dict[str, Any]]
    people: Mapping[str, int]

    def sign_in(self, client: FlaskClient | None = None) -> Program:
        """The first account."""
        return Program.sign_in(client or self.app.test_client(), ADMIN)


def load_by_api(app: Flask, city: City) -> CalledCity:
    """Everything up to the open year, by the first account's token."""
    import_all()
    with app.app_context(), transaction() as session:
        create_first_account(session, username=ADMIN, password=PASSWORD, must_change=False, now=now())
    admin = Program.sign_in(app.test_client(), ADMIN)
    imports, people = {}, {}
    for workbook in ORDER:
        imports[workbook.name] = _import(app, admin, city, workbook)
        people[workbook.name] = admin.get("members?page_size=1")["count"]
    admin.put(f"years/{city.year}", year_body(city))
    admin.put(f"years/{city.year}/fees", fees_body(city))
    return CalledCity(city, app, imports, people)


def _import(app: Flask, admin: Program, city: City, workbook: Workbook) -> dict[str, Any]:
    content = city.workbook(workbook.name)
    run = admin.upload(workbook.path, f"{workbook.name}.xlsx", content, workbook.fields)["id"]
    with app.app_context():
        perform_committed()
    assert admin.get(f"imports/{run}")["state"] == "ready"
    admin.post(f"imports/{run}/commit", expect=202)
    with app.app_context():
        perform_committed()
    told: dict[str, Any] = admin.get(f"imports/{run}")
    return told
