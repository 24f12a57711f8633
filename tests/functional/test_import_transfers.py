"""批量转移 by workbook: offers of an operator, moves of a union above, and every way a row can be wrong."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import Member, MemberTransfer
from app.queries.check import find_lies
from app.rules.enrolment import BatchStatus
from app.rules.imports import ImportKind
from app.rules.members import ID_TYPE_WORDS
from app.rules.transfers import Direction, TransferState
from app.services.imports import commit_import
from app.services.transfers import Wanted, send_members
from tests.databases import statements
from tests.factories import Tree, make_member, make_members
from tests.factories.batches import batch_in
from tests.factories.imports import NOW, Row, bring_in, errors_of, upload

WORD = {value: word for word, value in ID_TYPE_WORDS.items()}
TRANSFERS = ImportKind.TRANSFERS

pytestmark = pytest.mark.usefixtures("perform_jobs")


def row(member: Member, code: str, **more: str) -> Row:
    return {"证件号码*": member.id_number, "姓名": member.name, "转入工会编号*": code, "备注": ""} | more


def transfers(session: Session) -> list[MemberTransfer]:
    return list(session.scalars(select(MemberTransfer).order_by(MemberTransfer.id)))


@pytest.fixture
def people(session: Session, tree: Tree) -> list[Member]:
    return [make_member(session, tree.grassroots, name=name) for name in ("赵一", "钱二", "孙三")]


def test_an_operators_workbook_makes_offers_and_again_changes_nothing(session, tree, operator, people):
    rows = [row(each, tree.other_grassroots.code, 备注="随部门调出") for each in people]
    run = bring_in(session, operator, rows, TRANSFERS)
    assert (run.created, run.updated, run.unchanged, run.invalid) == (3, 0, 0, 0)
    made = transfers(session)
    assert {(t.direction, t.state, t.note) for t in made} == {
        (Direction.OFFER, TransferState.WAITING, "随部门调出")
    }
    assert {each.union_id for each in people} == {tree.grassroots.id}
    again = bring_in(session, operator, rows, TRANSFERS)
    assert (again.created, again.unchanged, again.invalid) == (0, 3, 0)
    assert len(transfers(session)) == 3
    assert find_lies(session) == []


def test_another_remark_changes_the_waiting_offer(session, tree, operator, people):
    bring_in(session, operator, [row(people[0], tree.other_grassroots.code)], TRANSFERS)
    run = bring_in(session, operator, [row(people[0], tree.other_grassroots.code, 备注="请尽快")], TRANSFERS)
    assert (run.updated, [t.note for t in transfers(session)]) == (1, ["请尽快"])


def test_a_workbook_from_above_moves_at_once_and_again_changes_nothing(session, tree, reviewer, people):
    rows = [row(each, tree.straight.code) for each in people]
    run = bring_in(session, reviewer, rows, TRANSFERS)
    assert run.created == 3
    assert {each.union_id for each in people} == {tree.straight.id}
    again = bring_in(session, reviewer, rows, TRANSFERS)
    assert (again.created, again.unchanged, again.invalid) == (0, 3, 0)
    assert find_lies(session) == []


def test_each_wrong_row_is_named_with_its_column(session, tree, operator, people):
    stranger, waiting = make_member(session, tree.sibling, name="李四"), people[2]
    send_members(session, operator, wanted=[Wanted(waiting.id, tree.sibling.id)], now=NOW)
    run = upload(
        session,
        operator,
        [
            row(stranger, tree.other_grassroots.code),
            row(people[0], tree.other_grassroots.code, 姓名="赵二"),
            row(people[1], tree.other_district.code),
            row(waiting, tree.other_grassroots.code),
        ],
        TRANSFERS,
    )
    assert errors_of(session, run) == [
        (2, "证件号码", "person_unknown"),
        (3, "姓名", "name_disagrees"),
        (4, "转入工会编号", "union_not_grassroots"),
        (5, "证件号码", "transfer_waiting"),
    ]
    run = upload(
        session,
        operator,
        [
            row(people[0], tree.grassroots.code),
            row(people[1], "810000000000000000"),
            row(people[1], tree.sibling.code),
        ],
        TRANSFERS,
    )
    assert errors_of(session, run) == [
        (2, "转入工会编号", "transfer_to_own_union"),
        (3, "证件号码", "repeated_in_file"),
        (3, "转入工会编号", "receiving_union_unknown"),
        (4, "证件号码", "repeated_in_file"),
    ]


def test_from_above_who_is_in_an_open_batch_stays_and_so_does_who_would_leave_ones_part(
    session, tree, reviewer, people
):
    batch_in(session, tree, BatchStatus.SUBMITTED)
    submitted = session.scalars(
        select(Member).where(Member.union_id == tree.grassroots.id).order_by(Member.id.desc())
    ).first()
    free = make_member(session, tree.sibling)
    run = upload(
        session,
        reviewer,
        [row(submitted, tree.straight.code, 姓名=""), row(free, tree.other_grassroots.code, 姓名="")],
        TRANSFERS,
    )
    assert errors_of(session, run) == [
        (2, "证件号码", "transfer_while_submitted"),
        (3, "转入工会编号", "receiving_union_unknown"),
    ]


def test_what_changed_between_preview_and_commit_is_judged_again(
    session, tree, operator, people, perform_jobs
):
    run = upload(session, operator, [row(each, tree.other_grassroots.code) for each in people], TRANSFERS)
    send_members(session, operator, wanted=[Wanted(people[0].id, tree.sibling.id)], now=NOW)
    commit_import(session, operator, run.id, NOW)
    perform_jobs()
    assert (run.created, run.invalid) == (2, 1)
    assert errors_of(session, run) == [(2, "证件号码", "transfer_waiting")]


def test_any_number_of_members_is_moved_by_the_same_number_of_statements(session, tree, reviewer):
    counted, there = [], tree.straight.id
    for people in (2, 40):
        wanted = [Wanted(each.id, there) for each in make_members(session, tree.grassroots, people)]
        with statements(session) as sent:
            send_members(session, reviewer, wanted=wanted, now=NOW)
        counted.append(len(sent))
    assert counted[0] == counted[1]
    moved = select(func.count()).select_from(Member).where(Member.union_id == there)
    assert session.scalar(moved) == 42
