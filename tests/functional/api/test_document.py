"""Requests drawn from the OpenAPI document that the application serves: whatever it allows is answered."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.transport.serialization import Binary
from werkzeug.test import TestResponse

from app.security.roles import Role
from tests.architecture.asking import Asking, Rows
from tests.architecture.world import YEAR
from tests.functional.test_bad_input_screens import asking, rows, undone, world_session

__all__ = ["asking", "rows", "world_session"]

pytestmark = pytest.mark.xdist_group("bad input")


@pytest.mark.parametrize("role", [Role.MUNICIPAL_ADMIN, Role.OPERATOR])
def test_whatever_the_document_allows_is_answered(asking: Asking, rows: Rows, role: Role) -> None:
    """Requests drawn from the OpenAPI document, sound and unsound, from a fixed seed."""
    place = "city" if role is Role.MUNICIPAL_ADMIN else "grassroots"
    headers = asking.programs[f"{role.value}@{place}"]
    document = asking.client.get("/api/v1/_openapi").json
    schema = schemathesis.openapi.from_dict(document)
    asked = 0
    for found in schema.get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=5,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            nonlocal asked
            answer, changed = undone(rows, lambda: send(asking, case, headers))
            asked += 1
            assert answer.status_code < 500, (case.method, case.formatted_path, case.body)
            # A failed sign-in is counted.
            changed -= {"sign_in_failure"}
            assert answer.status_code < 400 or not changed, (case.method, case.formatted_path, changed)

        ask()
    assert asked > 100


def send(asking: Asking, case: Any, headers: dict[str, str]) -> TestResponse:
    """What was drawn, in a year that there is."""
    if "year" in case.path_parameters:
        case.path_parameters["year"] = YEAR
    options: dict[str, Any] = {"method": case.method, "headers": headers}
    if case.query:
        options["query_string"] = {name: str(value) for name, value in case.query.items()}
    if case.media_type == "application/json":
        body = case.body if isinstance(case.body, bytes) else json.dumps(case.body, default=str)
        options |= {"data": body, "content_type": case.media_type}
    elif isinstance(case.body, dict):
        options["data"] = {
            name: (io.BytesIO(value.data), "file") if isinstance(value, Binary) else str(value)
            for name, value in case.body.items()
        }
    return asking.client.open(case.formatted_path, **options)
