"""Uploaded workbooks are forgotten when their time is over; figures and history stay."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.models import ImportError, ImportRow, StoredFile
from app.queries.check import find_lies
from app.rules.imports import ImportState
from app.security.roles import Role
from app.services.retention import forget_imports
from tests.factories import make_account, sign_in
from tests.factories.imports import NOW, bring_in, member_of, passport, upload

pytestmark = pytest.mark.usefixtures("perform_jobs")

LATER = NOW + timedelta(days=180)


def held(session):
    counts = [session.scalar(select(func.count()).select_from(table)) for table in (ImportRow, ImportError)]
    return [*counts, session.scalar(select(func.sum(func.octet_length(StoredFile.content)))) > 0]


def test_rows_errors_and_file_go_and_the_figures_stay(session, operator):
    run = bring_in(session, operator, [passport(1), passport(2, 性别="无")])
    assert forget_imports(session, uploaded_before=LATER, now=LATER) == 1
    assert held(session) == [0, 0, False]
    session.refresh(run)
    assert (run.state, run.rows, run.valid, run.invalid, run.created) == (ImportState.DONE, 2, 1, 1, 1)
    assert run.forgotten_at == LATER
    assert member_of(session, "P0000001").name
    assert find_lies(session) == []


def test_one_second_before_its_time_is_over_nothing_goes(session, operator):
    bring_in(session, operator, [passport(1)])
    assert forget_imports(session, uploaded_before=NOW, now=LATER) == 0
    assert held(session) == [1, 0, True]


def test_again_forgets_nothing_more(session, operator):
    bring_in(session, operator, [passport(1)])
    assert [forget_imports(session, uploaded_before=LATER, now=LATER) for _ in range(2)] == [1, 0]


def test_an_import_that_nobody_took_over_fails_and_says_so(session, tree, operator, client):
    run = upload(session, operator, [passport(1)])
    forget_imports(session, uploaded_before=LATER, now=LATER)
    session.refresh(run)
    assert (run.state, run.problem_code) == (ImportState.FAILED, "import_forgotten")
    sign_in(client, make_account(session, tree.grassroots, Role.OPERATOR))
    assert "已按期清除" in client.get(f"/imports/{run.id}").text


def test_the_page_of_a_forgotten_import_says_that_its_file_was_cleared(session, tree, operator, client):
    run = bring_in(session, operator, [passport(1), passport(2, 性别="无")])
    forget_imports(session, uploaded_before=LATER, now=LATER)
    sign_in(client, make_account(session, tree.grassroots, Role.OPERATOR))
    page = client.get(f"/imports/{run.id}").text
    assert "原始文件已按期清除（2027-05-19）" in page
    assert "errors.xlsx" not in page
    assert client.get(f"/imports/{run.id}/errors.xlsx").status_code in (200, 404, 422)


def test_what_is_at_work_is_left_for_the_next_night(session, operator):
    run = upload(session, operator, [passport(1)])
    run.state = ImportState.COMMITTING
    session.flush()
    assert forget_imports(session, uploaded_before=LATER, now=LATER) == 0
