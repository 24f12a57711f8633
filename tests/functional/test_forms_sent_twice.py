"""A form that creates, sent twice: a double click, a reload of the answer, a retry after the answer got lost."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import DistrictBatch, EnrolmentBatch, IdempotencyKey, ImportRun, PaymentVoucher
from app.rules.settlement import DistrictBatchStatus
from app.security.actor import Actor
from app.security.roles import Role
from app.services.review import approve_batches
from tests.factories import Tree, make_account, make_members, sign_in
from tests.factories.batches import (
    FILING,
    PAYING,
    PNG,
    REVIEWING,
    SUBMITTING,
    bring_to,
    make_batch,
    make_filed,
)
from tests.factories.workbooks import make_workbook

BY_CARD, BY_SOCIAL_CARD = "/enrolment/2025/member_card/", "/enrolment/2025/social_card/"
HANDLER = {"name": "李经办", "phone": "13800000000", "email": "li@example.org"}
SENT_BEFORE = "该页面此前已提交过，但内容不同。"


@pytest.fixture(autouse=True)
def at_the_time() -> Iterator[time_machine.Coordinates]:
    with time_machine.travel(SUBMITTING, tick=False) as clock:
        yield clock


def key_on(client: FlaskClient, page: str) -> str:
    """The hidden key of the page's form; each page has another."""
    keys = [
        re.findall(r'name="idempotency_key" value="([0-9a-f]{32})"', client.get(page).text) for _ in range(2)
    ]
    assert len(keys[0]) == len(keys[1]) == 1 and keys[0] != keys[1]
    return str(keys[0][0])


def send_twice(client: FlaskClient, address: str, body: Callable[[], dict[str, Any]]) -> None:
    """The same form twice: both lead to the same page."""
    first, again = (client.post(address, data=body()) for _ in range(2))
    assert (first.status_code, again.status_code) == (302, 302), again.text
    assert first.location == again.location


def made(session: Session, entity: Any) -> int:
    return session.scalar(select(func.count()).select_from(entity)) or 0


def test_a_list_submitted_twice_is_one_batch(session: Session, tree: Tree, client: FlaskClient) -> None:
    make_members(session, tree.grassroots, 2)
    sign_in(client, make_account(session, tree.grassroots, Role.OPERATOR))
    form = {"plan": "A", "expected_headcount": "2", "idempotency_key": key_on(client, BY_CARD)}
    send_twice(client, BY_CARD, lambda: form)
    assert made(session, EnrolmentBatch) == 1
    changed = client.post(BY_CARD, data=form | {"plan": "B"})
    assert changed.status_code == 409 and SENT_BEFORE in changed.text
    assert made(session, EnrolmentBatch) == 1


def test_ticked_people_sent_twice_are_one_batch(session: Session, tree: Tree, client: FlaskClient) -> None:
    people = [member.id for member in make_members(session, tree.grassroots, 3, has_card=False)]
    sign_in(client, make_account(session, tree.grassroots, Role.OPERATOR))
    form = {"plan": "A", "member_ids": people[:2], "idempotency_key": key_on(client, BY_SOCIAL_CARD)}
    send_twice(client, BY_SOCIAL_CARD, lambda: form)
    changed = client.post(BY_SOCIAL_CARD, data=form | {"member_ids": people[2:]})
    assert changed.status_code == 409 and SENT_BEFORE in changed.text
    assert made(session, EnrolmentBatch) == 1
    assert client.post(BY_SOCIAL_CARD, data={"plan": "A", "member_ids": people[2:]}).status_code == 302


def test_the_form_of_a_colleague_is_another_form(session: Session, tree: Tree, client: FlaskClient) -> None:
    make_members(session, tree.grassroots, 2)
    sign_in(client, make_account(session, tree.grassroots, Role.OPERATOR, name="王一"))
    form = {"plan": "A", "expected_headcount": "2", "idempotency_key": "same"}
    assert client.post(BY_CARD, data=form).status_code == 302
    sign_in(client, make_account(session, tree.grassroots, Role.OPERATOR, name="李二"))
    number = session.scalars(select(EnrolmentBatch.number)).one()

    refused = client.post(BY_CARD, data=form)

    assert refused.status_code == 409
    assert f"王一 已于 2024-12-01 10:00 提交该名单（批次 {number}）" in refused.text
    with client.session_transaction() as cookie:
        cookie["locale"] = "en"
    in_english = client.post(BY_CARD, data=form).text
    assert f"王一 submitted the list at 2024-12-01 10:00, as batch {number}" in in_english


def test_what_was_refused_may_be_sent_again_with_its_key(
    session: Session, tree: Tree, client: FlaskClient
) -> None:
    sign_in(client, make_account(session, tree.grassroots, Role.OPERATOR))
    form = {"plan": "A", "idempotency_key": "kept"}
    assert client.post(BY_CARD, data=form).status_code == 422
    make_members(session, tree.grassroots, 1)
    assert client.post(BY_CARD, data=form).status_code == 302


def test_a_key_without_end_is_refused_with_a_sentence(
    session: Session, tree: Tree, client: FlaskClient
) -> None:
    make_members(session, tree.grassroots, 1)
    sign_in(client, make_account(session, tree.grassroots, Role.OPERATOR))
    refused = client.post(BY_CARD, data={"plan": "A", "idempotency_key": "x" * 201})
    assert refused.status_code == 409 and 'role="alert"' in refused.text
    assert made(session, EnrolmentBatch) == made(session, IdempotencyKey) == 0


def test_a_filing_sent_twice_is_one_district_batch(
    session: Session, tree: Tree, client: FlaskClient, reviewer: Actor, at_the_time: time_machine.Coordinates
) -> None:
    approve_batches(session, reviewer, batch_ids=[make_batch(session, tree.grassroots).id], now=REVIEWING)
    at_the_time.move_to(FILING)
    sign_in(client, make_account(session, tree.district, Role.DISTRICT_REVIEWER))
    form = HANDLER | {"expected_headcount": "2", "idempotency_key": key_on(client, "/filing/")}
    send_twice(client, "/filing/", lambda: form)
    changed = client.post("/filing/", data=form | {"name": "王经办"})
    assert changed.status_code == 409 and SENT_BEFORE in changed.text
    assert made(session, DistrictBatch) == 1


def test_a_voucher_sent_twice_is_one_voucher(
    session: Session, tree: Tree, client: FlaskClient, at_the_time: time_machine.Coordinates
) -> None:
    filed = make_filed(session, tree.district, tree.grassroots)
    bring_to(session, tree, filed, DistrictBatchStatus.AWAITING_PAYMENT)
    at_the_time.move_to(PAYING)
    sign_in(client, make_account(session, tree.district, Role.DISTRICT_REVIEWER))
    page = f"/district-batches/{filed.id}/vouchers"
    key = key_on(client, page)

    def form(content: bytes = PNG, name: str = "v.png") -> dict[str, Any]:
        return {
            "amount": "26.00",
            "paid_on": "2025-01-08",
            "title": "",
            "idempotency_key": key,
            "file": (io.BytesIO(content), name),
        }

    send_twice(client, page, form)
    for changed in (form(PNG + b"!"), form(name="w.png"), form() | {"amount": "27.00"}):
        refused = client.post(page, data=changed)
        assert refused.status_code == 409 and SENT_BEFORE in refused.text
        assert f'value="{changed["amount"]}"' in refused.text and "文件需要重新选择" in refused.text
    assert made(session, PaymentVoucher) == 1


def test_a_workbook_sent_twice_is_one_import(session: Session, tree: Tree, client: FlaskClient) -> None:
    sign_in(client, make_account(session, tree.grassroots, Role.OPERATOR))
    key = key_on(client, "/imports/")

    def form(name: str = "王芳") -> dict[str, Any]:
        rows = [[name, "护照", "E12345678", "13900000001"]]
        content = _workbook(rows)
        return {
            "kind": "members",
            "member_kind": "employed",
            "employer_code": "",
            "idempotency_key": key,
            "file": (io.BytesIO(content), "会员.xlsx"),
        }

    send_twice(client, "/imports/", form)
    refused = client.post("/imports/", data=form("李强"))
    assert refused.status_code == 409 and SENT_BEFORE in refused.text
    assert made(session, ImportRun) == 1


def _workbook(rows: list[list[str]]) -> bytes:
    made_now = make_workbook(["姓名*", "证件类型*", "证件号码*", "手机号*"], rows)
    return bytes(made_now)
