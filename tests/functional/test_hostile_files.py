"""Files that were made to hurt: each ends in a plain sentence, in time, and nobody comes in by it.

They go through the real upload. Time is seconds of a processor as the kernel counts them, since other tests may be
running beside this one.
"""

from __future__ import annotations

import io
import json
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import ImportError, ImportRow, ImportRun, Member, StoredFile
from app.rules.imports import ImportState
from app.security.roles import Role
from app.sentences import SENTENCES
from tests.factories import make_account, make_tree, sign_in
from tests.functional.hostile_files import DOOR, INSIDE, ROWS, good

SECONDS = 10
CHILD_MB = 512
CALLER_MB = 400

GREEDY = (
    "A1 and XFD1048576",
    "one text of 190 MB",
    "20 million texts",
    "texts multiplied",
    "encrypted parts",
)
MEASURE = """
import json, pathlib, resource, sys
from app.gateways.workbook_reader import open_sheet
from app.rules.violations import RuleViolation
codes = []
for file in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    try:
        with open_sheet(file.read_bytes(), row_limit=200_000) as sheet:
            codes.append(sum(1 for row in sheet.rows))
    except RuleViolation as problem:
        codes.append(problem.code)
own = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
child_kb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps([codes, child_kb / 1024, int(own.split()[1]) / 1024]))
"""

ROOT = Path(__file__).parents[2]

Perform = Callable[[], int]


@pytest.fixture
def operator(session: Session, client: FlaskClient) -> FlaskClient:
    sign_in(client, make_account(session, make_tree(session).grassroots, Role.OPERATOR))
    return client


@pytest.fixture
def in_time() -> Iterator[None]:
    """Neither this process nor its children work longer on one file than a person waits."""
    before = _seconds()
    yield
    assert _seconds() - before < SECONDS


def test_there_are_many_of_them() -> None:
    assert len(DOOR | INSIDE | ROWS) >= 60


@pytest.mark.usefixtures("in_time")
@pytest.mark.parametrize("name", DOOR)
def test_what_is_no_table_is_refused_with_a_sentence_and_not_kept(
    session: Session, operator: FlaskClient, name: str
) -> None:
    make, code = DOOR[name]
    answer = send(operator, make())
    assert answer.status_code in (413, 415, 422)
    assert said(code) in answer.text
    assert session.scalar(select(func.count()).select_from(StoredFile)) == 0


@pytest.mark.usefixtures("in_time")
@pytest.mark.parametrize("name", INSIDE)
def test_what_cannot_be_read_fails_as_a_whole_with_a_sentence(
    session: Session, operator: FlaskClient, perform_jobs: Perform, name: str
) -> None:
    make, code = INSIDE[name]
    page = send(operator, make()).headers["Location"]
    perform_jobs()
    run = session.scalars(select(ImportRun)).one()
    assert (run.state, run.problem_code) == (ImportState.FAILED, code)
    assert said(code) in operator.get(page).text
    assert operator.post(f"{page}/commit").status_code == 409
    assert session.scalar(select(func.count()).select_from(ImportRow)) == 0


@pytest.mark.usefixtures("in_time")
@pytest.mark.parametrize("name", ROWS)
def test_a_hostile_row_stays_out_with_a_sentence_in_its_cell(
    session: Session, operator: FlaskClient, perform_jobs: Perform, name: str
) -> None:
    make, code = ROWS[name]
    page = send(operator, make()).headers["Location"]
    perform_jobs()
    assert session.scalars(select(ImportError.code)).all() == [code]
    preview = operator.get(page).text
    assert said(code) in preview and "<script>alert" not in preview
    operator.post(f"{page}/commit")
    perform_jobs()
    assert session.scalar(select(func.count()).select_from(Member)) == 0
    assert operator.get(f"{page}/errors.xlsx").data.startswith(b"PK")


def test_after_them_all_the_worker_takes_in_a_right_workbook(
    session: Session, operator: FlaskClient, perform_jobs: Perform
) -> None:
    for name in ("A1 and XFD1048576", "300 MB behind lying headers", "texts multiplied"):
        send(operator, INSIDE[name][0]())
        perform_jobs()
    page = send(operator, good()).headers["Location"]
    perform_jobs()
    operator.post(f"{page}/commit")
    perform_jobs()
    assert [member.name for member in session.scalars(select(Member))] == ["王芳"]


def test_the_process_that_opens_them_stays_within_its_memory_and_so_does_its_caller(tmp_path: Path) -> None:
    """Measured from a process of its own: to the kernel, a child begins as large as its parent was."""
    for at, name in enumerate(GREEDY):
        (tmp_path / str(at)).write_bytes(INSIDE[name][0]())
    measured = subprocess.run(
        [sys.executable, "-c", MEASURE, tmp_path], cwd=ROOT, capture_output=True, text=True, check=True
    )
    codes, child_mb, caller_mb = json.loads(measured.stdout)
    assert codes == [INSIDE[name][1] for name in GREEDY]
    assert child_mb <= CHILD_MB
    assert caller_mb <= CALLER_MB


def send(client: FlaskClient, content: bytes) -> Any:
    data = {"kind": "members", "member_kind": "employed", "employer_code": ""}
    return client.post("/imports/", data=data | {"file": (io.BytesIO(content), "会员.xlsx")})


def said(code: str) -> str:
    """The sentence of a code, to where its first fact would stand."""
    text = str(SENTENCES[code]).partition("{")[0]
    assert len(text) > 3 and not text.isascii()
    return text


def _seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)
