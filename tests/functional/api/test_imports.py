"""Workbooks through the API, as other programs send them."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from openpyxl import Workbook, load_workbook
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import ImportRun, Union
from app.rules.organisation import UnionLevel
from app.security.roles import Role
from tests.factories import make_tree, make_union, make_year
from tests.factories.years import at
from tests.functional.api.conftest import Caller

Sign = Callable[[Union, Role], Caller]


def workbook(rows: list[list[Any]]) -> io.BytesIO:
    book, out = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(out)
    out.seek(0)
    return out


MEMBERS_HEAD = ["姓名*", "证件类型*", "证件号码*", "手机号*", "性别", "出生日期", "工会编号"]


def upload(caller: Caller, path: str, rows: list[list[Any]], **fields: str) -> int:
    answer = caller.post(path, data={"file": (workbook(rows), "upload.xlsx"), **fields})
    assert answer.status_code == 202, answer.json
    return int(answer.json["id"])


def test_members_are_checked_shown_and_then_committed(
    session: Session, caller: Sign, perform_jobs: Callable[[], int]
) -> None:
    tree = make_tree(session)
    operator = caller(tree.grassroots, Role.OPERATOR)
    rows = [
        MEMBERS_HEAD,
        ["李𠮷", "护照", "E12345678", "13800000001", "男", "1990-01-01", ""],
        ["", "护照", "E12345679", "13800000002", "男", "1990-01-01", ""],
    ]
    run = upload(operator, "members/imports", rows, kind="employed")
    perform_jobs()
    checked = operator.get(f"imports/{run}").json
    assert (checked["state"], checked["valid"], checked["invalid"]) == ("ready", 1, 1)
    assert [(error["row"], error["column"]) for error in checked["errors"]] == [(3, "姓名")]
    assert operator.get("members").json["count"] == 0
    assert operator.post(f"imports/{run}/commit").status_code == 202
    perform_jobs()
    assert operator.get(f"imports/{run}").json["state"] == "done"
    (member,) = operator.get("members?id_number=e12345678").json["result"]
    assert (member["name"], "E12345678" in member["id_number"]) == ("李𠮷", False)
    errors = load_workbook(io.BytesIO(operator.get(f"imports/{run}/errors.xlsx").data)).active
    assert [cell.value for cell in errors[2]][:4] == [None, "护照", "E12345679", "13800000002"]


def test_another_unions_import_is_not_there(session: Session, caller: Sign) -> None:
    tree = make_tree(session)
    run = upload(caller(tree.grassroots, Role.OPERATOR), "members/imports", [MEMBERS_HEAD])
    sibling = caller(tree.sibling, Role.OPERATOR)
    assert sibling.get(f"imports/{run}").status_code == 404
    assert sibling.post(f"imports/{run}/commit").status_code == 404
    assert sibling.get(f"imports/{run}/errors.xlsx").status_code == 404


@pytest.mark.parametrize("content", [b"", b"not a workbook", b"PK\x03\x04 cut off"])
def test_what_is_no_workbook_is_refused_with_a_sentence(
    session: Session, caller: Sign, content: bytes
) -> None:
    admin = caller(make_union(session, UnionLevel.MUNICIPAL), Role.MUNICIPAL_ADMIN)
    answer = admin.post("unions/imports", data={"file": (io.BytesIO(content), "tree.xlsx")})
    assert answer.status_code in (415, 422)
    assert len(answer.json["detail"]) > 10


def test_an_operator_may_not_bring_the_registries_answers(session: Session, caller: Sign) -> None:
    tree = make_tree(session)
    operator = caller(tree.grassroots, Role.OPERATOR)
    answer = operator.post("gateways/bank/answers", data={"file": (workbook([["a"]]), "bank.xlsx")})
    assert answer.status_code == 403


def test_an_upload_sent_twice_with_one_key_is_one_import(session: Session, caller: Sign) -> None:
    tree = make_tree(session)
    operator = caller(tree.grassroots, Role.OPERATOR)
    content = workbook([MEMBERS_HEAD, ["李𠮷", "护照", "E12345678", "13800000001", "", "", ""]]).getvalue()
    key = {"Idempotency-Key": "roster-of-november"}

    def send(file: bytes, kind: str = "employed") -> Any:
        sent = {"file": (io.BytesIO(file), "upload.xlsx"), "kind": kind}
        return operator.post("members/imports", data=sent, headers=key)

    first, again = send(content), send(content)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json == again.json
    for other in (send(content, kind="flexible"), send(workbook([MEMBERS_HEAD]).getvalue())):
        assert (other.status_code, other.json["code"]) == (409, "key_reused")
    assert session.scalar(select(func.count(ImportRun.id))) == 1


def test_a_union_and_an_extension_are_made_once_for_one_key(session: Session, caller: Sign) -> None:
    tree = make_tree(session)
    make_year(session)
    admin = caller(tree.city, Role.MUNICIPAL_ADMIN)
    union = {
        "code": "81310000MC00000999",
        "name": "海城新立有限公司工会",
        "type": "union_committee",
        "level": "grassroots",
        "parent_code": tree.district.code,
    }
    granted = {
        "window": "grassroots_submit",
        "union_code": tree.grassroots.code,
        "closes_at": "2025-01-05",
        "reason": "台风",
    }
    for path, body in (("unions", union), ("years/2025/extensions", granted)):
        key = {"Idempotency-Key": path}
        with time_machine.travel(at("2024-12-20 10:00"), tick=False):
            first, again = (admin.post(path, json=body, headers=key) for _ in range(2))
            other = admin.post(path, json=body | {"reason": "别的", "name": "别的"}, headers=key)
        assert first.status_code == 201, first.json
        assert (again.status_code, again.json) == (201, first.json)
        assert other.status_code == 409
