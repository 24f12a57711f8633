"""Two imports at the same moment: committed for real, each on a connection of its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from flask import Flask
from sqlalchemy import select, text

from app.import_turn import import_turn
from app.models import Account, ImportRun, Member
from app.rules.imports import ImportKind, ImportState
from app.security.actor import actor_of
from app.security.roles import Role
from app.services.imports import apply_import, check_import, commit_import, start_import
from app.transaction import transaction
from tests.factories import actor_of_role, make_tree
from tests.factories.imports import NOW, Row, passport, sheet_of


def uploaded(workbooks: list[list[Row]], *, same_union: bool = True) -> list[int]:
    """Imports that wait for their check."""
    with transaction() as session:
        tree = make_tree(session)
        homes = [tree.grassroots, tree.grassroots if same_union else tree.sibling]
        return [
            start_import(
                session,
                actor_of_role(session, home, Role.OPERATOR),
                kind=ImportKind.MEMBERS,
                file_name="a.xlsx",
                content=sheet_of(rows),
                now=NOW,
            ).id
            for home, rows in zip(homes, workbooks, strict=True)
        ]


def ready_runs(workbooks: list[list[Row]], *, same_union: bool) -> list[int]:
    """Imports that were checked and committed by their operators, waiting to be applied."""
    runs = uploaded(workbooks, same_union=same_union)
    for run in runs:
        check_import(transaction, run, NOW)
        with transaction() as session:
            account = session.get_one(Account, session.get_one(ImportRun, run).uploaded_by)
            commit_import(session, actor_of(account), run, NOW)
    return runs


def apply_together(application: Flask, runs: list[int]) -> list[tuple[int, int, int]]:
    """Created, unchanged and invalid of each run, after both were applied at once."""
    start = Barrier(len(runs))

    def apply(run_id: int) -> None:
        with application.app_context():
            start.wait()
            with transaction() as session:
                apply_import(session, run_id, NOW)

    with ThreadPoolExecutor(len(runs)) as threads:
        list(threads.map(apply, runs))
    with transaction() as session:
        done = session.scalars(select(ImportRun).order_by(ImportRun.id)).all()
        assert [run.state for run in done] == [ImportState.DONE] * len(runs)
        return sorted((run.created, run.unchanged, run.invalid) for run in done)


def test_two_imports_of_one_person_into_one_union_create_one_member(committing: Flask) -> None:
    runs = ready_runs([[passport(1), passport(2)], [passport(2), passport(1)]], same_union=True)
    assert apply_together(committing, runs) == [(0, 2, 0), (2, 0, 0)]


def test_two_unions_that_import_one_person_at_once_do_not_both_get_her(committing: Flask) -> None:
    runs = ready_runs([[passport(1)], [passport(1)]], same_union=False)
    assert apply_together(committing, runs) == [(0, 0, 1), (1, 0, 0)]
    with transaction() as session:
        assert len(session.scalars(select(Member)).all()) == 1


def test_one_import_performed_twice_at_once_happens_once(committing: Flask) -> None:
    (run, _) = ready_runs([[passport(1)], [passport(2)]], same_union=True)
    assert apply_twice(committing, run) == 1


def test_a_commit_pressed_by_two_at_once_is_one_job(committing: Flask) -> None:
    (run, _) = uploaded([[passport(1)], [passport(2)]])
    check_import(transaction, run, NOW)

    def press() -> None:
        with transaction() as session:
            account = session.get_one(Account, session.get_one(ImportRun, run).uploaded_by)
            commit_import(session, actor_of(account), run, NOW)

    at_once(committing, press)
    with transaction() as session:
        jobs = text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'imports.commit'")
        assert session.scalar(jobs) == 1


def test_a_workbook_checked_by_two_processes_at_once_is_read_once(committing: Flask) -> None:
    (run, _) = uploaded([[passport(at) for at in range(30)], [passport(1)]])
    readings: list[int] = []

    def check() -> None:
        with import_turn(run) as tell:

            def note(share: float, rows_read: int = 0) -> None:
                readings.extend([rows_read] if rows_read else [])
                tell(share, rows_read)

            check_import(transaction, run, NOW, note)

    at_once(committing, check)
    assert readings == [30]
    with transaction() as session:
        checked = session.get_one(ImportRun, run)
        assert (checked.state, checked.rows, checked.created) == (ImportState.READY, 30, 30)


def at_once(application: Flask, deed: Callable[[], None]) -> None:
    start = Barrier(2)

    def do(_: int) -> None:
        with application.app_context():
            start.wait()
            deed()

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(do, range(2)))


def apply_twice(application: Flask, run_id: int) -> int:
    def apply() -> None:
        with transaction() as session:
            apply_import(session, run_id, NOW)

    at_once(application, apply)
    with transaction() as session:
        return len(session.scalars(select(Member)).all())
