"""The pages of payments and of the centre: bad vouchers, downloads, who sees what (M4.7–4.8)."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import DistrictBatch, PaymentVoucher
from app.rules.settlement import DistrictBatchStatus
from app.security.roles import Role
from tests.factories import Tree, make_account, sign_in
from tests.factories.batches import PAYING, PNG, bring_to, last_voucher

S = DistrictBatchStatus


@pytest.fixture(autouse=True)
def _in_january() -> Iterator[None]:
    with time_machine.travel(PAYING, tick=False):
        yield


@pytest.fixture
def district(session: Session, client: FlaskClient, tree: Tree) -> FlaskClient:
    sign_in(client, make_account(session, tree.district, Role.DISTRICT_REVIEWER))
    return client


@pytest.mark.parametrize(
    ("story", "changes", "status", "field", "sentence"),
    [
        (
            "another type, whatever its name",
            {"file": (b"MZ\x90 program", "v.png")},
            415,
            "file",
            "不是 JPG",
        ),
        ("20 MB", {"file": (PNG + b"0" * 20 * 1024 * 1024, "v.png")}, 413, "file", "20.0 MB"),
        ("an empty file", {"file": (b"", "v.png")}, 422, "file", "文件为空"),
        ("no file", {"file": None}, 422, "file", "请选择文件。"),
        ("1e9", {"amount": "1e9"}, 422, "amount", "“1e9”"),
        ("a comma for a point", {"amount": "12,5"}, 422, "amount", "“12,5”"),
        ("less than nothing", {"amount": "-52"}, 422, "amount", "“-52”"),
        ("three places", {"amount": "52.001"}, 422, "amount", "“52.001”"),
        ("more than any bank has", {"amount": "99999999999"}, 422, "amount", "过大"),
        ("nothing", {"amount": "0"}, 422, "amount", "必须大于 0"),
        ("no amount", {"amount": ""}, 422, "amount", "请填写此项"),
        ("a payment tomorrow", {"paid_on": "2025-01-09"}, 422, "paid_on", "不能晚于今天"),
        ("a date that is none", {"paid_on": "2025-02-30"}, 422, "paid_on", "error"),
        ("a name without end", {"title": "长" * 101}, 422, "title", "最多 100"),
    ],
)
def test_a_bad_voucher_is_told_by_its_field_and_nothing_typed_is_lost(
    session: Session,
    tree: Tree,
    filed: DistrictBatch,
    district: FlaskClient,
    story: str,
    changes: dict[str, Any],
    status: int,
    field: str,
    sentence: str,
) -> None:
    bring_to(session, tree, filed, S.AWAITING_PAYMENT)
    session.commit()
    form = {
        "file": (PNG, "v.png"),
        "title": "一月凭证",
        "amount": "52.00",
        "paid_on": "2025-01-08",
    } | changes

    answer = district.post(f"/district-batches/{filed.id}/vouchers", data=sent(form))

    assert answer.status_code == status, story
    assert f'id="{field}-error"' in answer.text, story
    assert sentence in answer.text, story
    assert "文件需要重新选择" in answer.text
    for kept in ("title", "amount", "paid_on"):
        assert f'value="{form[kept]}"' in answer.text, kept
    assert session.scalars(select(PaymentVoucher)).all() == []


def test_an_amount_that_can_not_be_settled_is_said_to_who_uploaded_it(
    session: Session, tree: Tree, filed: DistrictBatch, district: FlaskClient
) -> None:
    bring_to(session, tree, filed, S.AWAITING_PAYMENT)
    session.commit()
    form = {"file": (PNG, "v.png"), "title": "一月凭证", "amount": "5.00", "paid_on": "2025-01-08"}
    district.post(f"/district-batches/{filed.id}/vouchers", data=sent(form))
    page = district.get(f"/district-batches/{filed.id}/vouchers").text
    assert "凭证金额为 5.00 元，应缴 52.00 元" in page


def test_several_slips_are_told_at_once(
    session: Session, tree: Tree, filed: DistrictBatch, district: FlaskClient
) -> None:
    bring_to(session, tree, filed, S.AWAITING_PAYMENT)
    session.commit()

    answer = district.post(
        f"/district-batches/{filed.id}/vouchers",
        data=sent({"file": (b"GIF89a", "v.jpg"), "amount": "12,5", "paid_on": "2026-01-01"}),
    )

    assert answer.status_code == 415
    assert answer.text.count('class="error"') == 3


def test_more_than_the_server_takes_is_still_a_sentence(
    session: Session, tree: Tree, filed: DistrictBatch, district: FlaskClient
) -> None:
    session.commit()

    answer = district.post(
        f"/district-batches/{filed.id}/vouchers", data=sent({"file": (b"0" * 31 * 1024 * 1024, "v.png")})
    )

    assert answer.status_code == 413
    assert "文件过大，请选择较小的文件。" in answer.text


@pytest.mark.parametrize(
    ("story", "role", "union", "status"),
    [
        ("the district itself", Role.DISTRICT_REVIEWER, "district", 200),
        ("the centre", Role.CENTRE_CLERK, "city", 200),
        ("a municipal manager", Role.MANAGER, "city", 200),
        ("another district", Role.DISTRICT_REVIEWER, "other_district", 404),
        ("a second-level reviewer", Role.SECOND_REVIEWER, "second", 403),
        ("the union", Role.OPERATOR, "grassroots", 403),
        ("the auditor", Role.AUDITOR, "city", 403),
    ],
)
def test_who_sees_a_district_batch_its_voucher_and_its_notice(
    session: Session,
    tree: Tree,
    filed: DistrictBatch,
    client: FlaskClient,
    story: str,
    role: Role,
    union: str,
    status: int,
) -> None:
    bring_to(session, tree, filed, S.VOUCHER_REVIEW)
    voucher = last_voucher(session, filed)
    sign_in(client, make_account(session, getattr(tree, union), role))
    session.commit()

    for address in (
        f"/district-batches/{filed.id}",
        f"/district-batches/{filed.id}/vouchers",
        f"/district-batches/{filed.id}/notice.pdf",
        f"/district-batches/vouchers/{voucher}/file",
    ):
        assert client.get(address).status_code == status, (story, address)


def test_a_foreign_district_can_not_upload(
    session: Session, tree: Tree, filed: DistrictBatch, client: FlaskClient
) -> None:
    bring_to(session, tree, filed, S.AWAITING_PAYMENT)
    sign_in(client, make_account(session, tree.other_district, Role.DISTRICT_REVIEWER))
    session.commit()
    form = {"file": (PNG, "v.png"), "amount": "52.00", "paid_on": "2025-01-08"}

    assert client.post(f"/district-batches/{filed.id}/vouchers", data=sent(form)).status_code == 404


@pytest.mark.parametrize(
    ("story", "query", "found"),
    [
        ("the number", "number={number}", True),
        ("its beginning in small letters", "number=cb2025", True),
        ("another number", "number=CB2024", False),
        ("the state", "status=centre_review", True),
        ("another state", "status=completed", False),
        ("the day of filing", "submitted_from=2024-12-27&submitted_to=2024-12-27", True),
        ("the day after", "submitted_from=2024-12-28", False),
    ],
)
def test_filters_of_the_districts_list(
    session: Session,
    filed: DistrictBatch,
    district: FlaskClient,
    story: str,
    query: str,
    found: bool,
) -> None:
    session.commit()
    number = filed.number

    page = district.get(f"/district-batches/?{query.format(number=number)}").text

    assert (f">{number}</a>" in page) == found, story


def test_the_districts_list_has_the_columns_that_users_know(
    session: Session, filed: DistrictBatch, district: FlaskClient
) -> None:
    session.commit()
    page = district.get("/district-batches/").text

    for words in ("批次编号", "参保人数", "提交时间", "最后更新时间", "状态", "凭证上传时间", "确认时间"):
        assert words in page, words


def sent(form: dict[str, Any]) -> dict[str, Any]:
    """A multipart form: files as werkzeug's client wants them, what is ``None`` left out."""
    return {
        name: (BytesIO(value[0]), value[1]) if isinstance(value, tuple) else value
        for name, value in form.items()
        if value is not None
    }
