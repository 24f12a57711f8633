"""What a members' workbook does with people who are new, known, wrong, doubled, or somebody else's."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import Event, EventObject, Member
from app.queries.imports import first_errors
from app.rules.imports import ImportState
from app.rules.members import IdType, MembershipKind, Sex
from app.rules.violations import RuleViolation
from app.security.actor import Actor
from app.security.roles import Role
from tests.factories import Tree, actor_of_role, make_employer, make_member
from tests.factories.imports import bring_in, errors_of, member_of, passport, upload

pytestmark = pytest.mark.usefixtures("perform_jobs")


def test_the_preview_counts_before_anything_is_stored(session: Session, operator: Actor) -> None:
    run = upload(session, operator, [passport(1), passport(2, **{"手机号*": "1"})])
    assert (run.state, run.rows, run.valid, run.invalid, run.created) == (ImportState.READY, 2, 1, 1, 1)
    assert session.scalar(select(func.count()).select_from(Member)) == 0


def test_a_wrong_row_stays_out_whole_and_never_blocks_the_others(session: Session, operator: Actor) -> None:
    run = bring_in(session, operator, [passport(1), passport(2, 性别="无"), passport(3)])
    assert errors_of(session, run) == [(3, "性别", "word_unknown")]
    assert session.scalars(select(Member.id_number).order_by(Member.id)).all() == ["P0000001", "P0000003"]
    event = session.scalars(select(Event).where(Event.object_kind == EventObject.IMPORT)).one()
    assert (event.to_state, event.facts["created"], event.union_id) == ("done", 2, operator.union_id)


def test_members_get_numbers_of_ten_digits_in_the_order_of_their_rows(
    session: Session, operator: Actor
) -> None:
    bring_in(session, operator, [passport(n) for n in (5, 3, 9)])
    rows = session.execute(select(Member.member_no, Member.id_number).order_by(Member.member_no)).all()
    assert [number for _, number in rows] == ["P0000005", "P0000003", "P0000009"]
    assert all(len(member_no) == 10 and member_no.startswith("007") for member_no, _ in rows)


def test_the_same_person_again_updates_and_blank_cells_leave_the_old_value(
    session: Session, operator: Actor
) -> None:
    everything = {
        "性别": "女",
        "出生日期": "1990-01-05",
        "证件到期日": "长期",
        "会员标签": "新进职工",
        "备注": "甲",
    }
    bring_in(session, operator, [passport(1, **everything)])
    blank = dict.fromkeys(everything, "")
    again = bring_in(session, operator, [passport(1, **blank)])
    assert (again.created, again.updated, again.unchanged) == (0, 0, 1)
    changed = bring_in(
        session, operator, [passport(1, **blank | {"会员标签": "企业职工", "证件到期日": "2030/1/1"})]
    )
    assert (changed.created, changed.updated, changed.unchanged) == (0, 1, 0)
    member = member_of(session, "P0000001")
    assert (member.tag, member.remark, member.sex, member.birth_date) == (
        "企业职工",
        "甲",
        Sex.FEMALE,
        date(1990, 1, 5),
    )
    assert (member.id_never_expires, member.id_expires_on) == (False, date(2030, 1, 1))


def test_a_renewed_permit_is_the_same_person(session: Session, operator: Actor) -> None:
    permit = {"证件类型*": "港澳居民来往内地通行证"}
    bring_in(session, operator, [passport(1, **permit, **{"证件号码*": "H12345678"})])
    again = bring_in(session, operator, [passport(1, **permit, **{"证件号码*": "H1234567801"})])
    assert (again.created, again.updated) == (0, 1)


def test_rows_of_one_workbook_that_name_one_person_or_phone_are_all_told(
    session: Session, operator: Actor
) -> None:
    run = upload(
        session,
        operator,
        [
            passport(1),
            passport(2),
            passport(1),
            passport(3, **{"手机号*": passport(2)["手机号*"]}),
            passport(4),
        ],
    )
    assert errors_of(session, run) == [
        (2, "证件号码", "repeated_in_file"),
        (3, "手机号", "phone_repeated_in_file"),
        (4, "证件号码", "repeated_in_file"),
        (5, "手机号", "phone_repeated_in_file"),
    ]
    assert first_errors(session, run)[0].facts == {"rows": "2, 4"}


def test_the_phone_of_another_member_is_refused_whoever_has_it(
    session: Session, tree: Tree, operator: Actor
) -> None:
    other = make_member(session, tree.other_grassroots)
    run = upload(session, operator, [passport(1, **{"手机号*": other.phone})])
    assert errors_of(session, run) == [(2, "手机号", "phone_taken")]
    assert first_errors(session, run)[0].value == other.phone


@pytest.mark.parametrize(("role", "told"), [(Role.OPERATOR, ""), (Role.DISTRICT_REVIEWER, "（{name}）")])
def test_a_member_of_another_union_is_offered_a_transfer_and_that_union_named_only_to_who_may_see_it(
    session: Session, tree: Tree, role: Role, told: str
) -> None:
    member = make_member(session, tree.sibling, id_type=IdType.PASSPORT, id_number="P0000001")
    home = tree.grassroots if role is Role.OPERATOR else tree.district
    actor = actor_of_role(session, home, role)
    run = upload(session, actor, [passport(1, 工会编号=tree.grassroots.code)])
    assert errors_of(session, run) == [(2, "证件号码", "person_in_other_union")]
    assert first_errors(session, run)[0].facts == {"named": told.format(name=tree.sibling.name)}
    assert member.union_id == tree.sibling.id


def test_an_operator_imports_into_the_own_union_only(session: Session, tree: Tree, operator: Actor) -> None:
    run = bring_in(
        session,
        operator,
        [
            passport(1),
            passport(2, 工会编号=tree.grassroots.code),
            passport(3, 工会编号=tree.sibling.code),
            passport(4, 工会编号="810000000000000000"),
        ],
    )
    assert errors_of(session, run) == [(4, "工会编号", "union_unknown"), (5, "工会编号", "union_unknown")]
    placed = session.execute(select(Member.union_id, Member.second_id, Member.district_id).distinct()).all()
    assert placed == [(tree.grassroots.id, tree.second.id, tree.district.id)]


def test_above_the_grassroots_level_each_row_names_a_visible_grassroots_union(
    session: Session, tree: Tree
) -> None:
    reviewer = actor_of_role(session, tree.district, Role.DISTRICT_REVIEWER)
    refused = upload(session, reviewer, [passport(1)])
    assert (refused.state, refused.problem_code) == (ImportState.FAILED, "columns_missing")
    codes = [tree.straight.code, "", tree.other_grassroots.code, tree.second.code]
    run = upload(session, reviewer, [passport(n, 工会编号=code) for n, code in enumerate(codes)])
    assert errors_of(session, run) == [
        (3, "工会编号", "cell_required"),
        (4, "工会编号", "union_unknown"),
        (5, "工会编号", "union_not_grassroots"),
    ]


def test_the_employer_is_the_rows_or_the_one_chosen_with_the_upload(
    session: Session, tree: Tree, operator: Actor
) -> None:
    chosen, other = make_employer(session, tree.grassroots), make_employer(session, tree.grassroots)
    foreign = make_employer(session, tree.sibling)
    run = bring_in(
        session,
        operator,
        [
            passport(1),
            passport(2, 企业统一社会信用代码=other.code),
            passport(3, 企业统一社会信用代码=foreign.code),
        ],
        employer_code=chosen.code,
        member_kind=MembershipKind.EMPLOYED,
    )
    assert errors_of(session, run) == [(4, "企业统一社会信用代码", "employer_unknown")]
    assert member_of(session, "P0000001").employer_id == chosen.id
    assert member_of(session, "P0000002").employer_id == other.id
    with pytest.raises(RuleViolation) as caught:
        upload(session, operator, [passport(1)], employer_code=foreign.code)
    assert (caught.value.code, caught.value.field) == ("employer_code_unknown", "employer_code")


def test_a_class_that_does_not_fit_the_sex_on_record_is_refused(session: Session, operator: Actor) -> None:
    bring_in(session, operator, [passport(1, 性别="男"), passport(2)])
    run = upload(session, operator, [passport(1, 退休类别="女50"), passport(2, 退休类别="女50")])
    assert errors_of(session, run) == [(2, "退休类别", "class_disagrees_with_record")]
