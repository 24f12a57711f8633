"""Every route that answers with a file leaves an entry in the audit log: who took it, and which."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.models import AuditEntry
from app.rules.auditing import AuditKind
from tests.architecture.asking import ASKERS, Asker, Asking, filled
from tests.architecture.cases import CASES
from tests.architecture.sources import sources
from tests.architecture.world import build_world
from tests.databases import SharingClient, rolled_back

pytestmark = pytest.mark.xdist_group("visibility")


@pytest.fixture(scope="module")
def world_session(app: Flask) -> Iterator[Session]:
    with rolled_back(app) as session:
        yield session


@pytest.fixture(scope="module")
def asking(app: Flask, world_session: Session) -> Asking:
    return Asking(app, SharingClient(app, app.response_class, use_cookies=True), build_world(world_session))


def calls_of(function: ast.AST) -> set[str]:
    """Names that the function calls, its own class's methods among them."""
    called = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                called.add(node.func.id)
            elif isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
                called.add(f"{node.func.value.id}.{node.func.attr}")
    return called


def endpoints_with_files() -> set[str]:
    """Routes whose code comes to ``send_file``, by whatever functions of the views in between."""
    functions: dict[str, set[str]] = {}
    methods: dict[tuple[str, str], set[str]] = {}
    for source in sources():
        if source.layer not in ("app.views", "app.api"):
            continue
        for node in source.tree.body:
            if isinstance(node, ast.FunctionDef):
                functions.setdefault(node.name, set()).update(calls_of(node))
            elif isinstance(node, ast.ClassDef):
                for each in node.body:
                    if isinstance(each, ast.FunctionDef):
                        methods[node.name, each.name] = calls_of(each)
    sending, before = {"send_file"}, 0
    while len(sending) > before:
        before = len(sending)
        sending |= {name for name, called in functions.items() if called & sending}
    found: set[tuple[str, str]] = set()
    grown = True
    while grown:
        mine = {
            (owner, name)
            for (owner, name), called in methods.items()
            if called & sending or {f"self.{other}" for of, other in found if of == owner} & called
        }
        grown, found = mine != found, mine
    return {f"{owner}.{name}" for owner, name in found if f"{owner}.{name}" in CASES}


def asked_for(asking: Asking, endpoint: str) -> Iterator[tuple[Asker, TestResponse]]:
    """As everybody who may ask, each for what is theirs, in every way that the route is asked."""
    case = CASES[endpoint]
    for asker in ASKERS:
        if not asker.may(asking.permissions[endpoint]):
            continue
        places = [
            place
            for place in asking.world.places
            if all(
                place in asking.world.objects[kind] and asker.sees(asking.world, kind, place)
                for kind in case.objects.values()
            )
        ]
        for place in places if case.objects else [asker.place]:
            address = asking.address(endpoint, place if case.objects else None)
            for method in sorted(asking.methods(endpoint)):
                body = filled(case.body, asking.world, place)
                if isinstance(body, dict) and body.get("reason") == "":
                    body["reason"] = "核对"
                for query in [None, *(filled(query, asking.world, place) for query in case.queries[:1])]:
                    yield (
                        asker,
                        asking.ask(asker, method, address, endpoint, body or {"reason": "核对"}, query),
                    )


def is_file(answer: TestResponse) -> bool:
    return answer.status_code == 200 and "attachment" in answer.headers.get("Content-Disposition", "")


def test_the_walk_finds_the_routes_with_files() -> None:
    assert {
        "Members.export", "Numbers.export", "PersonalDataScreen.export", "Imports.errors", "Documents.notice",
        "Statistics.download", "Confirmation.people_full", "Audit.export_access", "ImportsApi.errors",
    } <= endpoints_with_files()  # fmt: skip


@pytest.mark.parametrize("endpoint", sorted(endpoints_with_files()))
def test_a_file_that_leaves_is_an_entry(asking: Asking, world_session: Session, endpoint: str) -> None:
    files = 0
    for asker, answer in asked_for(asking, endpoint):
        if not is_file(answer):
            continue
        files += 1
        noted = world_session.scalars(
            select(AuditEntry).where(
                AuditEntry.request_id == answer.headers["X-Request-ID"], AuditEntry.kind == AuditKind.EXPORT
            )
        ).all()
        account = asking.world.accounts[str(asker)]
        assert [(entry.action, entry.actor_id) for entry in noted] == [(endpoint, account.id)], asker
    assert files, "nobody got a file: the test asks for the wrong thing"
