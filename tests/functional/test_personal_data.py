"""个人信息: everything held about a person on one page, as far as the viewer may see, and as a file."""

from __future__ import annotations

import io
import re

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from app.models import Event, EventObject, Member
from app.rules.enrolment import BatchStatus
from app.security.roles import Role
from tests.factories import make_account, make_member, sign_in
from tests.factories.batches import batch_in
from tests.factories.imports import bring_in, member_of, passport, upload

pytestmark = pytest.mark.usefixtures("perform_jobs")


@pytest.fixture
def as_operator(client, session, tree):
    sign_in(client, make_account(session, tree.grassroots, Role.OPERATOR))
    return client


def covered_member(session, tree):
    batch = batch_in(session, tree, BatchStatus.COMPLETED)
    return session.scalars(select(Member).where(Member.union_id == batch.union_id)).first(), batch


def test_the_page_shows_record_covers_workbooks_and_corrections(session, tree, operator, as_operator):
    bring_in(session, operator, [passport(1, 会员标签="一车间"), passport(2)])
    run = bring_in(session, operator, [passport(1, 会员标签="二车间"), passport(2)])
    page = as_operator.get(f"/personal-data/{member_of(session, 'P0000001').id}/").text
    for word in (
        "会员记录",
        "涉及本人的导入文件",
        "更正记录",
        "一车间",
        "二车间",
        "批量导入",
        f"/imports/{run.id}",
    ):
        assert word in page, word
    assert "外籍丙" not in page, "other rows of the same workbook name other people"
    assert "P0000001" not in page and "13100000001" not in page


def test_covers_stand_there_with_their_amount(session, tree, as_operator):
    member, batch = covered_member(session, tree)
    page = as_operator.get(f"/personal-data/{member.id}/").text
    assert batch.number in page and "26.00" in page


def test_a_wrong_row_is_no_mention_of_anybody_until_it_is_right(session, tree, operator, as_operator):
    bring_in(session, operator, [passport(1)])
    upload(session, operator, [passport(1, 性别="无")])
    page = as_operator.get(f"/personal-data/{member_of(session, 'P0000001').id}/").text
    assert page.count("名单.xlsx") == 1


def test_the_same_person_in_another_union_shows_only_to_who_sees_it(session, tree, operator, client):
    here = make_member(session, tree.grassroots)
    there = make_member(
        session,
        tree.straight,
        id_number=here.id_number,
        name="另一工会的记录",
    )
    sign_in(client, make_account(session, tree.grassroots, Role.OPERATOR))
    assert there.name not in client.get(f"/personal-data/{here.id}/").text
    sign_in(client, make_account(session, tree.district, Role.DISTRICT_REVIEWER))
    assert there.name in client.get(f"/personal-data/{here.id}/").text


def test_the_file_holds_what_the_page_shows_and_the_log_says_why(session, tree, as_operator):
    member, batch = covered_member(session, tree)
    answer = as_operator.post(f"/personal-data/{member.id}/export", data={"reason": "本人到工会申请查阅"})
    book = load_workbook(io.BytesIO(answer.data))
    cells = "\n".join(
        str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row
    )
    assert member.name in cells and batch.number in cells
    assert member.id_number not in cells and member.phone not in cells
    event = session.scalars(
        select(Event).where(Event.object_kind == EventObject.MEMBER, Event.action == "export_personal_data")
    ).one()
    assert (event.object_id, event.text) == (member.id, "本人到工会申请查阅")
    assert "导出个人信息" in as_operator.get(f"/personal-data/{member.id}/").text


@pytest.mark.parametrize("reason", ["", "  ", "会员{name}来电", "{id_number}", "手机{phone}", "很" * 201])
def test_nothing_is_handed_out_without_a_reason_that_may_stay_for_good(session, tree, as_operator, reason):
    member = make_member(session, tree.grassroots)
    typed = reason.format(name=member.name, id_number=member.id_number, phone=member.phone)
    answer = as_operator.post(f"/personal-data/{member.id}/export", data={"reason": typed})
    assert answer.status_code == 422 and 'id="reason-error"' in answer.text
    assert typed in answer.text
    assert session.scalars(select(Event).where(Event.action == "export_personal_data")).all() == []


def test_every_word_of_the_page_is_chinese(session, tree, as_operator):
    member, _batch = covered_member(session, tree)
    main = as_operator.get(f"/personal-data/{member.id}/").text.split("<main")[1].split("</main>")[0]
    words = re.findall(r"[A-Za-z]{3,}(?: [a-z]+)+", re.sub(r"<[^>]*>", " ", main))
    assert words == []
