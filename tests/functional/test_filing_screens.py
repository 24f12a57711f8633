"""The filing's pages: totals, handler, the notice that downloads by itself once (M4.4–4.5)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import (
    DistrictBatch,
)
from app.rules.enrolment import Channel
from app.security.actor import Actor
from app.security.roles import Role
from app.services.filing import file_district_batch
from app.services.review import approve_batches
from app.services.settlement import reject_district_batch
from tests.factories import Tree, actor_of_role, at, make_account, sign_in
from tests.factories.batches import FILING, HANDLER, REVIEWING, make_batch, make_filed

OPENING = at("2024-12-26")


@pytest.fixture(autouse=True)
def _in_the_window() -> Iterator[None]:
    with time_machine.travel(FILING, tick=False):
        yield


@pytest.fixture
def browser(session: Session, client: FlaskClient, tree: Tree, reviewer: Actor) -> FlaskClient:
    sign_in(client, make_account(session, tree.district, Role.DISTRICT_REVIEWER, name="赵审核"))
    batch = make_batch(session, tree.grassroots, 2, channel=Channel.SOCIAL_CARD)
    approve_batches(session, reviewer, batch_ids=[batch.id], now=REVIEWING)
    session.commit()
    return client


def test_the_page_shows_the_totals_and_asks_for_the_handler(browser: FlaskClient) -> None:
    page = browser.get("/filing/").text

    assert "基层单位缴费：0。" in page
    assert "A类会员专享基本保障" in page
    assert 'value="赵审核"' in page
    assert "确认提交至职保中心后将无法修改" in page


def test_filing_leads_to_a_page_from_which_the_notice_downloads_by_itself_once(
    session: Session, browser: FlaskClient
) -> None:
    answer = browser.post(
        "/filing/",
        data={
            "name": "李经办",
            "phone": "13800000000",
            "email": "li@example.org",
            "expected_headcount": "2",
        },
    )
    first, again = (browser.get(answer.location).text for _ in range(2))

    filed = session.scalars(select(DistrictBatch)).one()
    assert filed.handler_email == "li@example.org"
    assert "data-downloads" in first
    assert "data-downloads" not in again
    pdf = browser.get(f"/district-batches/{filed.id}/notice.pdf")
    assert pdf.data.startswith(b"%PDF-")
    assert pdf.headers["Content-Disposition"].startswith("attachment")


def test_a_wrong_phone_is_told_by_its_field_and_nothing_typed_is_lost(
    session: Session, browser: FlaskClient
) -> None:
    answer = browser.post("/filing/", data={"name": "李经办", "phone": "12", "email": "li@example.org"})

    assert answer.status_code == 422
    assert 'id="phone-error"' in answer.text
    assert 'value="li@example.org"' in answer.text
    assert session.scalars(select(DistrictBatch)).all() == []


def test_an_empty_form_names_every_field(browser: FlaskClient) -> None:
    answer = browser.post("/filing/", data={})

    assert answer.status_code == 422
    assert answer.text.count('class="error"') == 3


def test_the_next_filing_proposes_the_last_handler(
    session: Session, tree: Tree, reviewer: Actor, browser: FlaskClient
) -> None:
    file_district_batch(session, reviewer, year=2025, handler=HANDLER, now=FILING)
    decisions = approve_batches(
        session, reviewer, batch_ids=[make_batch(session, tree.straight).id], now=REVIEWING
    )
    assert decisions[0].problem is None
    session.commit()

    assert f'value="{HANDLER.phone}"' in browser.get("/filing/").text


def test_what_the_centre_rejected_is_said_where_it_is_filed_anew_until_it_is(
    session: Session, tree: Tree, reviewer: Actor, browser: FlaskClient
) -> None:
    filed = file_district_batch(session, reviewer, year=2025, handler=HANDLER, now=FILING)
    clerk = actor_of_role(session, tree.city, Role.CENTRE_CLERK)
    reject_district_batch(
        session, clerk, batch_id=filed.id, reason_code="other", text="请核对人数", now=FILING
    )
    session.commit()
    for address in ("/review/approved/", "/filing/"):
        page = browser.get(address).text
        assert "职保中心已退回" in page and "请核对人数" in page and filed.number in page
    file_district_batch(session, reviewer, year=2025, handler=HANDLER, now=FILING + timedelta(hours=1))
    session.commit()
    assert "请核对人数" not in browser.get("/review/approved/").text


def test_outside_the_window_the_list_says_when_and_offers_no_button(
    session: Session, tree: Tree, browser: FlaskClient
) -> None:
    account = make_account(session, tree.district, Role.DISTRICT_REVIEWER)
    session.commit()
    with time_machine.travel(OPENING - timedelta(days=3), tick=False):
        sign_in(browser, account)
        page = browser.get("/review/approved/").text
        form = browser.get("/filing/").text

    assert "提交列表中的参保信息" not in page
    assert "2024-12-26 00:00" in page
    assert "确认提交至职保中心</button>" not in form


def test_a_foreign_districts_filing_is_not_there(session: Session, tree: Tree, browser: FlaskClient) -> None:
    foreign = make_filed(session, tree.other_district, tree.other_grassroots)
    session.commit()

    for address in ("/filing/{}/filed", "/district-batches/{}", "/district-batches/{}/notice.pdf"):
        assert browser.get(address.format(foreign.id)).status_code == 404, address
