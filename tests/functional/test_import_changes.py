"""What an import would change, told column by column before it does."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.jobs import perform_pending
from app.models import ImportRow, ImportRun
from app.rules.imports import ImportKind
from app.rules.members import IdType, MembershipKind
from app.security.actor import Actor
from app.services.imports import commit_import
from tests.factories import Tree, make_employer, make_member
from tests.factories.imports import NOW, bring_in, passport, sheet_of, upload

pytestmark = pytest.mark.usefixtures("perform_jobs")


def changes_of(session: Session, run: ImportRun) -> list[tuple[int, str | None, dict[str, Any] | None]]:
    found = session.execute(
        select(ImportRow.row, ImportRow.outcome, ImportRow.changes)
        .where(ImportRow.import_id == run.id)
        .order_by(ImportRow.row)
        .execution_options(populate_existing=True)
    )
    return [(row.row, row.outcome, row.changes) for row in found]


def test_a_row_that_updates_tells_old_and_new_of_just_what_it_changes(
    session: Session, operator: Actor, tree: Tree
) -> None:
    employer = make_employer(session, tree.grassroots)
    bring_in(
        session, operator, [passport(1, 证件到期日="2030-01-05", 会员标签="一"), passport(2), passport(3)]
    )
    again = upload(
        session,
        operator,
        [
            passport(1, 证件到期日="长期", 会员标签="", 企业统一社会信用代码=employer.code),
            passport(2),
            passport(3, **{"手机号*": "13900000003", "出生日期": date(1990, 1, 5)}),
            passport(4),
        ],
    )
    assert changes_of(session, again) == [
        (
            2,
            "updated",
            {
                "id_expires_on": ["2030-01-05", None],
                "id_never_expires": [False, True],
                "employer_id": [None, employer.id],
            },
        ),
        (3, "unchanged", None),
        (4, "updated", {"phone": ["13100000003", "13900000003"], "birth_date": [None, "1990-01-05"]}),
        (5, "created", None),
    ]


def test_the_members_kind_chosen_at_the_upload_is_a_change_too(session: Session, operator: Actor) -> None:
    bring_in(session, operator, [passport(1)])
    again = upload(session, operator, [passport(1)], member_kind=MembershipKind.EXTERNAL)
    assert changes_of(session, again) == [(2, "updated", {"kind": ["employed", "external"]})]


def test_of_a_document_number_it_is_only_told_that_it_changes(
    session: Session, operator: Actor, tree: Tree
) -> None:
    member = make_member(
        session,
        tree.grassroots,
        name="陈大文",
        id_type=IdType.HONG_KONG_MACAO_PERMIT,
        id_number="H1234567801",
    )
    renewed = {
        "姓名*": member.name,
        "证件类型*": "港澳居民来往内地通行证",
        "证件号码*": "H1234567802",
        "手机号*": member.phone,
    }
    [(_, outcome, changes)] = changes_of(session, upload(session, operator, [renewed]))
    assert (outcome, changes) == ("updated", {"id_number": ["****", "****"]})


def test_what_was_told_is_what_happened_even_if_somebody_was_faster(
    session: Session, operator: Actor
) -> None:
    bring_in(session, operator, [passport(1), passport(2)])
    moved = [passport(1, 会员标签="新"), passport(2, 会员标签="新")]
    slow = upload(session, operator, moved)
    bring_in(session, operator, moved[:1])
    commit_import(session, operator, slow.id, NOW)
    perform_pending(session)
    assert changes_of(session, slow) == [(2, "unchanged", None), (3, "updated", {"tag": ["", "新"]})]


def test_every_kind_of_workbook_tells_its_changes(session: Session, municipal: Actor, tree: Tree) -> None:
    member = make_member(
        session, tree.grassroots, id_type=IdType.PASSPORT, id_number="P0000009", has_card=False
    )
    employer = make_employer(session, tree.grassroots, name="旧名")
    told = {
        ImportKind.EMPLOYERS: (
            [
                {
                    "统一社会信用代码*": employer.code,
                    "企业名称*": "新名",
                    "所属工会编号*": tree.grassroots.code,
                }
            ],
            {"name": ["旧名", "新名"]},
        ),
        ImportKind.POPULATION: (
            [{"证件号码*": "P0000009", "就业状态": "退休", "查询日期": "2026-11-01"}],
            {
                "employment_status": [member.employment_status.value, "retired"],
                "status_checked_on": [None, "2026-11-01"],
            },
        ),
        ImportKind.BANK: (
            [{"证件号码*": "P0000009", "结果*": "失败", "错误原因": "姓名不符"}],
            {"card_status": ["none", "failed"], "card_problem": ["", "姓名不符"]},
        ),
    }
    for kind, (rows, expected) in told.items():
        run = upload(session, municipal, sheet_of(rows), kind)
        assert changes_of(session, run) == [(2, "updated", expected)], kind
