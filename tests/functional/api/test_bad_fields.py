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
    assert answer.json["errors"][0]["column"] == "fee"
