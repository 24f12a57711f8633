"""From the upload to the error workbook: what is refused, repeated, killed, mended."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.jobs import perform_pending
from app.models import ImportRow, ImportRun, Member
from app.queries.imports import import_problem_rows
from app.rules.import_tables import table_of
from app.rules.imports import ImportKind, ImportState
from app.rules.violations import RuleViolation
from app.security.actor import Actor
from app.security.roles import Role
from app.sentences import sentence
from app.services.imports import apply_import, check_import, commit_import, start_import
from app.transaction import transaction
from reports.error_workbook import write_error_workbook
from reports.template_workbook import write_template
from tests.factories import Tree, actor_of_role, make_member
from tests.factories.imports import NOW, bring_in, errors_of, passport, sheet_of, upload
from tests.factories.workbooks import make_workbook

HEADERS = ["姓名*", "证件类型*", "证件号码*", "手机号*"]

pytestmark = pytest.mark.usefixtures("perform_jobs")


def test_a_workbook_without_a_required_column_is_one_error_before_any_row_is_read(
    session: Session, operator: Actor
) -> None:
    rows = [{"姓名": "", "手机号": "1"}, {"姓名": "2", "手机号": "x"}]
    run = upload(session, operator, rows)
    assert (run.state, run.rows, run.problem_code) == (ImportState.FAILED, 0, "columns_missing")
    assert errors_of(session, run) == [(1, "证件类型、证件号码", "columns_missing")]
    with pytest.raises(RuleViolation) as caught:
        commit_import(session, operator, run.id, NOW)
    assert (caught.value.code, caught.value.status) == ("import_failed", 409)


def test_a_file_that_turns_out_broken_at_its_last_line_leaves_no_row_and_a_sentence(
    session: Session, operator: Actor
) -> None:
    lines = ["姓名,证件类型,证件号码,手机号", *(f"王一,护照,E{n:08d},{13100000000 + n}" for n in range(2000))]
    run = upload(session, operator, "\n".join([*lines, '"王二,护照,E9,13900000000']).encode())
    assert (run.state, run.rows, run.problem_code) == (ImportState.FAILED, 0, "text_quotes")
    assert session.scalar(select(func.count()).select_from(ImportRow)) == 0


@pytest.mark.parametrize(
    ("content", "code", "status"),
    [
        (b"", "workbook_empty", 422),
        (b"\x89PNG", "workbook_not_xlsx", 415),
        (b"PK\x03\x04 and no more", "workbook_damaged", 422),
        (bytes(20 * 1024 * 1024 + 1), "file_too_large", 413),
    ],
)
def test_what_is_no_workbook_is_refused_at_the_door_and_leaves_nothing(
    session: Session, operator: Actor, content: bytes, code: str, status: int
) -> None:
    with pytest.raises(RuleViolation) as caught:
        upload(session, operator, content)
    assert (caught.value.code, caught.value.status, caught.value.field) == (code, status, "file")
    assert session.scalar(select(func.count()).select_from(ImportRun)) == 0


def test_a_workbook_that_would_burst_the_reader_fails_as_a_whole(session: Session, operator: Actor) -> None:
    def far_away(book: Any, sheet: Any) -> None:
        sheet.write("XFD1048576", "x")

    run = upload(session, operator, make_workbook(HEADERS, [], change=far_away))
    assert (run.state, run.problem_code, run.rows) == (ImportState.FAILED, "workbook_too_large", 0)


def test_columns_that_are_not_read_are_named_in_a_remark(session: Session, operator: Actor) -> None:
    run = upload(session, operator, [passport(1, 工号="7", 部门="一")])
    assert run.remarks == [{"code": "columns_ignored", "facts": {"columns": "工号、部门"}}]


def error_workbook(session: Session, run: ImportRun) -> openpyxl.Workbook:
    out = io.BytesIO()
    sheet = table_of(run.kind).sheet
    write_error_workbook(sheet, run.headers, import_problem_rows(session, run.id), sentence, out)
    return openpyxl.load_workbook(out)


def saved(book: openpyxl.Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("kind", ImportKind)
def test_every_template_is_taken_in_by_its_import(
    session: Session, municipal: Actor, kind: ImportKind
) -> None:
    out = io.BytesIO()
    write_template(kind, out, above_grassroots=True)
    empty = upload(session, municipal, out.getvalue(), kind)
    assert (empty.state, empty.problem_code) == (ImportState.FAILED, "workbook_empty")


def test_only_whoever_may_imports_and_sees_an_import(session: Session, tree: Tree, operator: Actor) -> None:
    with pytest.raises(RuleViolation) as caught:
        upload(session, operator, [{"工会编号": "1"}], ImportKind.ORGANISATIONS)
    assert (caught.value.code, caught.value.status) == ("not_allowed", 403)
    run = upload(session, operator, [passport(1)])
    sibling = actor_of_role(session, tree.sibling, Role.OPERATOR)
    with pytest.raises(RuleViolation) as caught:
        commit_import(session, sibling, run.id, NOW)
    assert (caught.value.code, caught.value.status) == ("not_found", 404)


def test_a_commit_waits_for_the_check_and_twice_is_once(session: Session, operator: Actor) -> None:
    run = start_import(
        session,
        operator,
        kind=ImportKind.MEMBERS,
        file_name="a.xlsx",
        content=sheet_of([passport(1)]),
        now=NOW,
    )
    with pytest.raises(RuleViolation) as caught:
        commit_import(session, operator, run.id, NOW)
    assert (caught.value.code, caught.value.status) == ("import_not_ready", 409)
    perform_pending(session)
    for _ in range(2):
        commit_import(session, operator, run.id, NOW)
    perform_pending(session)
    apply_import(session, run.id, NOW)
    check_import(transaction, run.id, NOW)
    assert (run.state, run.created) == (ImportState.DONE, 1)
    assert session.scalar(select(func.count()).select_from(Member)) == 1


def test_rows_are_judged_again_when_they_are_applied(session: Session, tree: Tree, operator: Actor) -> None:
    first = upload(session, operator, [passport(1), passport(2), passport(3)])
    assert first.created == 3
    bring_in(session, operator, [passport(1)])
    make_member(session, tree.sibling, phone=passport(2)["手机号*"])
    commit_import(session, operator, first.id, NOW)
    perform_pending(session)
    assert (first.created, first.unchanged, first.invalid) == (1, 1, 1)
    assert errors_of(session, first) == [(3, "手机号", "phone_taken")]


def test_an_import_killed_while_it_applies_has_done_nothing_and_runs_again(
    session: Session, operator: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = upload(session, operator, [passport(1), passport(2)])
    commit_import(session, operator, run.id, NOW)

    class Killed(BaseException):
        pass

    def die(*args: object, **more: object) -> None:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed), session.begin_nested():
        patch.setattr("app.services.imports.record", die)
        apply_import(session, run.id, NOW)
    assert session.scalar(select(func.count()).select_from(Member)) == 0
    session.refresh(run)
    assert run.state is ImportState.COMMITTING
    apply_import(session, run.id, NOW)
    assert (run.state, run.created) == (ImportState.DONE, 2)


def test_nothing_of_a_row_is_lost_between_upload_and_error_workbook(
    session: Session, operator: Actor
) -> None:
    rows = [passport(1, 备注="=1+1", 会员标签="长" * 60, 工号=12.5)]
    run = upload(session, operator, rows)
    raw = session.scalars(select(ImportRow.raw).where(ImportRow.import_id == run.id)).one()
    assert raw == list(rows[0].values())
    sheet = error_workbook(session, run).active
    assert [cell.value for cell in sheet[2]][: len(raw)] == raw
