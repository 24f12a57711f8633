"""批量转移 and 会员转出审核 in the browser: choose, send, ask, decide, and refusals that lose nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Account, Member, MemberTransfer
from app.rules.imports import ImportKind
from app.rules.transfers import Direction, TransferState
from app.security.actor import actor_of
from app.security.roles import Role
from app.services.transfers import Wanted, send_members
from tests.factories import Tree, at, make_account, make_member, make_members, sign_in
from tests.factories.batches import make_batch
from tests.factories.imports import passport, upload

NOW = at("2024-12-05 10:00")


@pytest.fixture(autouse=True)
def _in_december() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def account(session: Session, tree: Tree, place: str, role: Role = Role.OPERATOR) -> Account:
    made = make_account(session, getattr(tree, place), role)
    session.refresh(made, ["union"])
    return made


@pytest.fixture
def sender(session: Session, tree: Tree) -> Account:
    return account(session, tree, "grassroots")


@pytest.fixture
def receiver(session: Session, tree: Tree) -> Account:
    return account(session, tree, "other_grassroots")


def transfers(session: Session) -> list[MemberTransfer]:
    session.expire_all()
    return list(session.scalars(select(MemberTransfer).order_by(MemberTransfer.id)))


def offered(
    session: Session, tree: Tree, sender: Account, *members: Member, now: datetime = NOW
) -> list[int]:
    wanted = [Wanted(member.id, tree.other_grassroots.id) for member in members]
    return send_members(session, actor_of(sender), wanted=wanted, now=now).transfers


def test_the_receiving_union_is_named_and_found_before_anything_is_sent(session, client, tree, sender):
    make_members(session, tree.grassroots, 2)
    sign_in(client, sender)
    page = client.get("/transfers/").text
    assert "请先填写转入工会" in page and "发起转出</button>" not in page
    for named in (tree.other_grassroots.code, tree.other_grassroots.name):
        page = client.get("/transfers/", query_string={"to": named}).text
        assert tree.other_grassroots.name in page and "发起转出</button>" in page
    page = client.get("/transfers/", query_string={"to": "海城瑞丰"}).text
    assert "没有工会使用这个编号或全称" in page and tree.other_grassroots.name not in page


def test_ticked_members_are_offered_once_however_often_the_form_comes(session, client, tree, sender):
    members = make_members(session, tree.grassroots, 3)
    sign_in(client, sender)
    form = {
        "to": tree.other_grassroots.code,
        "note": "随部门调出",
        "picked": str(members[0].id),
        "member_ids": [str(members[1].id)],
        "idempotency_key": "once",
    }
    for _ in range(2):
        answer = client.post("/transfers/", data=form)
        assert answer.status_code == 302 and "list=sent" in answer.location
    made = transfers(session)
    assert {t.member_id for t in made} == {members[0].id, members[1].id}
    assert {t.note for t in made} == {"随部门调出"}
    assert "已发起转出 2 名会员" in client.get("/transfers/review?list=sent").text


def test_everyone_but_the_unticked_is_meant_by_all(session, client, tree, sender):
    members = make_members(session, tree.grassroots, 4)
    offered(session, tree, sender, members[0])
    sign_in(client, sender)
    assert "可转移的 3 名会员" in client.get("/transfers/").text
    form = {"to": tree.sibling.code, "everyone": "1", "picked": str(members[1].id)}
    client.post("/transfers/", data=form)
    assert {t.member_id for t in transfers(session)[1:]} == {members[2].id, members[3].id}


def test_a_refused_sending_keeps_ticks_union_and_note(session, client, tree, sender):
    members = make_members(session, tree.grassroots, 2)
    offered(session, tree, sender, members[0])
    sign_in(client, sender)
    form = {"to": tree.other_grassroots.code, "picked": str(members[0].id), "note": "请尽快"}
    answer = client.post("/transfers/", data=form)
    assert answer.status_code == 409
    assert (
        "正在待审核" in answer.text and "请尽快" in answer.text and tree.other_grassroots.name in answer.text
    )
    answer = client.post("/transfers/", data=form | {"note": "长" * 201, "picked": str(members[1].id)})
    assert answer.status_code == 422 and 'id="note-error"' in answer.text
    answer = client.post("/transfers/", data=form | {"picked": ""})
    assert answer.status_code == 422


def test_a_reviewer_moves_members_of_one_union_and_sees_who_must_stay(session, client, tree):
    make_batch(session, tree.grassroots, 2)
    free = make_member(session, tree.grassroots, name="能走的人", has_card=False)
    sign_in(client, account(session, tree, "district", Role.DISTRICT_REVIEWER))
    page = client.get("/transfers/", query_string={"sender": tree.grassroots.code}).text
    assert page.count("参保批次未办结") == 2 and "可转移的 1 名会员" in page
    answer = client.post(
        "/transfers/",
        query_string={"sender": tree.grassroots.code},
        data={"to": tree.straight.code, "everyone": "1"},
    )
    assert answer.status_code == 302 and "list=done" in answer.location
    session.refresh(free)
    assert free.union_id == tree.straight.id
    assert "上级工会调转" in client.get("/transfers/review?list=done").text
    page = client.get("/transfers/", query_string={"to": tree.other_grassroots.code}).text
    assert tree.other_grassroots.name not in page


def test_the_receiver_agrees_to_some_and_refuses_others_with_a_reason(
    session, client, tree, sender, receiver
):
    members = [make_member(session, tree.grassroots, name=name) for name in ("甲一", "乙二", "丙三")]
    ids = offered(session, tree, sender, *members)
    sign_in(client, receiver)
    page = client.get("/transfers/review").text
    assert "待我审核 (3)" in page and tree.grassroots.name in page
    assert "待审核的会员转移" in client.get("/").text

    client.post("/transfers/accept", data={"ids": ids[:2]})
    answer = client.post("/transfers/refuse", data={"ids": ids[2:]})
    assert answer.status_code == 422 and "请从列表中选择原因" in answer.text and "data-open" in answer.text
    client.post("/transfers/refuse", data={"ids": ids[2:], "reason_code": "other", "text": "查无此人"})

    assert [t.state for t in transfers(session)] == [TransferState.ACCEPTED] * 2 + [TransferState.REFUSED]
    sign_in(client, sender)
    page = client.get("/transfers/review?list=done").text
    assert "不同意" in page and "查无此人" in page
    assert "丙三" not in client.get("/transfers/review?list=done&state=accepted").text


def test_who_is_left_out_of_an_agreement_is_named_with_the_reason(session, client, tree, sender, receiver):
    free = make_member(session, tree.grassroots, name="能走的人", has_card=False)
    make_batch(session, tree.grassroots, 1, name="批次中人")
    held = session.scalars(select(Member).where(Member.name == "批次中人")).one()
    ids = offered(session, tree, sender, free, held)
    sign_in(client, receiver)
    answer = client.post("/transfers/accept", data={"ids": ids}, follow_redirects=True)
    assert "已转移 1 名会员" in answer.text and "未办理：批次中人" in answer.text
    assert client.post("/transfers/accept", data={"ids": ids[1:]}).status_code == 409


def test_asking_shows_what_was_typed_and_the_other_union_sees_both_names(
    session, client, tree, sender, receiver
):
    member = make_member(session, tree.grassroots, name="王小红")
    sign_in(client, receiver)
    form = {
        "name": "王晓红",
        "id_type": "resident_id",
        "id_number": member.id_number,
        "note": "已到本单位",
        "idempotency_key": "ask",
    }
    assert client.post("/transfers/ask", data=form).status_code == 302
    assert client.post("/transfers/ask", data=form).status_code == 302
    assert len(transfers(session)) == 1
    page = client.get("/transfers/review?list=sent").text
    assert "王晓红" in page and "王小红" not in page and tree.grassroots.name not in page
    assert "王晓红" not in client.get("/transfers/review?list=sent&name=王小").text
    sign_in(client, sender)
    page = client.get("/transfers/review").text
    assert "王小红" in page and "对方填写：王晓红" in page


def test_a_refused_ask_keeps_what_was_typed_by_its_field(session, client, tree, receiver):
    sign_in(client, receiver)
    form = {"name": "王一", "id_type": "resident_id", "id_number": "123", "note": "已到本单位"}
    answer = client.post("/transfers/ask", data=form)
    assert answer.status_code == 422 and 'id="id_number-error"' in answer.text and "已到本单位" in answer.text
    answer = client.post("/transfers/ask", data=form | {"id_type": "passport", "id_number": "E1234567"})
    assert answer.status_code == 422 and "可以直接新增会员" in answer.text


@pytest.mark.usefixtures("perform_jobs")
def test_a_row_of_an_import_fills_the_ask_for_who_uploaded_it(session, client, tree, receiver):
    row = passport(7)
    make_member(session, tree.grassroots, id_type="passport", id_number="P0000007", sex=None)
    run = upload(session, actor_of(receiver), [row, passport(8)], ImportKind.MEMBERS)
    sign_in(client, receiver)
    page = client.get(f"/transfers/ask?import_id={run.id}&row=2").text
    assert "P0000007" in page and str(row["姓名*"]) in page
    assert client.get(f"/transfers/ask?import_id={run.id}&row=3").status_code == 404
    sign_in(client, account(session, tree, "other_district", Role.DISTRICT_REVIEWER))
    page = client.get(f"/transfers/ask?import_id={run.id}&row=2").text
    assert str(row["姓名*"]) in page and "P0000007" not in page
    sign_in(client, account(session, tree, "grassroots"))
    assert client.get(f"/transfers/ask?import_id={run.id}&row=2").status_code == 404


def test_the_sender_withdraws_what_nobody_has_decided(session, client, tree, sender, receiver):
    (transfer_id,) = offered(session, tree, sender, make_member(session, tree.grassroots))
    sign_in(client, sender)
    assert client.post("/transfers/withdraw", data={"ids": [transfer_id]}).status_code == 302
    assert transfers(session)[0].state is TransferState.WITHDRAWN
    sign_in(client, receiver)
    answer = client.post("/transfers/accept", data={"ids": [transfer_id]})
    assert answer.status_code == 409 and "对方已于" in answer.text


def test_days_of_waiting_are_counted_and_old_ones_stand_first(session, client, tree, sender, receiver):
    first, second = make_members(session, tree.grassroots, 2)
    offered(session, tree, sender, first)
    today = at("2024-12-15 23:00")
    offered(session, tree, sender, second, now=today)
    with time_machine.travel(today, tick=False):
        sign_in(client, receiver)
        page = client.get("/transfers/review").text
    assert page.index("10 天") < page.index("今天起")


def test_an_offer_to_the_asker_says_so(session, client, tree, sender, receiver):
    member = make_member(session, tree.grassroots, name="王一")
    offered(session, tree, sender, member)
    sign_in(client, receiver)
    form = {"name": "王一", "id_type": "resident_id", "id_number": member.id_number}
    answer = client.post("/transfers/ask", data=form)
    assert answer.status_code == 409 and "会员转出审核" in answer.text
    assert [t.direction for t in transfers(session)] == [Direction.OFFER]


def test_a_superior_asks_for_one_of_its_unions(session, client, tree):
    member = make_member(session, tree.grassroots, name="王一")
    reviewer = account(session, tree, "other_district", Role.DISTRICT_REVIEWER)
    sign_in(client, reviewer)
    form = {"name": "王一", "id_type": "resident_id", "id_number": member.id_number}
    assert client.post("/transfers/ask", data=form).status_code == 422
    assert client.post("/transfers/ask", data=form | {"to": tree.sibling.code}).status_code == 422
    assert client.post("/transfers/ask", data=form | {"to": tree.other_grassroots.code}).status_code == 302
    (made,) = transfers(session)
    assert (made.direction, made.to_union_id) == (Direction.ASK, tree.other_grassroots.id)


def test_a_search_by_document_number_stays_out_of_the_address(session, client, tree, sender):
    sought, other = make_members(session, tree.grassroots, 2)
    sign_in(client, sender)
    form = {"page": "/transfers/", "id_number": sought.id_number, "to": tree.sibling.code}
    answer = client.post("/search/", data=form)
    assert sought.id_number not in answer.location
    page = client.get(answer.location).text
    assert sought.member_no in page and other.member_no not in page and tree.sibling.name in page
