"""PostgreSQL is told whom each transaction acts for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from app.extensions import db
from app.security.roles import Role
from app.transaction import transaction
from tests.factories import Tree, make_account, sign_in

ASK = text(
    "SELECT current_setting('canbao.actor_id', true), current_setting('canbao.address', true),"
    " current_setting('canbao.request_id', true)"
)


@contextmanager
def told(session: Session) -> Iterator[list[dict[str, str]]]:
    """What is told meanwhile, transaction by transaction."""
    facts: list[dict[str, str]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "canbao.actor_id" in statement:
            facts.append(dict(parameters))

    engine = session.connection().engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield facts
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_a_request_tells_who_asks_and_from_where(client: FlaskClient, session: Session, tree: Tree) -> None:
    account = make_account(session, tree.grassroots, Role.OPERATOR)
    sign_in(client, account)
    with told(session) as facts:
        answer = client.get("/members/", headers={"X-Request-ID": "asked-by-a-test"})
    assert answer.status_code == 200
    asked = [each for each in facts if each["actor_id"]][-1]
    assert (asked["actor_id"], asked["address"], asked["request_id"]) == (
        str(account.id),
        "127.0.0.1",
        "asked-by-a-test",
    )
    assert (asked["scope"], asked["union_id"]) == (
        "account tree:grassroots keeps:grassroots",
        str(tree.grassroots.id),
    )
    assert facts[0]["scope"] == "sign_in", "before the account is known"
    assert facts[-1]["scope"] == "system", "the test's own session goes on as before"


def test_every_transaction_of_its_own_is_told_anew(committing: Flask) -> None:
    with committing.test_request_context("/", headers={"X-Request-ID": "asked-by-a-test"}):
        for _ in range(2):
            with transaction() as session:
                assert session.execute(ASK).one()[1:] == ("", "asked-by-a-test")
    with db.engine.connect() as bare:
        assert {value or "" for value in bare.execute(ASK).one()} == {""}
