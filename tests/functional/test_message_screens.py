"""The inbox on the screen: what calls from the bar, where a message leads, and what of it is marked."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from app.models import Account, EnrolmentBatch, Message
from app.queries.messages import muted_kinds
from app.rules.messages import MessageKind, Way
from app.rules.years import WindowName
from app.security.actor import actor_of
from app.security.roles import Role
from app.services.messages import tell_operators
from app.services.reminders import remind, tell_of_window
from tests.factories import Tree, at, make_member
from tests.factories.accounts import make_account, sign_in
from tests.factories.batches import REVIEWING, make_batch

K = MessageKind


@pytest.fixture
def account(session: Session, tree: Tree, client: FlaskClient) -> Account:
    made = make_account(session, tree.grassroots, Role.OPERATOR)
    sign_in(client, made)
    return made


@pytest.fixture
def batch(session: Session, tree: Tree) -> EnrolmentBatch:
    return make_batch(session, tree.grassroots)


def own(session: Session, account: Account) -> list[Message]:
    session.expire_all()
    wanted = select(Message).where(Message.account_id == account.id).order_by(Message.id)
    return list(session.scalars(wanted))


def called(page: str) -> str:
    """What the bar calls unread; empty for nothing."""
    found = re.search(r'class="bell[^>]*>.*?</a>', page, re.DOTALL)
    assert found is not None
    number = re.search(r"<b>([\d+]+)", found[0])
    return number[1] if number else ""


def test_the_bar_of_every_page_says_how_many_are_unread(
    session: Session, client: FlaskClient, account: Account, batch: EnrolmentBatch
) -> None:
    assert called(client.get("/").get_data(as_text=True)) == ""
    tell_operators(session, K.BATCH_RETURNED, [batch.id], REVIEWING)
    for page in ("/", "/members/", "/messages/"):
        assert called(client.get(page).get_data(as_text=True)) == "1"


def test_the_bar_stops_counting_at_99(
    session: Session, client: FlaskClient, account: Account, batch: EnrolmentBatch
) -> None:
    for minute in range(101):
        tell_operators(
            session, K.BATCH_APPROVED, [batch.id], at(f"2024-12-20 {10 + minute // 60}:{minute % 60:02d}")
        )
    assert called(client.get("/messages/").get_data(as_text=True)) == "99+"


def test_the_count_is_one_query_a_page(
    session: Session, client: FlaskClient, account: Account, batch: EnrolmentBatch
) -> None:
    asked: list[str] = []
    event.listen(session.connection(), "before_cursor_execute", lambda *call: asked.append(call[2]))
    client.get("/messages/settings")
    assert sum("message.read_at IS NULL" in statement for statement in asked) == 1


def test_opening_reads_the_message_and_leads_to_the_thing(
    session: Session, client: FlaskClient, account: Account, batch: EnrolmentBatch
) -> None:
    tell_operators(session, K.BATCH_RETURNED, [batch.id], REVIEWING)
    (message,) = own(session, account)
    answer = client.post(f"/messages/{message.id}/open")
    assert answer.status_code == 302
    assert client.get(answer.location).status_code == 200
    assert batch.number in client.get(answer.location).get_data(as_text=True)
    assert own(session, account)[0].read_at is not None


def test_looking_at_the_list_reads_nothing(
    session: Session, client: FlaskClient, account: Account, batch: EnrolmentBatch
) -> None:
    tell_operators(session, K.BATCH_RETURNED, [batch.id], REVIEWING)
    client.get("/messages/")
    assert own(session, account)[0].read_at is None


def test_each_line_of_a_reminder_leads_to_its_own_work(
    session: Session, client: FlaskClient, account: Account, tree: Tree
) -> None:
    make_member(session, tree.grassroots)
    remind(session, at("2024-12-22 08:00"))
    (message,) = own(session, account)
    page = client.get("/messages/").get_data(as_text=True)
    assert "距提交截止还有 3 天" in page
    answer = client.post(f"/messages/{message.id}/open", data={"line": "0"})
    assert client.get(answer.location).status_code == 200
    for wrong in ("9", "-1", "x"):
        assert client.post(f"/messages/{message.id}/open", data={"line": wrong}).status_code == 302


def test_filters_narrow_to_what_is_unread_to_do_or_of_a_kind(
    session: Session, client: FlaskClient, account: Account, batch: EnrolmentBatch
) -> None:
    tell_operators(session, K.BATCH_RETURNED, [batch.id], REVIEWING)
    tell_operators(session, K.BATCH_APPROVED, [batch.id], REVIEWING)
    returned, approved = own(session, account)
    client.post("/messages/mark", data={"mark": f"done:{returned.id}"})

    def listed(query: str) -> set[int]:
        page = client.get(f"/messages/?{query}").get_data(as_text=True)
        return {int(number) for number in re.findall(r'name="ids" value="(\d+)"', page)}

    assert listed("") == {returned.id, approved.id}
    assert listed("list=unread") == {approved.id}
    assert listed("list=todo") == set()
    assert listed("kind=batch_returned") == {returned.id}
    assert listed("kind=nothing&list=nothing") == {returned.id, approved.id}


def test_done_is_taken_back_by_the_button_that_follows(
    session: Session, client: FlaskClient, account: Account, batch: EnrolmentBatch
) -> None:
    tell_operators(session, K.BATCH_RETURNED, [batch.id], REVIEWING)
    (message,) = own(session, account)
    answer = client.post("/messages/mark", data={"mark": "done", "ids": [message.id]})
    page = client.get(answer.location).get_data(as_text=True)
    undo = re.search(r'name="undo" value="([^"]+)"', page)
    assert undo is not None
    assert own(session, account)[0].done_at is not None

    client.post("/messages/undo", data={"undo": undo[1]})
    assert own(session, account)[0].done_at is None


@pytest.mark.parametrize(
    "wrong", ["", "read", "read:yesterday", "read:2024-12-20T10:00:00", "unread:2024-12-20T10:00:00+08:00"]
)
def test_what_cannot_be_taken_back_is_said(client: FlaskClient, account: Account, wrong: str) -> None:
    assert client.post("/messages/undo", data={"undo": wrong}).status_code == 400


def test_nothing_ticked_is_said_on_the_list(client: FlaskClient, account: Account) -> None:
    answer = client.post("/messages/mark", data={"mark": "read"})
    assert answer.status_code == 422
    assert "请先勾选至少一条消息" in answer.get_data(as_text=True)


def test_a_message_of_somebody_else_is_not_there(
    session: Session, client: FlaskClient, tree: Tree, account: Account, batch: EnrolmentBatch
) -> None:
    tell_operators(session, K.BATCH_RETURNED, [batch.id], REVIEWING)
    (message,) = own(session, account)
    for role, union in ((Role.MUNICIPAL_ADMIN, tree.city), (Role.OPERATOR, tree.grassroots)):
        sign_in(client, make_account(session, union, role))
        assert client.post(f"/messages/{message.id}/open").status_code == 404
        assert client.post("/messages/mark", data={"mark": f"read:{message.id}"}).status_code == 404
    assert own(session, account)[0].read_at is None


def test_unticked_kinds_come_quietly_and_deadlines_stay(
    session: Session, client: FlaskClient, account: Account
) -> None:
    answer = client.post("/messages/settings", data={"inbox": ["batch_returned"], "mail": ["reminder"]})
    assert answer.status_code == 302
    session.expire_all()
    actor = actor_of(session.get_one(Account, account.id))
    assert K.BATCH_RETURNED not in muted_kinds(session, actor, Way.INBOX)
    assert K.REMINDER not in muted_kinds(session, actor, Way.INBOX) | muted_kinds(session, actor, Way.MAIL)
    assert K.BATCH_APPROVED in muted_kinds(session, actor, Way.INBOX)
    page = client.get("/messages/settings").get_data(as_text=True)
    assert len(re.findall(r'name="inbox" value="\w+" checked', page)) == 1


@pytest.mark.parametrize("window", list(WindowName))
def test_every_window_that_opens_leads_somewhere(
    session: Session, client: FlaskClient, tree: Tree, window: WindowName
) -> None:
    accounts = [
        make_account(session, tree.grassroots, Role.OPERATOR),
        make_account(session, tree.district, Role.DISTRICT_REVIEWER),
    ]
    tell_of_window(session, 2025, window, opened=True, now=REVIEWING)
    told = [(one, message) for one in accounts for message in own(session, one)]
    assert told
    for one, message in told:
        sign_in(client, one)
        answer = client.post(f"/messages/{message.id}/open")
        assert client.get(answer.location).status_code == 200
