"""Single fields of a submit and of a fee that can't be right: each refusal has its own code."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine
from sqlalchemy.orm import Session

from app.security.roles import Role
from tests.factories import Tree, make_members
from tests.factories.batches import SUBMITTING
from tests.functional.api.conftest import Caller
from tests.functional.hostile import FEE_BODY


@pytest.mark.parametrize(
    ("story", "path", "body", "status", "code"),
    [
        ("a number that is none", "channel", "card", 400, "field_malformed"),
        ("an array for a word", "plan", ["A"], 400, "field_malformed"),
        ("half a character", "plan", "\ud800", 400, "malformed"),
        ("NUL", "plan", "A\x00", 400, "malformed"),
        ("a plan of no year", "plan", "Z", 422, "plan_not_offered"),
        ("people picked by card", "member_ids", [1], 422, "no_picking"),
        ("an id of no row", "member_ids", [2**63], 400, "field_malformed"),
    ],
)
def test_a_bad_submit_names_what_is_wrong(
    session: Session, tree: Tree, caller: Any, story: str, path: str, body: Any, status: int, code: str
) -> None:
    make_members(session, tree.grassroots, 2)
    operator: Caller = caller(tree.grassroots, Role.OPERATOR)
    sent = {"channel": "member_card", "plan": "A", path: body}
    with time_machine.travel(SUBMITTING, tick=False):
        answer = operator.post("years/2025/enrolment/batches", json=sent)
    assert (answer.status_code, answer.json["code"]) == (status, code), story


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        ("1e9", "amount_format"),
        ("12,5", "amount_format"),
        ("１２.００", "amount_format"),
        (12.345, "amount_format"),
    ],
)
def test_an_amount_that_is_none_is_named(
    session: Session, tree: Tree, caller: Any, amount: Any, code: str
) -> None:
    municipal: Caller = caller(tree.city, Role.MUNICIPAL_ADMIN)
    fee = FEE_BODY | {"fee": amount}
    answer = municipal.put("years/2025/fees", json=[fee])
    assert (answer.status_code, answer.json["code"]) == (422, code)
    assert (answer.json["errors"][0]["row"], answer.json["errors"][0]["column"]) == (1, "fee")


@pytest.mark.parametrize(
    ("story", "changes", "says"),
    [
        ("nothing", {"fee": None}, "“fee”无法识别：不能为空"),
        ("no amount at all", {"fee": True}, '“fee”无法识别：应为金额，如 "1378.00"'),
        ("a number for a word", {"plan": 5}, "“plan”无法识别：应为文本"),
        ("a word without end", {"plan": "A" * 11}, "“plan”无法识别：长度应为 1 至 10"),
        (
            "a date that is none",
            {"valid_from": "2025-02-30"},
            "“valid_from”无法识别：应为日期，如 2026-01-05",
        ),
        (
            "a year of no calendar",
            {"valid_from": "0001-01-01"},
            "“valid_from”无法识别：年份应在 2000 至 2999",
        ),
        ("a word that is none of the set", {"term": "third"}, "“term”无法识别：full, half"),
    ],
)
def test_a_field_that_can_not_be_read_is_told_by_row_and_in_the_readers_language(
    session: Session, tree: Tree, caller: Any, story: str, changes: Any, says: str
) -> None:
    municipal: Caller = caller(tree.city, Role.MUNICIPAL_ADMIN)
    answer = municipal.put("years/2025/fees", json=[FEE_BODY, FEE_BODY | changes])
    assert answer.status_code == 400, story
    (error,) = answer.json["errors"]
    assert error == {
        "row": 2,
        "column": next(iter(changes)),
        "code": "field_malformed",
        "message": error["message"],
    }
    assert error["message"].startswith(says), story


def test_a_field_that_is_missing_is_told_by_its_name(session: Session, tree: Tree, caller: Any) -> None:
    operator: Caller = caller(tree.grassroots, Role.OPERATOR)
    answer = operator.post("years/2025/enrolment/batches", json={"plan": "A"})
    assert answer.json["errors"] == [
        {
            "row": None,
            "column": "channel",
            "code": "field_malformed",
            "message": "“channel”无法识别：缺少该项",
        }
    ]


@pytest.mark.parametrize("body", [[], 5, "A", [[]]])
def test_a_body_of_another_shape_is_malformed_and_names_no_field(
    session: Session, tree: Tree, caller: Any, body: Any
) -> None:
    operator: Caller = caller(tree.grassroots, Role.OPERATOR)
    answer = operator.post("years/2025/enrolment/batches", json=body)
    assert (answer.status_code, answer.json["code"]) == (400, "malformed")
