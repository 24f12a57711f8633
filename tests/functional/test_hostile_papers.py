"""Whatever is sent as a paper: a sentence, the right status, nothing stored, nobody hurt, nothing typed lost."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import DistrictBatch, PaymentVoucher, RetirementKeep, StoredFile
from app.rules.papers import STATUS, Paper, PaperProblem
from app.rules.settlement import DistrictBatchStatus
from app.security.headers import NOTHING
from app.security.roles import Role
from app.sentences import SENTENCES
from tests.factories import Tree, at, make_account, make_member, sign_in
from tests.factories.accounts import bearer
from tests.factories.batches import bring_to, last_voucher, make_filed
from tests.functional.hostile_papers import KEPT, ONE_OF_EACH, REFUSED, SCRIPT

TYPED = {"title": "一月凭证", "amount": "52.00", "paid_on": "2025-01-08"}


@pytest.fixture
def filed(session: Session, tree: Tree) -> DistrictBatch:
    batch = make_filed(session, tree.district, tree.straight)
    bring_to(session, tree, batch, DistrictBatchStatus.AWAITING_PAYMENT)
    return batch


@pytest.fixture
def district(session: Session, tree: Tree, filed: DistrictBatch, client: FlaskClient) -> FlaskClient:
    sign_in(client, make_account(session, tree.district, Role.DISTRICT_REVIEWER))
    session.commit()
    return client


def send(client: FlaskClient, filed: DistrictBatch, content: bytes, name: str) -> Any:
    return client.post(
        f"/district-batches/{filed.id}/vouchers", data={"file": (io.BytesIO(content), name), **TYPED}
    )


@pytest.mark.parametrize("story", REFUSED)
def test_a_bad_voucher_is_refused_with_a_sentence_and_nothing_is_kept_but_what_was_typed(
    session: Session, filed: DistrictBatch, district: FlaskClient, story: str
) -> None:
    build, name, problems = REFUSED[story]

    answer = send(district, filed, build(), name)

    said = {problem for problem in problems if _said(Paper.VOUCHER, problem) in answer.text}
    assert len(said) == 1, story
    assert answer.status_code == STATUS.get(*said, 422)
    assert 'id="file-error"' in answer.text
    assert all(f'value="{value}"' in answer.text for value in TYPED.values())
    assert session.scalar(select(func.count()).select_from(StoredFile)) == 0
    assert session.scalar(select(func.count()).select_from(PaymentVoucher)) == 0
    assert district.get(f"/district-batches/{filed.id}/vouchers").status_code == 200


@pytest.mark.parametrize("story", KEPT)
def test_a_voucher_comes_back_as_its_type_and_without_what_hung_on_to_it(
    session: Session, filed: DistrictBatch, district: FlaskClient, story: str
) -> None:
    build, name, media_type, kept_name = KEPT[story]
    assert send(district, filed, build(), name).status_code == 302

    answer = district.get(f"/district-batches/vouchers/{last_voucher(session, filed)}/file")

    assert answer.mimetype == media_type
    assert SCRIPT not in answer.data
    assert not answer.data.endswith(bytes(18))
    assert session.scalars(select(StoredFile.name)).one() == kept_name
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == NOTHING
    disposition = answer.headers["Content-Disposition"]
    assert disposition.startswith("attachment; ")
    assert disposition.isascii()


def test_a_photo_is_turned_upright_before_its_place_and_its_remarks_go(
    session: Session, filed: DistrictBatch, district: FlaskClient
) -> None:
    send(district, filed, KEPT["a photo with its place"][0](), "IMG_0001.JPEG")

    kept = district.get(f"/district-batches/vouchers/{last_voucher(session, filed)}/file").data

    with Image.open(io.BytesIO(kept)) as picture:
        assert picture.size == (20, 40)
        assert picture.convert("L").getpixel((10, 35)) < 50 < 200 < picture.convert("L").getpixel((10, 5))
        assert not picture.getexif()
    assert b"Exif" not in kept
    assert b"Zq-comment" not in kept


def test_a_chinese_name_comes_back_whole(
    session: Session, filed: DistrictBatch, district: FlaskClient
) -> None:
    send(district, filed, KEPT["a PDF"][0](), "贷记凭证\u202e（一月）.pdf")

    answer = district.get(f"/district-batches/vouchers/{last_voucher(session, filed)}/file")

    encoded = "%E8%B4%B7%E8%AE%B0%E5%87%AD%E8%AF%81%EF%BC%88%E4%B8%80%E6%9C%88%EF%BC%89.pdf"
    assert f"filename*=UTF-8''{encoded}" in answer.headers["Content-Disposition"]


@pytest.mark.parametrize("story", ONE_OF_EACH)
def test_a_program_is_told_the_same(
    session: Session,
    filed: DistrictBatch,
    tree: Tree,
    client: FlaskClient,
    story: str,
) -> None:
    build, name, problems = REFUSED[story]
    account = make_account(session, tree.district, Role.DISTRICT_REVIEWER)
    session.commit()

    answer = client.post(
        f"/api/v1/district-batches/{filed.id}/vouchers",
        data={"file": (io.BytesIO(build()), name), **TYPED},
        headers=bearer(account.id),
    )

    assert answer.mimetype == "application/problem+json"
    problem = PaperProblem(answer.json["code"].removeprefix("voucher_"))
    assert problem in problems
    assert answer.status_code == answer.json["status"] == STATUS.get(problem, 422)
    assert session.scalar(select(func.count()).select_from(StoredFile)) == 0


@pytest.mark.parametrize("story", ONE_OF_EACH)
@pytest.mark.parametrize("screen", ["one member", "the list"])
@time_machine.travel(at("2024-11-05 10:00"), tick=False)
def test_a_bad_attachment_keeps_nobody_and_the_form_stays(
    session: Session, tree: Tree, client: FlaskClient, story: str, screen: str
) -> None:
    build, name, problems = REFUSED[story]
    man = make_member(session, tree.grassroots, birth_date=date(1964, 9, 1))
    sign_in(client, make_account(session, tree.grassroots, Role.OPERATOR))
    session.commit()
    address = {
        "one member": f"/enrolment/2025/member_card/members/{man.id}/keep",
        "the list": "/retirement/2025/keep?tab=retired",
    }[screen]

    answer = client.post(
        address,
        data={
            "member_ids": str(man.id),
            "keep-reason_code": "other",
            "keep-text": "单位已备案，请核对",
            "keep-file": (io.BytesIO(build()), name),
        },
    )

    said = {problem for problem in problems if _said(Paper.ATTACHMENT, problem) in answer.text}
    assert len(said) == 1, story
    assert answer.status_code == STATUS.get(*said, 422)
    assert "单位已备案，请核对" in answer.text
    assert session.scalar(select(func.count()).select_from(RetirementKeep)) == 0
    assert session.scalar(select(func.count()).select_from(StoredFile)) == 0


def test_every_problem_of_every_paper_has_its_sentence() -> None:
    assert {f"{paper}_{problem}" for paper in Paper for problem in PaperProblem} <= set(SENTENCES)


def _said(paper: Paper, problem: PaperProblem) -> str:
    """The last part of the problem's sentence, which holds no figures."""
    return str(SENTENCES[f"{paper}_{problem}"]).rpartition("}")[2].rpartition("，")[2]
