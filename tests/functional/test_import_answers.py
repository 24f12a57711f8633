"""Unions, employers, and the answers of registries and bank."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Employer, Union
from app.rules.imports import ImportKind
from app.rules.members import CardStatus, EmploymentStatus, IdType, SocialCardStatus
from app.rules.organisation import UnionLevel
from app.security.actor import Actor
from tests.factories import Tree, make_employer, make_member, make_union
from tests.factories.imports import Row, bring_in, errors_of, upload
from tests.factories.workbooks import Value

pytestmark = pytest.mark.usefixtures("perform_jobs")


def union_row(code: str, parent: Union | str, **more: Value) -> Row:
    above = parent if isinstance(parent, str) else parent.code
    return {
        "工会编号": code,
        "工会名称": f"工会{code[-4:]}",
        "工会类型": "工会委员会",
        "工会层级": "基层",
        "上级工会编号": above,
    } | more


def test_unions_come_in_below_those_that_are_here(session: Session, tree: Tree, municipal: Actor) -> None:
    second, below, branch = "81310000900000001B", "81310000900000002A", "813100009000000036"
    codes = [checked(code) for code in (second, below, branch)]
    run = bring_in(
        session,
        municipal,
        [
            union_row(codes[2], codes[1], 工会类型="分工会/工会小组", 工会层级=""),
            union_row(codes[1], codes[0]),
            union_row(codes[0], tree.central_district, 工会类型="联合工会", 工会层级="二级"),
            union_row(checked("81310000900000004X"), "813100000000000000"),
        ],
        ImportKind.ORGANISATIONS,
    )
    assert errors_of(session, run) == [(5, "上级工会编号", "parent_missing")]
    made = {union.code: union for union in session.scalars(select(Union).where(Union.code.in_(codes)))}
    above = made[codes[0]]
    for code, level in zip(codes, (UnionLevel.SECOND, UnionLevel.GRASSROOTS, None), strict=True):
        union = made[code]
        assert (union.level, union.central_enterprise) == (level, True)
        assert (union.second_id, union.district_id) == (above.id, tree.central_district.id)


def checked(code: str) -> str:
    from app.rules.identity import organisation_check_character

    return code[:17] + organisation_check_character(code)


def test_employers_come_in_by_their_union_and_keep_it(session: Session, tree: Tree, municipal: Actor) -> None:
    known = make_employer(session, tree.grassroots, name="旧名")
    branch = make_union(session, None, tree.grassroots)
    new = checked("91310000900000001X")
    run = bring_in(
        session,
        municipal,
        [
            {"统一社会信用代码": new, "企业名称": "新企业", "所属工会编号": tree.grassroots.code},
            {"统一社会信用代码": known.code, "企业名称": "新名", "所属工会编号": tree.grassroots.code},
            {
                "统一社会信用代码": checked("91310000900000002X"),
                "企业名称": "甲",
                "所属工会编号": branch.code,
            },
            {"统一社会信用代码": checked("91310000900000003X"), "企业名称": "甲", "所属工会编号": "81"},
        ],
        ImportKind.EMPLOYERS,
    )
    assert (run.created, run.updated) == (1, 1)
    assert [code for _, _, code in errors_of(session, run)] == ["union_type_cannot_work", "union_unknown"]
    made = session.scalars(select(Employer).where(Employer.code == new)).one()
    assert (made.union_id, made.district_id) == (tree.grassroots.id, tree.district.id)
    assert known.name == "新名"
    moved = {"统一社会信用代码": new, "企业名称": "新企业", "所属工会编号": tree.sibling.code}
    assert errors_of(session, upload(session, municipal, [moved], ImportKind.EMPLOYERS)) == [
        (2, "统一社会信用代码", "employer_in_other_union")
    ]


def test_registry_answers_update_what_they_say_and_leave_the_rest(
    session: Session, tree: Tree, municipal: Actor
) -> None:
    member = make_member(session, tree.grassroots, social_card_status=SocialCardStatus.SEALED)
    answers: list[Row] = [
        {
            "证件号码": member.id_number.lower(),
            "就业状态": "死亡",
            "社保卡状态": "",
            "查询日期": date(2026, 11, 1),
        },
        {"证件号码": "11010519491231002X", "就业状态": "在职", "社保卡状态": "", "查询日期": ""},
    ]
    run = bring_in(session, municipal, answers, ImportKind.POPULATION)
    assert errors_of(session, run) == [(3, "证件号码", "person_unknown")]
    assert (run.updated, run.created) == (1, 0)
    assert member.employment_status is EmploymentStatus.DECEASED
    assert member.social_card_status is SocialCardStatus.SEALED
    assert member.status_checked_on == date(2026, 11, 1)


def test_a_number_that_two_people_have_needs_its_type(session: Session, tree: Tree, municipal: Actor) -> None:
    permit = make_member(session, tree.grassroots, id_type=IdType.TAIWAN_PERMIT, id_number="12345678")
    make_member(session, tree.sibling, id_type=IdType.PASSPORT, id_number="12345678")
    answer: Row = {"证件号码": "12345678", "就业状态": "退休"}
    run = upload(session, municipal, [answer], ImportKind.SOCIAL_SECURITY)
    assert errors_of(session, run) == [(2, "证件号码", "person_ambiguous")]
    bring_in(
        session, municipal, [answer | {"证件类型": "台湾居民来往大陆通行证"}], ImportKind.SOCIAL_SECURITY
    )
    assert permit.employment_status is EmploymentStatus.RETIRED


def test_bank_answers_issue_cards_or_say_why_not(session: Session, tree: Tree, municipal: Actor) -> None:
    issued, failed, has_one = (
        make_member(session, tree.grassroots, has_card=False),
        make_member(session, tree.grassroots, has_card=False),
        make_member(session, tree.grassroots),
    )
    card = "6231621234567890123"
    answers: list[Row] = [
        {"证件号码": issued.id_number, "结果": "成功", "卡号": card, "卡号生成日期": "2026-10-15"},
        {"证件号码": failed.id_number, "结果": "失败", "错误原因": "地址不详"},
        {"证件号码": has_one.id_number, "结果": "失败"},
    ]
    run = bring_in(session, municipal, answers, ImportKind.BANK)
    assert errors_of(session, run) == [(4, "结果", "card_issued_already")]
    assert (issued.card_status, issued.card_no, issued.card_issued_on) == (
        CardStatus.ISSUED,
        card,
        date(2026, 10, 15),
    )
    assert (failed.card_status, failed.card_problem) == (CardStatus.FAILED, "地址不详")
    taken: list[Row] = [{"证件号码": failed.id_number, "结果": "成功", "卡号": card}]
    assert errors_of(session, upload(session, municipal, taken, ImportKind.BANK)) == [
        (2, "卡号", "card_taken")
    ]
