"""更正记录: what changed about a member, field by field, with its source; numbers masked."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from app.models import MemberCorrection
from app.queries.check import find_lies
from app.rules.corrections import CorrectionSource
from app.rules.imports import ImportKind
from app.rules.member_entry import MemberEntry
from app.rules.members import IdType, MembershipKind, RetirementClass, Sex
from app.services.corrections import Correction, record_corrections
from app.services.members import edit_member
from tests.factories import at, make_employer, make_member, resident_number
from tests.factories.imports import bring_in, passport

NOW = at("2024-11-20")
NUMBER = resident_number(date(1990, 5, 17), Sex.FEMALE, 40_000)
OTHER_NUMBER = resident_number(date(1991, 5, 17), Sex.FEMALE, 40_001)


def corrections(session):
    return session.scalars(select(MemberCorrection).order_by(MemberCorrection.id)).all()


def said(session):
    return [(each.field, each.before, each.after) for each in corrections(session)]


def entry(**changes):
    cells = {
        "name": "王芳",
        "id_type": "身份证",
        "id_number": NUMBER,
        "phone": "13800000001",
        "sex": "女",
        "birth_date": "1990-05-17",
    }
    employer_id = changes.pop("employer_id", None)
    return MemberEntry(cells | changes, kind=MembershipKind.EMPLOYED, employer_id=employer_id)


def member_as_entered(session, tree):
    return make_member(
        session,
        tree.grassroots,
        name="王芳",
        id_type=IdType.RESIDENT_ID,
        id_number=NUMBER,
        phone="13800000001",
        sex=Sex.FEMALE,
        birth_date=date(1990, 5, 17),
        retirement_class=None,
    )


def test_a_form_records_each_field_that_it_changed(session, tree, operator):
    member = member_as_entered(session, tree)
    employer = make_employer(session, tree.grassroots, name="甲公司")
    edit_member(
        session,
        operator,
        member_id=member.id,
        entry=entry(name="王方", retirement_class="女55", id_expires_on="长期", employer_id=employer.id),
        now=NOW,
    )
    assert sorted(said(session)) == [
        ("employer_id", "", "甲公司"),
        ("id_never_expires", "", "yes"),
        ("name", "王芳", "王方"),
        ("retirement_class", "", RetirementClass.F55.value),
    ]
    found = corrections(session)[0]
    assert (found.source, found.corrected_by, found.corrected_at, found.union_id) == (
        CorrectionSource.FORM,
        operator.account_id,
        NOW,
        tree.grassroots.id,
    )
    assert find_lies(session) == []


def test_numbers_stand_in_a_correction_masked(session, tree, operator):
    member = member_as_entered(session, tree)
    edit_member(
        session,
        operator,
        member_id=member.id,
        entry=entry(id_number=OTHER_NUMBER, birth_date="", phone="13900000002"),
        now=NOW,
    )
    written = str(said(session))
    for number in (NUMBER, OTHER_NUMBER, "13800000001", "13900000002"):
        assert number not in written
    assert ("phone", "138 **** 0001", "139 **** 0002") in said(session)


def test_an_edit_that_changes_nothing_corrects_nothing(session, tree, operator):
    member = member_as_entered(session, tree)
    edit_member(session, operator, member_id=member.id, entry=entry(), now=NOW)
    assert said(session) == []


def test_many_members_are_corrected_in_one_statement_in_their_own_scope(session, tree, operator):
    here, there = make_member(session, tree.grassroots), make_member(session, tree.straight)
    record_corrections(
        session,
        operator,
        [
            Correction(here.id, "tag", "", "车间"),
            Correction(there.id, "id_expires_on", None, date(2030, 1, 2)),
            Correction(there.id, "tag", "车间", "车间"),
        ],
        source=CorrectionSource.BATCH,
        now=NOW,
    )
    assert said(session) == [("tag", "", "车间"), ("id_expires_on", "", "2030-01-02")]
    assert [each.union_id for each in corrections(session)] == [tree.grassroots.id, tree.straight.id]


@pytest.mark.usefixtures("perform_jobs")
def test_an_import_records_what_its_rows_changed_and_which_run_it_was(session, tree, operator):
    employer = make_employer(session, tree.grassroots, name="甲公司")
    bring_in(
        session, operator, [passport(1, 证件到期日="2030-01-05", 会员标签="一"), passport(2), passport(3)]
    )
    assert said(session) == []
    run = bring_in(
        session,
        operator,
        [
            passport(1, 证件到期日="长期", 会员标签="二", 企业统一社会信用代码=employer.code),
            passport(2),
            passport(3, **{"手机号*": "13900000003"}),
            passport(4),
        ],
    )
    assert said(session) == [
        ("employer_id", "", "甲公司"),
        ("id_expires_on", "2030-01-05", ""),
        ("id_never_expires", "", "yes"),
        ("tag", "一", "二"),
        ("phone", "131 **** 0003", "139 **** 0003"),
    ]
    assert {(each.source, each.import_id, each.corrected_by) for each in corrections(session)} == {
        (CorrectionSource.IMPORT, run.id, operator.account_id)
    }


@pytest.mark.usefixtures("perform_jobs")
def test_the_registries_answers_are_corrections_too(session, tree, operator, municipal):
    bring_in(session, operator, [passport(1)])
    answer = {"证件类型": "护照", "证件号码*": "P0000001", "就业状态": "在职"}
    run = bring_in(session, municipal, [answer], ImportKind.SOCIAL_SECURITY)
    assert ("employment_status", "unknown", "employed") in said(session)
    assert {each.import_id for each in corrections(session)} == {run.id}
