"""Every city of tests/data comes in by its workbooks and is stored as its expected.json says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, func, select, text
from sqlalchemy.orm import Session

from app.jobs import perform_pending
from app.models import Account, Employer, ImportError, ImportRun, Member, Union
from app.rules.imports import ImportKind, ImportState
from app.rules.members import ID_TYPE_WORDS, CardStatus, EmploymentStatus, MembershipKind
from app.security.actor import Actor, actor_of
from app.services.first_account import create_first_account
from app.services.imports import commit_import, start_import
from scheduler.tasks import import_all
from tests.databases import rolled_back
from tests.factories import at

# One worker brings each city in, once.
pytestmark = pytest.mark.xdist_group("workbooks of cities")

CITIES = sorted((Path(__file__).parent.parent / "data").glob("city-*"))
NOW = at("2026-11-20 10:00:00")

Perform = Callable[[], int]


@dataclass(frozen=True, slots=True)
class BroughtIn:
    """A city whose workbooks the administrator has brought in, and what the imports said."""

    session: Session
    admin: Actor
    folder: Path
    runs: dict[str, ImportRun]


@pytest.fixture(scope="module", params=[pytest.param(city, id=city.name) for city in CITIES])
def brought_in(app: Flask, request: pytest.FixtureRequest) -> Iterator[BroughtIn]:
    """Once for all tests of this file: they read, or add what is undone."""
    import_all()
    with rolled_back(app) as session:
        create_first_account(session, username="admin", password="Haicheng-2025", must_change=False, now=NOW)
        admin = actor_of(session.scalars(select(Account)).one())
        runs = bring_in_city(session, lambda: perform_pending(session), admin, request.param)
        yield BroughtIn(session, admin, request.param, runs)


@pytest.fixture
def city(brought_in: BroughtIn) -> Iterator[BroughtIn]:
    """Undone on the connection: a commit of the session would be the end of a savepoint of its own."""
    brought_in.session.commit()
    connection = brought_in.session.get_bind()
    assert isinstance(connection, Connection)
    connection.exec_driver_sql("SAVEPOINT brought_in")
    yield brought_in
    brought_in.session.rollback()
    connection.exec_driver_sql("ROLLBACK TO SAVEPOINT brought_in")


@pytest.fixture
def perform_jobs(city: BroughtIn) -> Perform:
    return lambda: perform_pending(city.session)


def upload(
    session: Session, perform: Perform, actor: Actor, kind: ImportKind, content: bytes, **more: Any
) -> ImportRun:
    run = start_import(session, actor, kind=kind, file_name="a.xlsx", content=content, now=NOW, **more)
    perform()
    return run


def bring_in(
    session: Session, perform: Perform, actor: Actor, kind: ImportKind, content: bytes, **more: Any
) -> ImportRun:
    run = upload(session, perform, actor, kind, content, **more)
    commit_import(session, actor, run.id, NOW)
    perform()
    assert run.state is ImportState.DONE
    return run


def bring_in_city(session: Session, perform: Perform, admin: Actor, city: Path) -> dict[str, ImportRun]:
    kinds: dict[str, tuple[ImportKind, dict[str, Any]]] = {
        "organisations": (ImportKind.ORGANISATIONS, {}),
        "employers": (ImportKind.EMPLOYERS, {}),
        "members": (ImportKind.MEMBERS, {"member_kind": MembershipKind.EMPLOYED}),
        "flexible": (ImportKind.MEMBERS, {"member_kind": MembershipKind.FLEXIBLE}),
        "status": (ImportKind.SOCIAL_SECURITY, {}),
        "bank": (ImportKind.BANK, {}),
    }
    return {
        name: bring_in(session, perform, admin, kind, (city / f"{name}.xlsx").read_bytes(), **more)
        for name, (kind, more) in kinds.items()
    }


def errors_of(session: Session, run: ImportRun) -> list[tuple[int, str, str]]:
    query = select(ImportError.row, ImportError.column_name, ImportError.code)
    return [
        tuple(row)
        for row in session.execute(query.where(ImportError.import_id == run.id).order_by(ImportError.row))
    ]


def test_a_city_comes_in_by_its_workbooks_to_the_letter(city: BroughtIn) -> None:
    session = city.session
    expected = json.loads((city.folder / "expected.json").read_text())
    for name, run in city.runs.items():
        assert errors_of(session, run) == [], name
    assert session.scalar(select(func.count()).select_from(Union)) == expected["counts"]["unions"]
    assert session.scalar(select(func.count()).select_from(Employer)) == expected["counts"]["employers"]

    parents = dict(
        session.execute(
            text("SELECT u.code, p.code FROM trade_union u JOIN trade_union p ON p.id = u.parent_id")
        ).all()
    )
    for union in expected["tree"]:
        stored = session.scalars(select(Union).where(Union.code == union["code"])).one()
        assert (stored.name, stored.central_enterprise) == (union["name"], union["central"])
        assert parents.get(stored.code, "") == union["parent"]
        level = union["level"].lower()
        assert (stored.level.value if stored.level else "unsupported") == level

    words = {value: word for word, value in ID_TYPE_WORDS.items()}
    people = session.execute(
        select(Member.id_number, Member.name, Member.id_type, Member.phone, Union.code)
        .join(Union, Union.id == Member.union_id)
        .where(Member.kind == MembershipKind.EMPLOYED)
    )
    assert {
        number: {"union": union, "name": name, "id_type": words[id_type], "phone": phone}
        for number, name, id_type, phone, union in people
    } == expected["people"]

    cards = dict(
        session.execute(
            select(Union.code, func.count())
            .join(Member, Member.union_id == Union.id)
            .where(Member.card_status == CardStatus.ISSUED)
            .group_by(Union.code)
        ).all()
    )
    assert {code: cards.get(code, 0) for code in expected["unions"]} == {
        code: union["member_card"]["with_card"] for code, union in expected["unions"].items()
    }
    deceased = session.scalar(
        select(func.count()).where(Member.employment_status == EmploymentStatus.DECEASED)
    )
    assert deceased == sum(
        union["member_card"]["buckets"]["deceased"] for union in expected["unions"].values()
    )


def test_the_bad_workbook_gives_exactly_its_rows_and_columns_and_creates_nobody(
    perform_jobs: Perform, city: BroughtIn
) -> None:
    session = city.session
    expected = json.loads((city.folder / "expected.json").read_text())
    before = session.scalar(select(func.count()).select_from(Member))
    content = (city.folder / "members-bad.xlsx").read_bytes()
    run = bring_in(session, perform_jobs, city.admin, ImportKind.MEMBERS, content)
    found = [{"row": row, "column": column} for row, column, _ in errors_of(session, run)]
    assert found == expected["errors"]["members-bad"]
    assert (run.rows, run.valid, run.invalid) == (9, 0, 9)
    assert session.scalar(select(func.count()).select_from(Member)) == before


@pytest.mark.parametrize("brought_in", CITIES[:1], ids=lambda path: path.name, indirect=True)
def test_the_same_workbooks_again_change_nothing(perform_jobs: Perform, city: BroughtIn) -> None:
    session = city.session
    touched = session.scalar(select(func.max(Member.updated_at)))
    for name, run in bring_in_city(session, perform_jobs, city.admin, city.folder).items():
        assert (run.created, run.updated, run.unchanged) == (0, 0, run.rows), name
    assert session.scalar(select(func.max(Member.updated_at))) == touched
