"""The operator's screens over HTTP: the sentence to the letter, ticks that survive a refusal, scope, files."""

from __future__ import annotations

import io
import re
from datetime import date

import openpyxl
import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import EnrolmentBatch, EnrolmentExclusion, Member, Notice
from app.rules.members import EmploymentStatus, Sex, SocialCardStatus
from app.security.roles import Role
from app.services.review import return_batch
from tests.factories import (
    Tree,
    actor_of_role,
    at,
    make_account,
    make_member,
    make_members,
    sign_in,
)
from tests.factories.searching import searched

CARD, SOCIAL = "/enrolment/2025/member_card/", "/enrolment/2025/social_card/"


@pytest.fixture(autouse=True)
def november():
    with time_machine.travel(at("2024-11-05 10:00"), tick=False):
        yield


@pytest.fixture
def operator(client: FlaskClient, session: Session, tree: Tree) -> FlaskClient:
    sign_in(client, make_account(session, tree.grassroots, Role.OPERATOR))
    return client


def batches(session: Session) -> list[EnrolmentBatch]:
    return list(session.scalars(select(EnrolmentBatch).order_by(EnrolmentBatch.id)))


def ids(members: list[Member]) -> list[int]:
    return [member.id for member in members]


def test_the_sentence_reads_as_in_the_manual(session, tree, operator):
    make_members(session, tree.grassroots, 53)
    page = operator.get(CARD).text
    assert (
        "保障年度：2025年。可参保人数：53人。——保障费用：1378元；市总统一划拨：689元；"
        "区局/各级工会缴费：689元；基层单位缴费：0元。"
    ) in page
    assert "请于2024年12月25日之前" in page and "2025年1月1日起至2025年12月31日止" in page
    assert "您选择的保障类型为：A类会员专享基本保障\n请确认无误后再提交！" in page.replace("&#10;", "\n")


def test_every_counter_opens_as_many_people_as_it_says(session, tree, operator):
    make_members(session, tree.grassroots, 3)
    make_members(session, tree.grassroots, 2, has_card=False)
    make_member(session, tree.grassroots, employment_status=EmploymentStatus.UNCLEAR)
    make_member(session, tree.grassroots, employment_status=EmploymentStatus.DECEASED)
    make_member(session, tree.grassroots, sex=Sex.FEMALE, birth_date=date(1972, 3, 1))
    make_member(session, tree.grassroots, has_card=False, social_card_status=SocialCardStatus.LOCKED)
    for screen in (CARD, SOCIAL):
        page = operator.get(screen).text
        counters = re.findall(r'<a href="([^"]*bucket=[^"]*)"[^>]*><b>(\d+)</b>', page)
        assert sum(int(people) for _, people in counters) == 9
        for href, people in counters:
            opened = operator.get(href.replace("&amp;", "&")).text
            shown = re.search(r"共 (\d+) 条", opened)
            assert (int(shown.group(1)) if shown else 0) == int(people), href


def test_a_submit_leads_to_the_notice_that_downloads(session, tree, operator):
    make_members(session, tree.grassroots, 2)
    answer = operator.post(CARD, data={"plan": "A", "expected_headcount": "2"})
    page = operator.get(answer.location).text
    link = re.search(r'href="(/notices/[^"]+)" data-downloads="[^"]+"', page)
    pdf = operator.get(link.group(1).replace("&amp;", "&"))
    assert pdf.data.startswith(b"%PDF") and pdf.mimetype == "application/pdf"
    disposition = pdf.headers["Content-Disposition"]
    assert "attachment" in disposition and "filename*=UTF-8''2025%E5%B9%B4%E5%BA%A6" in disposition


def test_a_list_that_changed_is_said_and_nothing_is_submitted(session, tree, operator):
    make_members(session, tree.grassroots, 2)
    answer = operator.post(CARD, data={"plan": "B", "expected_headcount": "3"})
    assert answer.status_code == 409 and "原显示 3 人，现为 2 人" in answer.text
    assert '<option value="B" selected>' in answer.text
    assert batches(session) == []


def test_a_submit_without_ticks_is_refused_with_the_manuals_words(session, tree, operator):
    make_members(session, tree.grassroots, 1, has_card=False)
    answer = operator.post(SOCIAL, data={"plan": "A"})
    assert answer.status_code == 422 and "请在【待提交】中勾选要参保的人员!" in answer.text


def test_a_refused_submit_keeps_ticks_on_all_pages_and_the_plan(session, tree, operator):
    people = make_members(session, tree.grassroots, 20, has_card=False)
    submit = {"plan": "A", "member_ids": ids(people)[:2], "picked": ",".join(map(str, ids(people)[16:19]))}
    sealed = make_member(session, tree.grassroots, has_card=False, social_card_status=SocialCardStatus.SEALED)
    submit["member_ids"] = [*submit["member_ids"], sealed.id]
    answer = operator.post(f"{SOCIAL}?bucket=eligible", data=submit)
    assert answer.status_code == 409 and "勾选的 6 人中只有 5 人" in answer.text
    assert len(re.findall(r'name="member_ids"[^>]* checked', answer.text)) == 2
    hidden = re.search(r'name="picked" value="([^"]*)"', answer.text).group(1).split(",")
    assert {int(each) for each in hidden} == {*ids(people)[16:19], sealed.id}
    assert batches(session) == []


def test_all_but_two_can_be_ticked_over_all_pages(session, tree, operator):
    people = make_members(session, tree.grassroots, 36, has_card=False)
    left_out = ",".join(map(str, ids(people)[:2]))
    answer = operator.post(SOCIAL, data={"plan": "A", "everyone": "1", "picked": left_out})
    assert answer.status_code == 302
    assert [batch.headcount for batch in batches(session)] == [34]


def test_the_second_channel_shows_the_locked_plan_and_its_batch(session, tree, operator):
    make_members(session, tree.grassroots, 1)
    make_members(session, tree.grassroots, 1, has_card=False)
    operator.post(CARD, data={"plan": "B", "expected_headcount": "1"})
    page = operator.get(SOCIAL).text
    assert batches(session)[0].number in page and 'name="plan" data-sends' not in page
    refused = operator.post(SOCIAL, data={"plan": "A", "everyone": "1"})
    assert refused.status_code == 422 and "已确定为 B 类" in refused.text


def test_a_closed_window_is_said_and_the_button_is_gone(session, tree, operator):
    make_members(session, tree.grassroots, 1)
    with time_machine.travel(at("2024-12-26 00:00:00"), tick=False):
        sign_in(operator, make_account(session, tree.grassroots, Role.OPERATOR))
        page = operator.get(CARD).text
        assert "已于 2024-12-26 00:00 截止" in page and "提交至上级审核</button>" not in page
        assert operator.post(CARD, data={"plan": "A"}).status_code == 422
    assert batches(session) == []


def test_new_people_since_the_last_submit_are_said(session, tree, operator):
    make_members(session, tree.grassroots, 2)
    doubtful = make_member(session, tree.grassroots, employment_status=EmploymentStatus.UNCLEAR)
    operator.post(CARD, data={"plan": "A", "expected_headcount": "2"})
    assert "上次提交后新增" not in operator.get(CARD).text
    operator.post(f"{CARD}waiting/{doubtful.id}/confirm")
    assert "上次提交后新增 1 人" in operator.get(CARD).text


def test_confirming_all_and_undoing_one(session, tree, operator):
    people = [
        make_member(session, tree.grassroots, employment_status=EmploymentStatus.UNCLEAR) for _ in range(3)
    ]
    answer = operator.post(f"{CARD}waiting", follow_redirects=True)
    assert "已确认 3 人" in answer.text and answer.text.count("已确认</span>") == 3
    answer = operator.post(f"{CARD}waiting/{people[0].id}/withdraw", data={"back": f"{CARD}waiting"})
    assert answer.location == f"{CARD}waiting"
    assert operator.get(answer.location).text.count("已确认</span>") == 2


def test_leaving_out_needs_a_reason_and_keeps_what_was_typed(session, tree, operator):
    member = make_member(session, tree.grassroots)
    refused = operator.post(f"{CARD}members/{member.id}/exclude", data={"reason_code": "", "text": "调走了"})
    assert refused.status_code == 422 and "调走了" in refused.text
    done = operator.post(f"{CARD}members/{member.id}/exclude", data={"reason_code": "leaving", "text": ""})
    assert done.location == CARD
    assert session.scalars(select(EnrolmentExclusion.reason)).all() == ["即将离职"]


def test_nobody_is_led_away_by_the_way_back(session, tree, operator):
    member = make_member(session, tree.grassroots, employment_status=EmploymentStatus.UNCLEAR)
    for back in ("https://example.org/", "//example.org/", "/\\example.org", "/accounts/"):
        answer = operator.post(f"{CARD}waiting/{member.id}/confirm", data={"back": back})
        assert answer.location == CARD


def test_the_reason_of_a_return_and_the_marked_members_are_shown(session, tree, operator):
    people = make_members(session, tree.grassroots, 2)
    operator.post(CARD, data={"plan": "A", "expected_headcount": "2"})
    (batch,) = batches(session)
    reviewer = actor_of_role(session, tree.second, Role.SECOND_REVIEWER)
    return_batch(
        session,
        reviewer,
        batch_id=batch.id,
        reason_code="left_included",
        text="请核对",
        member_ids=[people[1].id],
        now=at("2024-11-06"),
    )
    page = operator.get(f"/enrolment/batches/{batch.id}").text
    assert "名单中有离职人员" in page and "请核对" in page and people[1].name in page
    assert 'href="/enrolment/2025/member_card/"' in page and "重新提交" in page


def test_the_screen_to_submit_anew_says_why_the_list_came_back_until_it_is_submitted(session, tree, operator):
    people = make_members(session, tree.grassroots, 2)
    operator.post(CARD, data={"plan": "A", "expected_headcount": "2"})
    (batch,) = batches(session)
    reviewer = actor_of_role(session, tree.second, Role.SECOND_REVIEWER)
    return_batch(
        session,
        reviewer,
        batch_id=batch.id,
        reason_code="left_included",
        text="请核对",
        member_ids=[people[1].id],
        now=at("2024-11-05 10:00"),
    )
    page = operator.get(CARD).text
    assert batch.number in page and "名单中有离职人员" in page and "请核对" in page
    marked = page.split(f"{people[1].name} ")[1]
    assert marked.startswith("(") and page.count("已标记") == 1
    assert "名单中有离职人员" not in operator.get(SOCIAL).text
    with time_machine.travel(at("2024-11-05 11:00"), tick=False):
        operator.post(CARD, data={"plan": "A", "expected_headcount": "2"})
        assert "名单中有离职人员" not in operator.get(CARD).text


def test_the_exported_list_is_masked_and_counts_what_the_screen_counts(session, tree, operator):
    member = make_member(session, tree.grassroots, name="买买提·艾力")
    make_members(session, tree.grassroots, 2)
    book = openpyxl.load_workbook(io.BytesIO(operator.get(f"{CARD}people.xlsx?bucket=eligible").data))
    cells = [str(cell.value) for row in book.worksheets[0].iter_rows() for cell in row]
    assert book.worksheets[0].max_row == 4 and "买买提·艾力" in cells
    assert member.id_number not in cells and member.card_no not in cells


FOREIGN = [
    "/enrolment/batches/{batch}",
    "/enrolment/batches/{batch}/submitted",
    "/notices/{notice}.pdf",
    "/members/{member}/",
    "/members/{member}/edit",
    "/enrolment/2025/member_card/members/{member}/",
    "/cover/{batch}/{member}",
]


@pytest.mark.parametrize("address", FOREIGN)
def test_what_belongs_to_a_sibling_is_not_there(client, session, tree, address):
    (member,) = make_members(session, tree.grassroots, 1)
    sign_in(client, make_account(session, tree.grassroots, Role.OPERATOR))
    client.post(CARD, data={"plan": "A", "expected_headcount": "1"})
    (batch,) = batches(session)
    notice = session.scalars(select(Notice.number)).one()
    there = address.format(batch=batch.id, notice=notice, member=member.id)
    assert client.get(there).status_code == 200
    for union in (tree.sibling, tree.other_grassroots):
        sign_in(client, make_account(session, union, Role.OPERATOR))
        assert client.get(there).status_code == 404


def test_the_verification_page_is_public_and_names_nobody(session, tree, client):
    (member,) = make_members(session, tree.grassroots, 1, name="王小明")
    sign_in(client, make_account(session, tree.grassroots, Role.OPERATOR))
    client.post(CARD, data={"plan": "A", "expected_headcount": "1"})
    notice = session.scalars(select(Notice)).one()
    with client.session_transaction() as cookie:
        cookie.clear()
    page = client.get(f"/verify/{notice.number}/{notice.check_code}")
    assert page.status_code == 200 and notice.number in page.text and "26.00" in page.text
    assert member.name not in page.text and member.id_number not in page.text
    assert client.get(f"/verify/{notice.number}/{'0' * 16}").status_code == 404


def test_a_cover_is_found_with_its_log(session, tree, operator):
    (member,) = make_members(session, tree.grassroots, 1, name="李𠮷")
    assert "李𠮷" not in operator.get("/cover/?name=李").text
    operator.post(CARD, data={"plan": "A", "expected_headcount": "1"})
    (batch,) = batches(session)
    for field, value in (
        ("name", "李"),
        ("id_number", member.id_number),
        ("member_no", member.member_no),
        ("phone", member.phone),
    ):
        assert batch.number in searched(operator, "/cover/", year="2025", **{field: value}).text
    assert member.id_number not in operator.get("/cover/?name=李").text
    assert "提交" in operator.get(f"/cover/{batch.id}/{member.id}").text
