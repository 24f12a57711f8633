"""After everything that people do with numbers, no table holds one in clear."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from datetime import date

import openpyxl
import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.models import EnrolmentBatch, ImportRun, Member
from app.queries.check import find_lies
from app.rules.imports import ImportState
from app.rules.members import Sex
from app.security.roles import Role
from tests.factories import Tree, at, make_account, make_employer, make_fees, make_tree, make_year, sign_in
from tests.factories import resident_number as number_of
from tests.factories.imports import sheet_of
from tests.factories.searching import searched

TYPED, RENEWED, IMPORTED, TWICE = (
    number_of(date(1990, 5, 17), Sex.MALE, 41_000 + serial) for serial in range(4)
)
WRONG = IMPORTED[:-1] + ("0" if IMPORTED[-1] != "0" else "1")
"""A number with a wrong check character: its row stays out."""
PERMIT = "H1234567802"
NUMBERS = (TYPED, RENEWED, IMPORTED, TWICE, WRONG, PERMIT)

COLUMNS = """
    SELECT table_name, column_name, data_type
      FROM information_schema.columns
     WHERE table_schema = 'public' AND data_type IN ('text', 'character varying', 'jsonb', 'json', 'bytea')
"""


@pytest.fixture
def tree(session: Session) -> Tree:
    made = make_tree(session)
    make_year(session)
    make_fees(session)
    make_employer(session, made.grassroots)
    return made


@pytest.fixture
def operator(client: FlaskClient, session: Session, tree: Tree) -> Iterator[FlaskClient]:
    with time_machine.travel(at("2024-11-05 10:00"), tick=False):
        sign_in(client, make_account(session, tree.grassroots, Role.OPERATOR))
        yield client


def holding(session: Session, numbers: Iterable[str]) -> list[tuple[str, str, str]]:
    """Every table and column that holds one of the numbers as it is written."""
    found = []
    for table, column, kind in session.execute(text(COLUMNS)).all():
        holds = f"position(convert_to(:number, 'UTF8') IN \"{column}\")"
        if kind != "bytea":
            holds = f'position(:number IN upper("{column}"::text))'
        for number in numbers:
            sql = text(f'SELECT EXISTS (SELECT FROM "{table}" WHERE {holds} > 0)')
            if session.scalar(sql, {"number": number}):
                found.append((table, column, number))
    return found


def a_row(number: str, serial: int, kind: str = "身份证") -> dict[str, str]:
    return {
        "姓名*": f"外籍{'甲乙丙丁戊己庚'[serial]}",
        "证件类型*": kind,
        "证件号码*": number,
        "手机号*": f"131000000{serial:02d}",
    }


def test_the_search_for_numbers_finds_them(session: Session, tree: Tree) -> None:
    session.execute(text("UPDATE trade_union SET address = 'x' || :number"), {"number": TYPED})
    assert holding(session, NUMBERS) == [("trade_union", "address", TYPED)]


def test_no_table_holds_a_number_after_a_days_work(
    session: Session, operator: FlaskClient, tree: Tree, perform_jobs: Callable[[], int]
) -> None:
    entry = {"name": "王芳", "id_type": "resident_id", "phone": "13800000001", "kind": "employed"}
    assert operator.post("/members/new", data=entry | {"id_number": TYPED}).status_code == 302
    assert operator.post("/members/new", data=entry | {"id_number": TYPED}).status_code == 422
    member = session.scalars(select(Member)).one()
    edited = operator.post(f"/members/{member.id}/edit", data=entry | {"id_number": RENEWED.lower()})
    assert edited.status_code == 302

    rows = [
        a_row(IMPORTED, 0),
        a_row(WRONG, 1),
        a_row(TWICE, 2),
        a_row(TWICE, 3),
        a_row(PERMIT, 4, "港澳居民来往内地通行证"),
    ]
    upload = {"kind": "members", "member_kind": "employed", "file": (io.BytesIO(sheet_of(rows)), "名单.xlsx")}
    assert operator.post("/imports/", data=upload, content_type="multipart/form-data").status_code == 302
    perform_jobs()
    run = session.scalars(select(ImportRun)).one()
    assert run.state is ImportState.READY and run.invalid == 3
    shown = operator.get(f"/imports/{run.id}")
    assert shown.status_code == 200
    operator.post(f"/imports/{run.id}/commit")
    perform_jobs()
    assert run.state is ImportState.DONE and run.created == 2
    mended = openpyxl.load_workbook(io.BytesIO(operator.get(f"/imports/{run.id}/errors.xlsx").data))
    cells = [cell for row in mended.worksheets[0].iter_rows(values_only=True) for cell in row]
    assert WRONG in cells and TWICE in cells, "who uploaded it gets back what was uploaded"

    for page in ("/members/", "/cover/"):
        assert searched(operator, page, id_number=IMPORTED).status_code == 200
    assert operator.post(f"/members/{member.id}/number", data={"reason": "核对"}).status_code == 200
    assert operator.post("/members/export-full", data={"reason": "报送银行"}).data[:2] == b"PK"
    assert operator.get("/members/export.xlsx").data[:2] == b"PK"
    session.execute(text("UPDATE member SET employment_status = 'employed', social_card_status = 'normal'"))
    session.execute(text("UPDATE member SET card_status = 'issued', card_no = '62310000' || id"))
    people = session.execute(text("SELECT count(*) FROM member WHERE birth_date IS NOT NULL")).scalar_one()
    submitted = operator.post(
        "/enrolment/2025/member_card/", data={"plan": "A", "expected_headcount": str(people)}
    )
    assert submitted.status_code == 302 and session.scalars(select(EnrolmentBatch)).one().headcount == people

    assert set(session.scalars(select(Member.id_number))) == {RENEWED, IMPORTED, PERMIT}
    assert holding(session, NUMBERS) == []
    assert find_lies(session) == []
    told = " ".join(session.scalars(text("SELECT to_jsonb(entry)::text FROM audit_entry AS entry")))
    assert told.count("insert") > 5, "the day's work is in the audit log"
    assert not [said for said in ("王芳", "外籍", "13800000001", "13100000000", "名单.xlsx") if said in told]
