"""会员信息 by form: the workbook's rules by the field, nothing typed lost, one person once."""

from __future__ import annotations

import re
from datetime import date

import pytest
from sqlalchemy import select

from app.models import Event, EventObject, Member, MemberTransfer
from app.rules.import_tables import TABLES
from app.rules.imports import ImportKind
from app.rules.member_entry import MemberEntry
from app.rules.members import IdType, Sex
from app.security.persons import key_of
from app.security.roles import Role
from app.services.members import edit_member
from tests.factories import (
    actor_of_role,
    at,
    make_account,
    make_employer,
    make_member,
    make_tree,
    resident_number,
    sign_in,
)
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


def test_whoever_types_in_a_person_of_another_union_asks_for_them_with_one_click(session, tree, operator):
    other = make_member(session, tree.sibling, name="王芳")
    typed = TYPED | {"id_number": other.id_number, "idempotency_key": "k" * 22}
    refused = operator.post("/members/new", data=typed)
    save, ask = (refused.text.find(button) for button in (">保存<", 'formaction="/transfers/ask"'))
    assert refused.status_code == 422 and 0 < save < ask, "Enter presses the first button of a form"
    asked = operator.post("/transfers/ask", data=typed)
    assert asked.location == "/transfers/review?list=sent"
    transfer = session.scalars(select(MemberTransfer)).one()
    assert (transfer.member_id, transfer.to_union_id, transfer.asked_name) == (
        other.id,
        tree.grassroots.id,
        "王芳",
    )
    assert 'formaction="/transfers/ask"' not in operator.get("/members/new").text


def test_what_the_workbook_requires_is_marked_on_the_form_too(session, tree, operator):
    required = {column.header for column in TABLES[ImportKind.MEMBERS].columns if column.required}
    starred = r'<label for="[a-z_]+">([^<]+)<span class="must"'
    assert set(re.findall(starred, operator.get("/members/new").text)) == required
    member = make_member(session, tree.grassroots)
    kept = operator.get(f"/members/{member.id}/edit").text
    assert set(re.findall(starred, kept)) == required - {"证件号码"}


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


def other_changes(session, member, actor, at, **cells):
    """Somebody else of the union changes the member meanwhile."""
    entry = MemberEntry(
        {"name": member.name, "id_type": "身份证", "phone": member.phone, "remark": member.remark} | cells
    )
    edit_member(session, actor, member_id=member.id, entry=entry, now=at)


def test_what_somebody_else_changed_meanwhile_is_told_and_nothing_typed_is_lost(session, tree, operator):
    member = make_member(session, tree.grassroots, name="王芳", remark="旧")
    other = actor_of_role(session, tree.grassroots, Role.OPERATOR)
    page = operator.get(f"/members/{member.id}/edit").text
    seen = page.split('name="seen"')[1].split('value="')[1].split('"')[0]
    other_changes(session, member, other, at("2026-11-20 10:32"), remark="他人所写")
    typed = TYPED | {"id_number": "", "phone": member.phone, "remark": "我写的", "seen": seen}
    refused = operator.post(f"/members/{member.id}/edit", data=typed)
    assert refused.status_code == 409
    for words in (other.name, "2026-11-20 10:32", "我写的", "已被改为：他人所写"):
        assert words in refused.text
    assert member.remark == "他人所写"
    again = refused.text.split('name="seen"')[1].split('value="')[1].split('"')[0]
    assert operator.post(f"/members/{member.id}/edit", data=typed | {"seen": again}).status_code == 302
    assert member.remark == "我写的"


def test_a_registrys_answer_meanwhile_is_no_conflict(session, tree, operator):
    member = make_member(session, tree.grassroots)
    seen = member.updated_at.isoformat()
    member.updated_at = at("2026-11-20 10:32")
    session.flush()
    typed = TYPED | {"id_number": "", "phone": member.phone, "seen": seen}
    assert operator.post(f"/members/{member.id}/edit", data=typed).status_code == 302


def test_the_same_form_sent_twice_makes_one_member_and_another_one_keeps_the_employer(
    session, tree, operator
):
    employer = make_employer(session, tree.grassroots)
    sent = TYPED | {"employer_id": str(employer.id), "idempotency_key": "k", "then": "another"}
    first, second = (operator.post("/members/new", data=sent) for _ in range(2))
    assert first.location == second.location and len(session.scalars(select(Member)).all()) == 1
    assert f'<option selected value="{employer.id}">' in operator.get(first.location).text


def test_a_wrong_check_character_passes_once_the_original_was_compared(session, operator):
    wrong = NUMBER[:-1] + ("0" if NUMBER[-1] != "0" else "1")
    refused = operator.post("/members/new", data=TYPED | {"id_number": wrong})
    assert refused.status_code == 422 and 'name="original_seen"' in refused.text
    taken = operator.post("/members/new", data=TYPED | {"id_number": wrong, "original_seen": "y"})
    assert taken.status_code == 302
    assert session.scalars(select(Member)).one().remark == "已核实原件"


def test_long_term_is_a_tick_or_the_word_and_never_both_with_a_date(session, operator):
    both = operator.post(
        "/members/new", data=TYPED | {"id_expires_on": "2036-01-01", "id_never_expires": "y"}
    )
    assert both.status_code == 422 and 'id="id_expires_on-error"' in both.text
    operator.post("/members/new", data=TYPED | {"id_never_expires": "y"})
    member = session.scalars(select(Member)).one()
    assert (member.id_never_expires, member.id_expires_on) == (True, None)
    assert (
        "checked" in operator.get(f"/members/{member.id}/edit").text.split('name="id_never_expires"')[0][-80:]
    )


def test_tags_are_normalised_and_the_unions_own_are_suggested(session, tree, operator):
    make_member(session, tree.grassroots, tag="劳模、党员")
    make_member(session, tree.sibling, tag="邻居的")
    page = operator.get("/members/new").text
    assert '<option value="劳模">' in page and '<option value="党员">' in page and "邻居的" not in page
    operator.post("/members/new", data=TYPED | {"tag": "退役军人，党员, 党员"})
    assert session.scalars(select(Member.tag).where(Member.name == "王芳")).one() == "退役军人、党员"


def test_the_list_is_narrowed_by_one_of_several_tags_by_kind_and_by_expiry(session, tree, operator):
    make_member(session, tree.grassroots, name="甲标签", tag="劳模、党员", id_expires_on=date(2020, 1, 1))
    make_member(
        session, tree.grassroots, name="乙标签", tag="党员干部", kind="flexible", id_never_expires=True
    )
    for query, shown in (
        ("tag=党员", "甲标签"),
        ("kind=flexible", "乙标签"),
        ("expiry=expired", "甲标签"),
        ("expiry=long_term", "乙标签"),
    ):
        page = operator.get(f"/members/?{query}").text
        assert [name for name in ("甲标签", "乙标签") if name in page] == [shown], query
