"""Members' workbooks and what becomes of them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.jobs import perform_pending
from app.models import ImportRun, Member
from app.queries.imports import first_errors
from app.rules.imports import ImportKind, ImportState
from app.rules.members import IdType
from app.security.actor import Actor
from app.security.persons import key_of
from app.services.imports import commit_import, start_import
from tests.factories.workbooks import Value, make_workbook
from tests.factories.years import at

NOW = at("2026-11-20 10:00:00")
Row = dict[str, Value]


def passport(serial: int, **more: Value) -> Row:
    """A right members' row of a person without a resident number."""
    return {
        "姓名*": f"外籍{'甲乙丙丁戊己庚辛'[serial % 8]}",
        "证件类型*": "护照",
        "证件号码*": f"P{serial:07d}",
        "手机号*": f"{13100000000 + serial}",
    } | more


def sheet_of(rows: list[Row]) -> bytes:
    headers = list(dict.fromkeys(header for row in rows for header in row))
    return make_workbook(headers, [[row.get(header, "") for header in headers] for row in rows])


def upload(
    session: Session,
    actor: Actor,
    rows: list[Row] | bytes,
    kind: ImportKind = ImportKind.MEMBERS,
    **more: Any,
) -> ImportRun:
    """The run after its check."""
    content = rows if isinstance(rows, bytes) else sheet_of(rows)
    run = start_import(session, actor, kind=kind, file_name="名单.xlsx", content=content, now=NOW, **more)
    perform_pending(session)
    return run


def bring_in(
    session: Session,
    actor: Actor,
    rows: list[Row] | bytes,
    kind: ImportKind = ImportKind.MEMBERS,
    **more: Any,
) -> ImportRun:
    run = upload(session, actor, rows, kind, **more)
    commit_import(session, actor, run.id, NOW)
    perform_pending(session)
    assert run.state is ImportState.DONE
    return run


def errors_of(session: Session, run: ImportRun) -> list[tuple[int, str, str]]:
    return [(error.row, error.column_name, error.code) for error in first_errors(session, run)]


def member_of(session: Session, number: str, id_type: IdType = IdType.PASSPORT) -> Member:
    return session.scalars(select(Member).where(Member.person_key == key_of(id_type, number))).one()
