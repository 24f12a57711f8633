"""Every call of the OpenAPI document by every role and by nobody: answers are as the document says, and leak nothing.

Requests are drawn by schemathesis from a fixed seed and aimed: at what the asker sees, and at what others own.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from tests.architecture.asking import ASKERS, Asker, Asking, text_of
from tests.architecture.header_faults import header_faults
from tests.architecture.world import Kind, Mark
from tests.functional.api.test_document import send
from tests.functional.test_bad_input_screens import asking, world_session

__all__ = ["asking", "world_session"]

pytestmark = pytest.mark.xdist_group("bad input")

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
DRAWN = settings(
    max_examples=2,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
AIMS = {
    "import_id": Kind.IMPORT,
    "voucher_id": Kind.VOUCHER,
    "number": Kind.NOTICE,
    "union_id": Kind.UNION,
    "second_id": Kind.UNION,
    "parent_id": Kind.UNION,
    "district_id": Kind.UNION,
    "member_id": Kind.COVERED,
}
"""What a name in an address or a query means."""
OWN = ""
AIMS_IN_TURN = [
    aim
    for place in ("straight", "district", "other_straight", "other_district", "city")
    for aim in (OWN, place)
]
"""Each asker's own place and one of all, which is foreign to most: two requests of a call have one of each."""


def operations(asking: Asking) -> list[Any]:
    document = asking.client.get("/api/v1/_openapi").json
    return [found.ok() for found in schemathesis.openapi.from_dict(document).get_all_operations()]


def aimed(asking: Asking, case: Any, place: str) -> Any:
    """The drawn request at what there is, at the place or else anywhere: what was drawn hits nothing."""
    for part in (case.path_parameters, case.query or {}):
        for name in part:
            kind = AIMS.get(name)
            if name == "batch_id":
                kind = Kind.DISTRICT_BATCH if "district-batches" in case.path else Kind.BATCH
            if kind is not None:
                there = asking.world.objects[kind]
                part[name] = there.get(place) or next(iter(there.values()))
    return case


def asked_by(asking: Asking, session: Session, asker: Asker | None, case: Any) -> TestResponse:
    """The answer; whatever it changed is taken back."""
    headers = asking.programs[str(asker)] if asker is not None else {}
    connection = session.connection()
    connection.exec_driver_sql("SAVEPOINT before")
    try:
        return send(asking, case, headers)
    finally:
        session.expire_all()
        connection.exec_driver_sql("ROLLBACK TO SAVEPOINT before")


def hidden_marks(asking: Asking, asker: Asker | None) -> set[str]:
    if asker is not None:
        return asker.hidden_marks(asking.world)
    return {mark.of(place) for place in asking.world.places for mark in Mark}


def faults_of(
    asking: Asking, asker: Asker | None, case: Any, answer: TestResponse, refusals: set[tuple[str, int, str]]
) -> Iterator[str]:
    """What is wrong with an answer, in words. ``refusals``: those that were compared with the document before."""
    told = f"{asker or 'nobody'}: {case.method} {case.formatted_path} {case.query} → {answer.status_code}"
    refusal = (f"{case.method} {case.path}", answer.status_code, answer.mimetype)
    try:
        if answer.status_code < 400 or refusal not in refusals:
            refusals.add(refusal)
            case.validate_response(answer, checks=CHECKS)
    except Exception as fault:  # noqa: BLE001  (a group of them)
        parts = getattr(fault, "exceptions", [fault])
        yield from (f"{told}: {part} {answer.text[:300]}" for part in parts)
    shown = text_of(answer)
    yield from (f"{told}: shows {mark}" for mark in hidden_marks(asking, asker) if mark in shown)
    yield from (f"{told}: {fault}" for fault in header_faults(answer))


def test_every_role_gets_what_the_document_says_and_nothing_of_others(
    asking: Asking, world_session: Session
) -> None:
    faults: set[str] = set()
    refusals: set[tuple[str, int, str]] = set()
    seen: set[int] = set()
    succeeded: set[str] = set()
    aims = cycle(AIMS_IN_TURN)
    for operation in operations(asking):

        @DRAWN
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            aim = next(aims)
            for asker in (None, *ASKERS):
                place = asker.place if asker and aim is OWN else aim
                answer = asked_by(asking, world_session, asker, aimed(asking, case, place))
                seen.add(answer.status_code)
                if answer.status_code < 300:
                    succeeded.add(f"{case.method} {case.path}")
                faults.update(faults_of(asking, asker, case, answer, refusals))
                if asker is None:
                    signs_in = "security" in case.path or case.path.endswith("_openapi")
                    assert answer.status_code == 401 or signs_in, case.path

        ask()

    assert sorted(faults) == []
    assert seen >= {200, 401, 403, 404, 422}
    assert len(succeeded) > 15, succeeded


def test_what_the_document_does_not_allow_is_refused_as_it_says(
    asking: Asking, world_session: Session
) -> None:
    faults: set[str] = set()
    refused: set[int] = set()
    for operation in operations(asking):

        @DRAWN
        @given(case=operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
        def ask(case: Any) -> None:
            for asker in ASKERS:
                answer = asked_by(asking, world_session, asker, case)
                told = f"{asker}: {case.method} {case.formatted_path} {case.query} → {answer.status_code}"
                refused.add(answer.status_code)
                if answer.status_code >= 500:
                    faults.add(f"{told} {case.body}")
                elif answer.status_code >= 400 and answer.mimetype != "application/problem+json":
                    faults.add(f"{told} {answer.mimetype}")
                faults.update(f"{told}: {fault}" for fault in header_faults(answer))

        try:
            ask()
        except Unsatisfiable:
            continue  # A call that takes nothing can't be asked wrongly.
    assert sorted(faults) == []
    assert refused >= {400, 403, 404}


def test_every_success_is_described(asking: Asking) -> None:
    document = asking.client.get("/api/v1/_openapi").json
    silent = {
        f"{method} {path}"
        for path, calls in document["paths"].items()
        for method, call in calls.items()
        for status, answer in call["responses"].items()
        if status.startswith("2") and status != "204" and not answer.get("content")
    }
    assert silent == set()
