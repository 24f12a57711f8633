"""PostgreSQL is told whom each transaction acts for."""

from __future__ import annotations

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.extensions import db
from app.security.roles import Role
from app.transaction import transaction
from tests.factories import Tree, make_account, sign_in

ASK = text(
    "SELECT current_setting('canbao.actor_id', true), current_setting('canbao.address', true),"
    " current_setting('canbao.request_id', true)"
)


def test_a_request_tells_who_asks_and_from_where(client: FlaskClient, session: Session, tree: Tree) -> None:
    account = make_account(session, tree.grassroots, Role.OPERATOR)
    sign_in(client, account)
    answer = client.get("/members/", headers={"X-Request-ID": "asked-by-a-test"})
    assert answer.status_code == 200
    assert tuple(session.execute(ASK).one()) == (str(account.id), "127.0.0.1", "asked-by-a-test")


def test_every_transaction_of_its_own_is_told_anew(committing: Flask) -> None:
    with committing.test_request_context("/", headers={"X-Request-ID": "asked-by-a-test"}):
        for _ in range(2):
            with transaction() as session:
                assert session.execute(ASK).one()[1:] == ("", "asked-by-a-test")
    with db.engine.connect() as bare:
        assert {value or "" for value in bare.execute(ASK).one()} == {""}
