"""Every city of tests/data comes in by its workbooks and is stored as its expected.json says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.models import Account, Employer, ImportError, ImportRun, Member, Union
from app.rules.imports import ImportKind, ImportState
from app.rules.members import ID_TYPE_WORDS, CardStatus, EmploymentStatus, MembershipKind
from app.security.actor import Actor, actor_of
from app.services.first_account import create_first_account
from app.services.imports import commit_import, start_import
from tests.factories import at

CITIES = sorted((Path(__file__).parent.parent / "data").glob("city-*"))
NOW = at("2026-11-20 10:00:00")

Perform = Callable[[], int]


@pytest.fixture
def admin(session: Session) -> Actor:
    """The administrator of an installation that has just begun."""
    create_first_account(session, username="admin", password="Haicheng-2025", must_change=False, now=NOW)
    return actor_of(session.scalars(select(Account)).one())


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


@pytest.mark.parametrize("city", CITIES, ids=lambda path: path.name)
def test_a_city_comes_in_by_its_workbooks_to_the_letter(
    session: Session, perform_jobs: Perform, admin: Actor, city: Path
) -> None:
    expected = json.loads((city / "expected.json").read_text())
    runs = bring_in_city(session, perform_jobs, admin, city)
    for name, run in runs.items():
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


@pytest.mark.parametrize("city", CITIES, ids=lambda path: path.name)
def test_the_bad_workbook_gives_exactly_its_rows_and_columns_and_creates_nobody(
    session: Session, perform_jobs: Perform, admin: Actor, city: Path
) -> None:
    expected = json.loads((city / "expected.json").read_text())
    bring_in_city(session, perform_jobs, admin, city)
    before = session.scalar(select(func.count()).select_from(Member))
    run = bring_in(session, perform_jobs, admin, ImportKind.MEMBERS, (city / "members-bad.xlsx").read_bytes())
    found = [{"row": row, "column": column} for row, column, _ in errors_of(session, run)]
    assert found == expected["errors"]["members-bad"]
    assert (run.rows, run.valid, run.invalid) == (9, 0, 9)
    assert session.scalar(select(func.count()).select_from(Member)) == before


def test_the_same_workbooks_again_change_nothing(
    session: Session, perform_jobs: Perform, admin: Actor
) -> None:
    city = CITIES[0]
    bring_in_city(session, perform_jobs, admin, city)
    touched = session.scalar(select(func.max(Member.updated_at)))
    for name, run in bring_in_city(session, perform_jobs, admin, city).items():
        assert (run.created, run.updated, run.unchanged) == (0, 0, run.rows), name
    assert session.scalar(select(func.max(Member.updated_at))) == touched
