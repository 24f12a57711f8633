"""The centre's pages: accept, reject, return a voucher, settle."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.models import DistrictBatch
from app.rules.settlement import DistrictBatchStatus
from app.security.roles import Role
from tests.factories import Tree, make_account, sign_in
from tests.factories.batches import PAYING, bring_to, last_voucher, pay

S = DistrictBatchStatus


@pytest.fixture(autouse=True)
def _in_january() -> Iterator[None]:
    with time_machine.travel(PAYING, tick=False):
        yield


@pytest.fixture
def centre(session: Session, client: FlaskClient, tree: Tree) -> FlaskClient:
    sign_in(client, make_account(session, tree.city, Role.CENTRE_CLERK))
    return client


def test_the_centre_accepts_from_its_queue_and_the_batch_leaves_it(
    session: Session, filed: DistrictBatch, centre: FlaskClient
) -> None:
    session.commit()
    number = filed.number
    assert number in centre.get("/centre/batches/").text

    assert centre.post(f"/centre/batches/{filed.id}/accept").status_code == 302

    assert f">{number}</a>" not in centre.get("/centre/batches/").text
    assert centre.post(f"/centre/batches/{filed.id}/accept").status_code == 409


def test_a_rejection_without_a_reason_keeps_the_words(
    session: Session, filed: DistrictBatch, centre: FlaskClient
) -> None:
    session.commit()
    answer = centre.post(f"/centre/batches/{filed.id}/reject", data={"text": "请核对人数"})

    assert answer.status_code == 422
    assert 'id="reason_code-error"' in answer.text
    assert "请核对人数" in answer.text


def test_amounts_that_differ_offer_the_return_and_no_settling(
    session: Session, tree: Tree, filed: DistrictBatch, centre: FlaskClient
) -> None:
    bring_to(session, tree, filed, S.AWAITING_PAYMENT)
    voucher = pay(session, filed, Decimal("50.00"))
    session.commit()

    page = centre.get(f"/centre/vouchers/{voucher.id}").text
    answer = centre.post(f"/centre/vouchers/{voucher.id}/settle")

    assert "52.00" in page
    assert "50.00" in page
    assert "实缴金额与应缴金额不一致" in page
    assert f"/centre/vouchers/{voucher.id}/settle" not in page
    assert answer.status_code == 422
    assert "缴费金额 50.00 元与应缴金额 52.00 元不一致" in answer.text


def test_a_voucher_of_what_is_owed_is_settled_from_its_page(
    session: Session, tree: Tree, filed: DistrictBatch, centre: FlaskClient
) -> None:
    bring_to(session, tree, filed, S.VOUCHER_REVIEW)
    voucher = last_voucher(session, filed)
    session.commit()
    assert f"/centre/vouchers/{voucher}/settle" in centre.get(f"/centre/vouchers/{voucher}").text

    assert centre.post(f"/centre/vouchers/{voucher}/settle").status_code == 302

    session.refresh(filed)
    assert filed.status is S.COMPLETED
    assert centre.post(f"/centre/vouchers/{voucher}/settle").status_code == 409
    assert "已核销" in centre.get(f"/centre/vouchers/{voucher}").text
