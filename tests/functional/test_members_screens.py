"""会员信息 by form: the workbook's rules by the field, nothing typed lost, one person once."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from app.models import Event, EventObject, Member
from app.rules.members import IdType, Sex
from app.security.persons import key_of
from app.security.roles import Role
from tests.factories import make_account, make_member, make_tree, resident_number, sign_in
from tests.factories.searching import searched

NUMBER = resident_number(date(1990, 5, 17), Sex.FEMALE, 40_000)
TYPED = {
    "name": "王芳",
    "id_type": "resident_id",
    "id_number": NUMBER,
    "phone": "13800000001",
    "kind": "employed",
}


@pytest.fixture
def tree(session):
    return make_tree(session)


@pytest.fixture
def operator(client, session, tree):
    sign_in(client, make_account(session, tree.grassroots, Role.OPERATOR))
    return client


def test_a_new_member_takes_sex_and_birth_from_the_number(session, tree, operator):
    answer = operator.post("/members/new", data=TYPED)
    member = session.scalars(select(Member)).one()
    assert answer.location == f"/members/{member.id}/"
    assert (member.sex, member.birth_date, member.union_id) == (
        Sex.FEMALE,
        date(1990, 5, 17),
        tree.grassroots.id,
    )
    assert member.person_key == key_of(IdType.RESIDENT_ID, NUMBER)
    page = operator.get(answer.location).text
    assert NUMBER not in page and "新增" in page


def test_all_that_is_wrong_is_said_at_once_by_the_field(session, operator):
    wrong = TYPED | {
        "id_number": NUMBER[:-1] + ("0" if NUMBER[-1] != "0" else "1"),
        "phone": "12",
        "name": "",
    }
    answer = operator.post("/members/new", data=wrong)
    assert answer.status_code == 422
    for field in ("name", "id_number", "phone"):
        assert f'id="{field}-error"' in answer.text
    assert 'value="12"' in answer.text and session.scalars(select(Member)).all() == []


def test_one_person_is_one_member_and_another_unions_is_told_apart(session, tree, operator):
    operator.post("/members/new", data=TYPED)
    again = operator.post("/members/new", data=TYPED | {"phone": "13800000002"})
    assert again.status_code == 422 and "已是本工会会员" in again.text
    other = make_member(session, tree.sibling)
    moved = operator.post("/members/new", data=TYPED | {"id_number": other.id_number, "phone": "13800000003"})
    assert moved.status_code == 422 and tree.sibling.name not in moved.text


def test_a_phone_belongs_to_one_member(session, tree, operator):
    member = make_member(session, tree.sibling, phone="13812345678")
    answer = operator.post("/members/new", data=TYPED | {"phone": member.phone})
    assert answer.status_code == 422 and 'id="phone-error"' in answer.text


def test_an_edit_keeps_the_number_that_was_left_empty_and_is_logged(session, tree, operator):
    member = make_member(session, tree.grassroots, tag="旧")
    number = member.id_number
    answer = operator.post(
        f"/members/{member.id}/edit",
        data=TYPED | {"id_number": "", "phone": member.phone, "tag": "新", "sex": ""},
    )
    assert answer.status_code == 302, answer.text
    assert (member.tag, member.id_number, member.name) == ("新", number, "王芳")
    event = session.scalars(select(Event).where(Event.object_kind == EventObject.MEMBER)).one()
    assert event.action == "edit" and event.facts["fields"] == ["name", "tag"]


def test_a_foreign_member_can_not_be_edited(session, tree, operator):
    member = make_member(session, tree.sibling)
    assert operator.post(f"/members/{member.id}/edit", data=TYPED).status_code == 404


def test_the_list_finds_by_beginning_of_the_name_and_by_whole_number_only(session, tree, operator):
    member = make_member(session, tree.grassroots, name="欧阳建国")
    make_member(session, tree.sibling, name="欧阳建军")
    page = operator.get("/members/?name=欧阳").text
    assert "欧阳建国" in page and "欧阳建军" not in page
    assert "欧阳建国" in searched(operator, "/members/", id_number=member.id_number).text
    assert "欧阳建国" not in searched(operator, "/members/", id_number=member.id_number[:10]).text


def test_the_export_has_the_filters_people(session, tree, operator):
    make_member(session, tree.grassroots, name="欧阳建国")
    answer = operator.get("/members/export.xlsx?name=欧阳")
    assert answer.status_code == 200 and answer.data[:2] == b"PK"


def test_above_the_grassroots_level_a_member_stands_with_its_union(client, session, tree):
    make_member(session, tree.grassroots, name="周明")
    sign_in(client, make_account(session, tree.district, Role.DISTRICT_REVIEWER))
    assert tree.grassroots.name in client.get("/members/").text
