"""An invitation by e-mail: one link, one use, one role; the address is the login name for good."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
import time_machine
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as MessageHandler
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.clock import now
from app.gateways.mail import FileMail
from app.letters import mail_gateway
from app.models import Account, Event, Invitation, Mail, RoleHolding
from app.rules.accounts import INVITATION_LASTS
from app.rules.violations import RuleViolation
from app.security.passwords import password_fits
from app.security.roles import Role
from app.services.accounts import reset_password, set_active
from app.services.invitations import invite, invite_again, register, withdraw_invitation
from tests.factories import Tree, actor_of_role, make_account, make_tree, sign_in

EMAIL = "li.na@union.example.org"
FORM = {"name": "李娜", "phone": "13800001111", "password": "Fresh-Start-26", "again": "Fresh-Start-26"}
DETAILS = {"name": "李娜", "phone": "13800001111", "password": "Fresh-Start-26"}


@pytest.fixture
def tree(session: Session) -> Tree:
    return make_tree(session)


@pytest.fixture
def outbox(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where letters become files for this test."""
    monkeypatch.setitem(app.config, "SETTINGS", replace(app.config["SETTINGS"], data_dir=tmp_path))
    return tmp_path / "mail"


def invited(session: Session, tree: Tree, **changes: Any) -> Invitation:
    by = changes.pop("by", None) or actor_of_role(session, tree.district, Role.DISTRICT_REVIEWER)
    wanted = {"email": EMAIL, "role": Role.OPERATOR, "union_code": tree.grassroots.code, "now": now()}
    return invite(session, by, **wanted | changes)


def link_in(folder: Path) -> str:
    """The token in the newest letter."""
    letter = next(FileMail(folder, "canbao@localhost").letters())
    found = re.search(r"/register/\?t=(\S+)", letter.text)
    assert found is not None
    return found.group(1)


def test_who_is_invited_registers_by_the_link_and_signs_in_with_the_e_mail(
    client: FlaskClient, session: Session, tree: Tree, outbox: Path, perform_jobs: Callable[[], int]
) -> None:
    invited(session, tree)
    assert perform_jobs() == 1
    token = link_in(outbox)
    page = client.get(f"/register/?t={token}").text
    assert EMAIL in page and tree.grassroots.name in page
    assert 'autocomplete="new-password"' in page
    assert client.post("/register/", data=FORM | {"t": token}).location == "/login/"
    account = session.scalars(select(Account).where(Account.username == EMAIL)).one()
    assert (account.email, account.first_name, account.phone) == (EMAIL, "李娜", "13800001111")
    assert [role.name for role in account.roles] == ["operator"]
    assert client.get(f"/register/?t={token}").status_code == 404
    assert client.post("/register/", data=FORM | {"t": token}).status_code == 404
    answer = client.post("/login/", data={"username": EMAIL, "password": FORM["password"]})
    assert answer.status_code == 302
    event = session.scalars(select(Event).where(Event.object_id == account.id)).one()
    assert (event.action, event.facts["role"]) == ("register", "operator")


def test_the_link_stands_nowhere_in_the_database(
    session: Session, tree: Tree, outbox: Path, perform_jobs: Callable[[], int]
) -> None:
    invited(session, tree)
    jobs = session.scalars(text("SELECT args::text FROM procrastinate_jobs")).all()
    perform_jobs()
    token = link_in(outbox)
    stored = session.scalars(text("SELECT invitation::text FROM invitation")).all()
    stored += session.scalars(text("SELECT mail::text FROM mail")).all()
    assert not any(token in each for each in [*stored, *jobs])


def test_an_invitation_holds_for_seven_days_to_the_second(
    client: FlaskClient, session: Session, tree: Tree, outbox: Path, perform_jobs: Callable[[], int]
) -> None:
    start = now()
    with time_machine.travel(start, tick=False) as clock:
        invited(session, tree)
        perform_jobs()
        token = link_in(outbox)
        clock.shift(INVITATION_LASTS - timedelta(seconds=1))
        assert client.get(f"/register/?t={token}").status_code == 200
        clock.shift(timedelta(seconds=1))
        assert client.get(f"/register/?t={token}").status_code == 404
        invited(session, tree)


def test_mailed_again_only_the_new_link_opens_and_taken_back_none(
    client: FlaskClient, session: Session, tree: Tree, outbox: Path, perform_jobs: Callable[[], int]
) -> None:
    by = actor_of_role(session, tree.district, Role.DISTRICT_REVIEWER)
    with time_machine.travel(now(), tick=False) as clock:
        made = invited(session, tree, by=by)
        perform_jobs()
        old = link_in(outbox)
        with pytest.raises(RuleViolation, match="invitation_rests"):
            invite_again(session, by, invitation_id=made.id, now=now())
        clock.shift(timedelta(minutes=1))
        invite_again(session, by, invitation_id=made.id, now=now())
        perform_jobs()
        new = link_in(outbox)
        assert client.get(f"/register/?t={old}").status_code == 404
        assert client.get(f"/register/?t={new}").status_code == 200
        withdraw_invitation(session, by, invitation_id=made.id, now=now())
        assert client.get(f"/register/?t={new}").status_code == 404


def test_a_refused_registration_keeps_what_was_typed_but_the_password(
    client: FlaskClient, session: Session, tree: Tree, outbox: Path, perform_jobs: Callable[[], int]
) -> None:
    invited(session, tree)
    perform_jobs()
    answer = client.post(
        "/register/", data=FORM | {"t": link_in(outbox), "password": "short", "again": "short"}
    )
    assert answer.status_code == 422
    assert "李娜" in answer.text and "13800001111" in answer.text and "short" not in answer.text


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"email": "no-address"}, "email_shape"),
        ({"email": "a@b.example\nBcc: x@y.example"}, "email_shape"),
        ({"role": Role.DISTRICT_REVIEWER}, "role_not_at_level"),
        ({"union_code": "811000000000000000"}, "account_union_unknown"),
        ({"email": "TAKEN@example.org"}, "account_exists"),
        ({"email": EMAIL.upper()}, "invitation_open"),
    ],
)
def test_an_invitation_is_refused_at_its_field(
    session: Session, tree: Tree, changes: dict[str, Any], code: str
) -> None:
    make_account(session, tree.sibling, Role.OPERATOR, username="taken")
    by = actor_of_role(session, tree.district, Role.DISTRICT_REVIEWER)
    invited(session, tree, by=by)
    with pytest.raises(RuleViolation) as refusal:
        invited(session, tree, by=by, **({"email": "other@example.org"} | changes))
    assert refusal.value.code == code


def test_a_successor_takes_over_and_the_trail_says_from_whom_and_when(
    client: FlaskClient, session: Session, tree: Tree, outbox: Path, perform_jobs: Callable[[], int]
) -> None:
    by = actor_of_role(session, tree.district, Role.DISTRICT_REVIEWER)
    leaving = make_account(session, tree.grassroots, Role.OPERATOR, username="leaving")
    invited(session, tree, by=by, replaces_id=leaving.id)
    perform_jobs()
    browser = client
    sign_in(browser, leaving)
    made = register(session, token=link_in(outbox), **DETAILS, now=now())
    session.expire_all()
    assert not leaving.active
    assert browser.get("/").location.startswith("/login/")
    held = {
        row.account_id: (row.held_until is None, row.successor_id)
        for row in session.scalars(select(RoleHolding).where(RoleHolding.union_id == tree.grassroots.id))
    }
    assert held == {leaving.id: (False, made.account.id), made.account.id: (True, None)}
    sign_in(client, make_account(session, tree.district, Role.DISTRICT_REVIEWER))
    page = client.get(f"/accounts/{made.account.id}").text
    assert "历任经办人" in page and "leaving" in page


def test_nobody_replaces_an_account_that_is_not_theirs_to_manage(session: Session, tree: Tree) -> None:
    foreign = make_account(session, tree.other_grassroots, Role.OPERATOR)
    above = make_account(session, tree.straight, Role.OPERATOR)
    for account, status in ((foreign, 404), (above, 422)):
        with pytest.raises(RuleViolation) as refusal:
            invited(session, tree, replaces_id=account.id)
        assert refusal.value.status == status


def test_a_letter_exists_if_and_only_if_its_cause_was_committed(session: Session, tree: Tree) -> None:
    by = actor_of_role(session, tree.district, Role.DISTRICT_REVIEWER)
    with pytest.raises(ZeroDivisionError), session.begin_nested():
        invited(session, tree, by=by)
        raise ZeroDivisionError
    assert session.scalars(select(Mail)).all() == []
    assert session.scalar(text("SELECT count(*) FROM procrastinate_jobs")) == 0


def test_a_letter_goes_out_once_however_often_its_job_runs(
    session: Session, tree: Tree, outbox: Path, perform_jobs: Callable[[], int]
) -> None:
    from scheduler.tasks.mail import send_mail

    invited(session, tree)
    perform_jobs()
    mail = session.scalars(select(Mail)).one()
    sent_at = mail.sent_at
    (outbox / f"{mail.id:08d}.eml").unlink()
    send_mail(mail_id=mail.id)
    session.expire_all()
    assert mail.sent_at == sent_at
    assert list(outbox.iterdir()) == []


def test_a_reset_tells_the_owner_by_mail_and_never_the_password(
    session: Session, tree: Tree, outbox: Path, perform_jobs: Callable[[], int]
) -> None:
    account = make_account(session, tree.grassroots, Role.OPERATOR, username="wang")
    by = actor_of_role(session, tree.district, Role.DISTRICT_REVIEWER)
    made = reset_password(session, by, account_id=account.id, now=now())
    perform_jobs()
    letter = next(FileMail(outbox, "").letters())
    assert letter.to == account.email and "wang" in letter.text
    assert made.one_time_password not in letter.text
    assert password_fits(account.password, made.one_time_password)


class Inbox(MessageHandler):
    def __init__(self) -> None:
        super().__init__()
        self.got: list[Message] = []

    def handle_message(self, message: Message) -> None:
        self.got.append(message)


def test_letters_go_through_a_mail_server_where_one_is_set(
    app: Flask,
    session: Session,
    tree: Tree,
    monkeypatch: pytest.MonkeyPatch,
    perform_jobs: Callable[[], int],
) -> None:
    inbox = Inbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Controller(inbox, hostname="127.0.0.1", port=port)
    server.start()
    try:
        set_to = replace(
            app.config["SETTINGS"], smtp_url=f"smtp://127.0.0.1:{port}", mail_from="canbao@haicheng.example"
        )
        monkeypatch.setitem(app.config, "SETTINGS", set_to)
        invited(session, tree)
        perform_jobs()
    finally:
        server.stop()
    (message,) = inbox.got
    assert (message["To"], message["From"]) == (EMAIL, "canbao@haicheng.example")
    assert message["Message-ID"].endswith("@haicheng.example>")
    assert "/register/?t=" in message.get_payload(decode=True).decode()
    assert session.scalars(select(Mail)).one().sent_at is not None


def test_a_mail_server_that_does_not_answer_is_named_beside_the_letter(
    app: Flask, session: Session, tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    from scheduler.tasks.mail import send_mail

    monkeypatch.setitem(
        app.config, "SETTINGS", replace(app.config["SETTINGS"], smtp_url="smtp://127.0.0.1:1")
    )
    invited(session, tree)
    mail = session.scalars(select(Mail)).one()
    with pytest.raises(OSError):
        send_mail(mail_id=mail.id)
    session.expire_all()
    assert mail.sent_at is None and "ConnectionRefusedError" in mail.problem


def test_the_security_administrator_reads_the_letters_that_lie_in_files_and_nobody_else(
    client: FlaskClient, session: Session, tree: Tree, outbox: Path, perform_jobs: Callable[[], int]
) -> None:
    invited(session, tree)
    perform_jobs()
    number = session.scalars(select(Mail)).one().id
    assert isinstance(mail_gateway(), FileMail)
    sign_in(client, make_account(session, tree.city, Role.SECURITY_ADMIN))
    assert EMAIL in client.get("/mail/").text
    assert link_in(outbox) in client.get(f"/mail/{number}").text
    sign_in(client, make_account(session, tree.city, Role.MUNICIPAL_ADMIN))
    assert client.get("/mail/").status_code == 403


def test_disabling_and_enabling_leave_their_trail(session: Session, tree: Tree) -> None:
    by = actor_of_role(session, tree.district, Role.DISTRICT_REVIEWER)
    account = make_account(session, tree.grassroots, Role.OPERATOR)
    for active in (False, True):
        set_active(session, by, account_id=account.id, active=active, now=now())
    held = session.scalars(select(RoleHolding).where(RoleHolding.account_id == account.id)).all()
    assert sorted(row.held_until is None for row in held) == [False, True]
