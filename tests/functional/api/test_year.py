"""A whole year through the API: submit, review, filing, payment, settlement."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from sqlalchemy.orm import Session

from app.security.roles import Role
from tests.factories import Tree, at, make_member, make_members
from tests.factories.papers import make_pdf
from tests.functional.api.conftest import Caller

SUBMIT_TIME, FILING_TIME = at("2024-11-20 10:00"), at("2024-12-27 10:00")
HANDLER = {"name": "王一", "phone": "13800000000", "email": "wang@example.org"}


Sign = Callable[[Any, Role], Caller]


def test_a_year_runs_from_preview_to_settled(session: Session, tree: Tree, caller: Sign) -> None:
    make_members(session, tree.grassroots, 53)
    make_members(session, tree.grassroots, 36, has_card=False)
    operator = caller(tree.grassroots, Role.OPERATOR)
    district = caller(tree.district, Role.DISTRICT_REVIEWER)
    centre = caller(tree.city, Role.CENTRE_CLERK)
    with time_machine.travel(SUBMIT_TIME, tick=False):
        shown = operator.get("years/2025/enrolment/preview?channel=member_card").json
        assert (shown["total"], shown["buckets"]["eligible"], shown["buckets"]["without_card"]) == (
            89,
            53,
            36,
        )
        assert shown["amounts"] == {
            "fee": "1378.00",
            "municipal": "689.00",
            "district": "689.00",
            "grassroots": "0.00",
        }
        first = operator.post("years/2025/enrolment/batches", json={"channel": "member_card", "plan": "A"})
        assert first.status_code == 201, first.json
        people = operator.get("years/2025/enrolment/people?channel=social_card&bucket=eligible").json
        ids = [row["id"] for row in people["result"]]
        second = operator.post(
            "years/2025/enrolment/batches", json={"channel": "social_card", "plan": "A", "member_ids": ids}
        ).json
        assert (second["headcount"], second["amounts"]["fee"], second["notice"]["version"]) == (
            36,
            "936.00",
            2,
        )
        approved = district.post(
            "enrolment/batches/approve", json={"ids": [first.json["id"], second["id"], 999_999]}
        ).json
        assert [row["ok"] for row in approved["result"]] == [True, True, False]
    with time_machine.travel(FILING_TIME, tick=False):
        filed = district.post("years/2025/district-batches", json={"handler": HANDLER})
        assert filed.status_code == 201, filed.json
        assert (filed.json["headcount"], filed.json["owed"]) == (89, "1157.00")
        assert filed.json["by_plan"]["A"]["headcount"] == 89
        path = f"district-batches/{filed.json['id']}"
        assert centre.post(f"{path}/accept").json["status"] == "awaiting_payment"
        voucher = district.post(
            f"{path}/vouchers",
            data={
                "file": (io.BytesIO(make_pdf("voucher")), "voucher.pdf"),
                "title": "贷记凭证",
                "amount": "1157.00",
                "paid_on": "2024-12-27",
            },
        )
        assert voucher.status_code == 201, voucher.json
        settled = centre.post(f"vouchers/{voucher.json['id']}/settle").json
        assert (settled["status"], settled["settled_at"] is not None) == ("completed", True)
    detail = operator.get(f"enrolment/batches/{first.json['id']}").json
    assert [event["action"] for event in detail["events"]] == ["submit", "approve", "forward", "settle"]


def test_the_same_key_gives_the_same_answer_and_another_body_a_conflict(
    session: Session, tree: Tree, caller: Sign
) -> None:
    make_member(session, tree.grassroots)
    operator = caller(tree.grassroots, Role.OPERATOR)
    key = {"Idempotency-Key": "submit-1"}
    with time_machine.travel(SUBMIT_TIME, tick=False):
        sent = {"channel": "member_card", "plan": "A"}
        first = operator.post("years/2025/enrolment/batches", json=sent, headers=key)
        again = operator.post("years/2025/enrolment/batches", json=sent, headers=key)
        other = operator.post("years/2025/enrolment/batches", json=sent | {"plan": "B"}, headers=key)
    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 409)
    assert first.json == again.json
    assert other.json["code"] == "key_reused"


def test_a_returned_batch_tells_the_second_reviewer_who_was_first(
    session: Session, tree: Tree, caller: Sign
) -> None:
    make_member(session, tree.grassroots)
    operator = caller(tree.grassroots, Role.OPERATOR)
    second, district = (
        caller(tree.second, Role.SECOND_REVIEWER),
        caller(tree.district, Role.DISTRICT_REVIEWER),
    )
    with time_machine.travel(SUBMIT_TIME, tick=False):
        batch = operator.post(
            "years/2025/enrolment/batches", json={"channel": "member_card", "plan": "A"}
        ).json
        path = f"enrolment/batches/{batch['id']}"
        returned = second.post(f"{path}/return", json={"reason_code": "wrong_list", "text": "少一人"})
        assert returned.json["status"] == "returned"
        late = district.post(f"{path}/approve")
    assert (late.status_code, late.json["code"]) == (409, "wrong_state")
    assert "王一" in late.json["detail"]


@pytest.mark.parametrize("amount", ["1e9", "12,5", "-1", "1.234", "abc", 1.234])
def test_an_amount_that_is_none_is_refused_with_its_code(
    session: Session, tree: Tree, caller: Sign, amount: object
) -> None:
    admin = caller(tree.city, Role.MUNICIPAL_ADMIN)
    fee = {
        "plan": "A",
        "union_category": "ordinary",
        "term": "full",
        "fee": amount,
        "municipal_share": "13.00",
        "district_share": "13.00",
        "grassroots_share": "0.00",
        "valid_from": "2020-01-01",
        "valid_to": "2030-12-31",
    }
    answer = admin.put("years/2025/fees", json=[fee])
    assert (answer.status_code, answer.json["code"]) == (422, "amount_format")
    assert answer.mimetype == "application/problem+json"


def test_fees_that_do_not_add_up_are_refused_at_the_field(session: Session, tree: Tree, caller: Sign) -> None:
    admin = caller(tree.city, Role.MUNICIPAL_ADMIN)
    fee = {
        "plan": "A",
        "union_category": "ordinary",
        "fee": "26.00",
        "municipal_share": "13.00",
        "district_share": "12.00",
        "grassroots_share": "0.00",
        "valid_from": "2020-01-01",
        "valid_to": "2030-12-31",
    }
    answer = admin.put("years/2025/fees", json=[fee])
    assert (answer.status_code, answer.json["code"]) == (422, "fee_sum")
    assert "fee" in answer.json["errors"][0]["column"]


def test_the_document_describes_every_call_and_resolves(session: Session, tree: Tree, client: Any) -> None:
    document = client.get("/api/v1/_openapi").json
    assert document["components"]["schemas"]["SubmitBody"]["properties"]["channel"]["enum"] == [
        "member_card",
        "social_card",
    ]
    calls = [call for path in document["paths"].values() for call in path.values()]
    assert all(call.get("summary") and call.get("responses") for call in calls)
    assert len(calls) >= 30
    assert {"year", "page_size", "Idempotency-Key"} <= {
        name for kind, name in _references(document) if kind == "parameters"
    }
    for kind, name in _references(document):
        assert name in document["components"][kind]


def _references(part: Any) -> set[tuple[str, str]]:
    """Everything that the document refers to: the kind of component and its name."""
    if isinstance(part, list):
        return set().union(*map(_references, part))
    if not isinstance(part, dict):
        return set()
    if "$ref" in part:
        _, _, kind, name = part["$ref"].split("/")
        return {(kind, name)}
    return set().union(*map(_references, part.values()))


def test_without_a_token_nothing_answers(client: Any, session: Session) -> None:
    assert client.get("/api/v1/me").status_code == 401
