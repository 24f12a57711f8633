"""The reviewers' pages: lists, filters, one batch, refusals that lose nothing (M4.3)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.models import Enrolment, Member
from app.queries.review import changed_counts
from app.rules.enrolment import Channel
from app.rules.members import EmploymentStatus
from app.security.actor import actor_of
from app.security.roles import Role
from app.services.review import approve_batches
from tests.factories import (
    Tree,
    at,
    make_account,
    sign_in,
)
from tests.factories.batches import REVIEWING, make_batch


@pytest.fixture(autouse=True)
def _in_december() -> Iterator[None]:
    with time_machine.travel(REVIEWING, tick=False):
        yield


@pytest.fixture
def browser(session: Session, client: FlaskClient, tree: Tree) -> FlaskClient:
    sign_in(client, make_account(session, tree.district, Role.DISTRICT_REVIEWER))
    session.commit()
    return client


def test_the_list_has_the_columns_that_users_know(session: Session, tree: Tree, browser: FlaskClient) -> None:
    make_batch(session, tree.grassroots, 53)

    page = browser.get("/review/collective/").text

    for words in (
        "待审批参保列表",
        "单位名称",
        "保障类型",
        "参保人数",
        "类型",
        "保障费用",
        "退回",
        "添加至待提交",
    ):
        assert words in page, words
    assert "海城恒信建达有限公司工会" in page
    assert "1,378.00" in page
    assert "会员卡参保" in page


def test_the_submission_list_says_its_sum_to_the_letter(
    session: Session, tree: Tree, browser: FlaskClient
) -> None:
    batch = make_batch(session, tree.grassroots, 2, channel=Channel.SOCIAL_CARD)
    browser.post("/review/collective/", data={"ids": [batch.id]})

    assert (
        "合计参保人数：2人(会员卡参保人数0人，社保卡参保人数2人)。保障费用：52元；市总统一划拨：26元；"
        "区局/各级工会缴费：26元；基层单位缴费：0。"
    ) in browser.get("/review/approved/").text


@pytest.mark.parametrize(
    ("story", "query", "found"),
    [
        ("part of the unit's name", "union_name=恒信", True),
        ("another unit's name", "union_name=宏图", False),
        ("a per cent sign is a per cent sign", "union_name=%25", False),
        ("the beginning of the code, in small letters too", "union_code=8131", True),
        ("another code", "union_code=9131", False),
        ("part of the superior union's name", "parent_name=滨江", True),
        ("another superior union", "parent_name=南苑", False),
        ("the plan", "plan=A", True),
        ("another plan", "plan=B", False),
        ("the channel", "channel=member_card", True),
        ("the other channel", "channel=social_card", False),
        ("a channel that there isn't filters nothing", "channel=post", True),
        (
            "the day of the submit, both ends included",
            "submitted_from=2024-12-01&submitted_to=2024-12-01",
            True,
        ),
        ("the day after", "submitted_from=2024-12-02", False),
        ("the day before", "submitted_to=2024-11-30", False),
        ("another year that nobody set shows the year in work", "year=1999", True),
    ],
)
def test_filters(
    session: Session, tree: Tree, browser: FlaskClient, story: str, query: str, found: bool
) -> None:
    make_batch(session, tree.grassroots)

    answer = browser.get(f"/review/collective/?{query}")

    assert answer.status_code == 200
    assert ("海城恒信建达有限公司工会" in answer.text) == found, story


def test_a_date_that_is_none_is_said_and_filters_nothing(
    session: Session, tree: Tree, browser: FlaskClient
) -> None:
    make_batch(session, tree.grassroots)

    page = browser.get("/review/collective/?submitted_from=0001-01-01&submitted_to=31.12.").text

    assert page.count('role="alert"') == 2
    assert "海城恒信建达有限公司工会" in page


def test_nothing_ticked_comes_back_with_the_sentence(browser: FlaskClient) -> None:
    answer = browser.post("/review/collective/")

    assert answer.status_code == 422
    assert "请至少勾选一个批次！" in answer.text


def test_who_comes_second_learns_who_was_first_and_when(
    session: Session, tree: Tree, browser: FlaskClient
) -> None:
    batch, fine = make_batch(session, tree.grassroots), make_batch(session, tree.straight)
    colleague = make_account(session, tree.second, Role.SECOND_REVIEWER, name="钱街道")
    session.refresh(colleague, ["union"])
    approve_batches(session, actor_of(colleague), batch_ids=[batch.id], now=at("2024-12-20 09:30"))
    session.commit()

    alone = browser.post("/review/collective/", data={"ids": [batch.id]})
    both = browser.post("/review/collective/", data={"ids": [batch.id, fine.id]})

    assert alone.status_code == 409
    assert "钱街道" in alone.text
    assert "2024-12-20 09:30" in alone.text
    assert both.status_code == 200
    assert "共 2 个批次，成功 1 个" in both.text


def test_the_batch_page_lists_whose_state_changed_since_the_submit(
    session: Session, tree: Tree, browser: FlaskClient
) -> None:
    batch = make_batch(session, tree.grassroots, 3)
    gone = session.scalars(select(Member).where(Member.union_id == tree.grassroots.id)).first()
    assert gone is not None
    gone.employment_status = EmploymentStatus.DECEASED

    page = browser.get(f"/review/batch/{batch.id}").text

    assert "提交后状态变化" in page
    assert "提交后状态变化 1 人" in browser.get("/review/collective/").text
    assert gone.id_number not in page


def test_a_list_does_not_look_through_a_large_batch_and_says_where_to_look(
    session: Session, tree: Tree, browser: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    large, small = make_batch(session, tree.grassroots, 3), make_batch(session, tree.straight, 2)
    session.execute(update(Member).values(employment_status=EmploymentStatus.DECEASED))
    monkeypatch.setattr("app.queries.review.PEOPLE_LOOKED_AT", 2)

    assert changed_counts(session, 2025, [large, small]) == {large.id: None, small.id: 2}
    listed = browser.get("/review/collective/").text
    assert "提交后状态变化 2 人" in listed and "请打开批次查看" in listed
    assert "提交后状态变化" in browser.get(f"/review/batch/{large.id}").text


def test_a_refused_return_keeps_what_was_typed_and_marked(
    session: Session, tree: Tree, browser: FlaskClient
) -> None:
    batch = make_batch(session, tree.grassroots, 3)
    marked = session.scalars(select(Enrolment.member_id).where(Enrolment.batch_id == batch.id)).first()
    session.commit()

    answer = browser.post(
        f"/review/batch/{batch.id}",
        data={"reason_code": "", "text": "有两人离职", "member_ids": [marked]},
    )

    assert answer.status_code == 422
    assert "请从列表中选择原因。" in answer.text
    assert "有两人离职" in answer.text
    assert f'value="{marked}" form="return-form" data-carry="people"' in answer.text
    assert answer.text.count(" checked>") == 1


def test_marks_of_other_pages_go_along(session: Session, tree: Tree, browser: FlaskClient) -> None:
    batch = make_batch(session, tree.grassroots, 20)
    last = session.scalars(
        select(Enrolment.member_id).where(Enrolment.batch_id == batch.id).order_by(Enrolment.member_id.desc())
    ).first()

    page = browser.get(f"/review/batch/{batch.id}?member_ids={last}").text

    assert "其他页已标记" in page
    assert f'name="member_ids" value="{last}" checked' in page


@pytest.mark.parametrize("address", ["/review/batch/{id}", "/review/batch/99999999999999999999"])
def test_a_foreign_batch_is_not_there(
    session: Session, tree: Tree, browser: FlaskClient, address: str
) -> None:
    foreign = make_batch(session, tree.other_grassroots)
    session.commit()

    assert browser.get(address.format(id=foreign.id)).status_code == 404
    assert browser.post(address.format(id=foreign.id), data={"reason_code": "wrong_list"}).status_code == 404


def test_a_second_level_reviewer_sees_its_own_and_no_way_to_file(
    session: Session, tree: Tree, client: FlaskClient
) -> None:
    sign_in(client, make_account(session, tree.second, Role.SECOND_REVIEWER))
    make_batch(session, tree.grassroots)
    make_batch(session, tree.straight)
    session.commit()

    page = client.get("/review/collective/").text
    assert "海城恒信建达有限公司工会" in page
    assert "海城宏图机械有限公司工会" not in page
    assert "提交列表中的参保信息" not in client.get("/review/approved/").text
    assert client.get("/filing/").status_code == 403
