"""kill -9 of the worker, again and again: an import comes in whole or not at all, once, and it ends."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from app import create_app
from app.models import Account, ImportRun, Member
from app.queries.check import find_lies
from app.rules.imports import ImportKind, ImportState
from app.security.actor import actor_of
from app.security.roles import Role
from app.services.imports import commit_import, start_import
from app.transaction import transaction
from config import Login
from tests.databases import settings_for
from tests.factories import actor_of_role, make_tree
from tests.factories.imports import NOW, passport, sheet_of

ROOT = Path(__file__).resolve().parents[2]
ROWS, WRONG, KILLS = 20_000, 40, 10

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("processes")]


class Workers:
    """The workers of the test; see ``mortal_worker``."""

    def __init__(self, database_url: str, data_dir: Path) -> None:
        program = [sys.executable, "-m", "tests.processes.mortal_worker", database_url, str(data_dir)]
        self.mother = subprocess.Popen(
            program, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def live(self) -> int:
        return int(self._order("live"))

    def die(self, step: str, milliseconds: int) -> None:
        assert self._order(f"die {step} {milliseconds}") == "killed"

    def _order(self, order: str) -> str:
        assert self.mother.stdin is not None and self.mother.stdout is not None
        print(order, file=self.mother.stdin, flush=True)
        return self.mother.stdout.readline().strip()


@pytest.fixture
def workers(committed_database: str, tmp_path: Path) -> Iterator[Workers]:
    started = Workers(committed_database, tmp_path)
    with create_app(settings_for(committed_database, tmp_path), Login.SCHEDULER).app_context():
        yield started
    started.mother.kill()
    started.mother.wait()


def test_killed_at_twenty_points_an_import_is_whole_or_not_there_never_double_and_ends(
    workers: Workers,
) -> None:
    with transaction() as session:
        actor_of_role(session, make_tree(session).grassroots, Role.OPERATOR)
    rehearsal = upload(workbook_from(0))
    steps_of_check = workers.live()
    confirm(rehearsal)
    steps_of_commit = workers.live()
    before = ROWS - WRONG
    assert seen(rehearsal) == (ImportState.DONE, before)

    workbook = workbook_from(ROWS)
    run = upload(workbook)
    for step, milliseconds in points(steps_of_check):
        workers.die(step, milliseconds)
        state, members = seen(run)
        assert members == before
        assert state in (ImportState.QUEUED, ImportState.CHECKING, ImportState.READY)
    workers.live()
    assert figures(run) == (ImportState.READY, ROWS, ROWS - WRONG, 0, WRONG)

    confirm(run)
    for step, milliseconds in points(steps_of_commit):
        workers.die(step, milliseconds)
        state, members = seen(run)
        assert members == (before + ROWS - WRONG if state is ImportState.DONE else before)
    workers.live()
    assert figures(run) == (ImportState.DONE, ROWS, ROWS - WRONG, 0, WRONG)
    assert seen(run) == (ImportState.DONE, before + ROWS - WRONG)

    again = upload(workbook)
    workers.live()
    confirm(again)
    workers.live()
    assert figures(again) == (ImportState.DONE, ROWS, 0, ROWS - WRONG, WRONG)
    assert seen(again) == (ImportState.DONE, before + ROWS - WRONG)
    with transaction() as session:
        assert find_lies(session) == []


def points(steps: int) -> list[tuple[str, int]]:
    """Steps all over the work, some of them killed in the middle; the last one when all is committed."""
    spread = [
        (str(1 + (steps - 4) * at // (KILLS - 2)), 25 * (at in (0, 2, 4, 6))) for at in range(KILLS - 1)
    ]
    return [*spread, ("pg_advisory_unlock", 0)]


def workbook_from(first: int) -> bytes:
    rows = [passport(first + at) for at in range(ROWS)]
    for at in range(WRONG):
        rows[at * (ROWS // WRONG)]["手机号*"] = "131"
    return sheet_of(rows)


def upload(content: bytes) -> int:
    with transaction() as session:
        run = start_import(
            session,
            actor_of(session.scalars(select(Account)).one()),
            kind=ImportKind.MEMBERS,
            file_name="名单.xlsx",
            content=content,
            now=NOW,
        )
        return run.id


def confirm(import_id: int) -> None:
    with transaction() as session:
        commit_import(session, actor_of(session.scalars(select(Account)).one()), import_id, NOW)


def seen(import_id: int) -> tuple[ImportState, int]:
    """The run's state and how many members there are, at one instant.

    A job that was killed five times counts as failed; here it may be killed as often as the test wants.
    """
    people = select(func.count()).select_from(Member).scalar_subquery()
    with transaction() as session:
        session.execute(text("UPDATE procrastinate_jobs SET attempts = 0 WHERE status = 'doing'"))
        state, members = session.execute(
            select(ImportRun.state, people).where(ImportRun.id == import_id)
        ).one()
    return state, members


def figures(import_id: int) -> tuple[ImportState, int, int, int, int]:
    """State, rows, created, unchanged, wrong."""
    with transaction() as session:
        run = session.get_one(ImportRun, import_id, populate_existing=True)
        return run.state, run.rows, run.created, run.unchanged, run.invalid
