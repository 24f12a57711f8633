"""Who came in, what left, who was turned away: every one is an entry, and none holds what was typed."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Account, AuditEntry
from app.rules.auditing import AuditKind
from app.security.roles import Role
from tests.factories import Tree, make_account, make_employer, make_member, sign_in
from tests.factories.accounts import PASSWORD
from tests.factories.searching import searched


@pytest.fixture
def account(session: Session, tree: Tree) -> Account:
    return make_account(session, tree.grassroots, Role.OPERATOR, name="陈操作")


def of_kind(session: Session, kind: AuditKind) -> Sequence[AuditEntry]:
    return session.scalars(select(AuditEntry).where(AuditEntry.kind == kind).order_by(AuditEntry.id)).all()


# ---- in and out


def test_signing_in_and_out_are_entries(client: FlaskClient, session: Session, account: Account) -> None:
    told = {"username": account.username, "password": PASSWORD}
    assert client.post("/login/", data=told, headers={"X-Request-ID": "comes-in"}).status_code == 302
    client.post("/logout/")
    (came,), (left,) = of_kind(session, AuditKind.SIGN_IN), of_kind(session, AuditKind.SIGN_OUT)
    assert (came.actor_id, came.actor_name, came.address) == (account.id, "陈操作", "127.0.0.1")
    assert (came.request_id, came.action) == ("comes-in", "LoginView.login")
    assert came.facts == {"proved_by": ["password"]}
    assert left.actor_id == account.id


def test_a_program_that_signs_in_is_an_entry(client: FlaskClient, session: Session, account: Account) -> None:
    told = {"username": account.username, "password": PASSWORD}
    assert client.post("/api/v1/security/login", json=told).status_code == 200
    (came,) = of_kind(session, AuditKind.SIGN_IN)
    assert (came.actor_id, came.action) == (account.id, "LoginApi.login")


@pytest.mark.parametrize("known", [True, False])
def test_a_failed_sign_in_is_an_entry_whether_or_not_the_account_exists(
    client: FlaskClient, session: Session, account: Account, known: bool
) -> None:
    name = account.username if known else "my-secret-typed-by-mistake"
    assert client.post("/login/", data={"username": name, "password": "Wrong-2025"}).status_code == 401
    (failed,) = of_kind(session, AuditKind.SIGN_IN_FAILED)
    assert failed.actor_id == (account.id if known else None)
    assert failed.facts == {"code": "login_failed"}
    assert "typed-by-mistake" not in str(vars(failed)) and "Wrong-2025" not in str(vars(failed))


def test_a_locked_account_says_so(client: FlaskClient, session: Session, account: Account) -> None:
    for _ in range(6):
        client.post("/login/", data={"username": account.username, "password": "Wrong-2025"})
    assert of_kind(session, AuditKind.SIGN_IN_FAILED)[-1].facts == {"code": "login_locked"}


# ---- out of the system


def test_a_list_that_leaves_is_an_entry_with_its_rows_and_filters_by_name(
    client: FlaskClient, session: Session, tree: Tree, account: Account
) -> None:
    make_employer(session, tree.grassroots)
    make_member(session, tree.grassroots, name="独特的人")
    make_member(session, tree.grassroots)
    sign_in(client, account)
    assert client.get("/members/export.xlsx?name=独特的人&页面=一").status_code == 200
    (left,) = of_kind(session, AuditKind.EXPORT)
    assert (left.actor_id, left.action, left.rows) == (account.id, "Members.export", 1)
    assert (left.facts["type"], left.facts["filters"]) == ("sheet", ["name"])
    assert left.union_id == tree.grassroots.id
    assert "独特" not in str(vars(left))


def test_a_number_shown_is_an_entry_about_the_member(
    client: FlaskClient, session: Session, tree: Tree, account: Account
) -> None:
    make_employer(session, tree.grassroots)
    member = make_member(session, tree.grassroots)
    sign_in(client, account)
    assert client.post(f"/members/{member.id}/number", data={"reason": "核对"}).status_code == 200
    (shown,) = of_kind(session, AuditKind.REVEAL)
    assert (shown.table_name, shown.ids, shown.actor_id) == ("member", [member.id], account.id)


def test_a_page_is_no_export(client: FlaskClient, session: Session, account: Account) -> None:
    sign_in(client, account)
    assert client.get("/members/").status_code == 200
    assert client.get("/static/css/canbao.css").status_code in (200, 404)
    assert of_kind(session, AuditKind.EXPORT) == []


def test_a_file_whose_entry_can_not_be_written_is_not_sent(
    client: FlaskClient, session: Session, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("the log can't be written")

    monkeypatch.setattr("app.security.access_log.note", fails)
    sign_in(client, account)
    answer = client.get("/members/export.xlsx")
    assert answer.status_code == 500 and b"PK" not in answer.data[:2]


# ---- turned away


def test_who_may_not_is_noted(client: FlaskClient, session: Session, account: Account) -> None:
    sign_in(client, account)
    assert client.get("/audit/").status_code == 403
    (turned,) = of_kind(session, AuditKind.REFUSAL)
    assert (turned.actor_id, turned.action) == (account.id, "Audit.list")
    assert turned.facts == {"code": "not_allowed", "status": 403, "method": "GET"}


@pytest.mark.parametrize("there", [True, False])
def test_a_foreign_row_is_noted_and_looks_like_one_that_is_not_there(
    client: FlaskClient, session: Session, tree: Tree, account: Account, there: bool
) -> None:
    foreign = make_member(session, tree.sibling).id if there else 999_999_999
    sign_in(client, account)
    assert client.get(f"/members/{foreign}/").status_code == 404
    (turned,) = of_kind(session, AuditKind.REFUSAL)
    assert (turned.table_name, turned.ids, turned.action) == ("member", [foreign], "Members.show")
    assert turned.facts["code"] == "not_found"


def test_an_address_that_leads_nowhere_is_no_refusal(
    client: FlaskClient, session: Session, account: Account
) -> None:
    sign_in(client, account)
    assert client.get("/nowhere").status_code == 404
    assert of_kind(session, AuditKind.REFUSAL) == []


def test_a_form_without_its_token_is_noted(
    app: Flask, client: FlaskClient, session: Session, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(client, account)
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    assert client.post("/members/new", data={"name": "王芳"}).status_code == 400
    (turned,) = of_kind(session, AuditKind.REFUSAL)
    assert (turned.actor_id, turned.facts["code"]) == (account.id, "form_expired")


def test_a_search_leaves_nothing_of_what_was_searched(
    client: FlaskClient, session: Session, tree: Tree, account: Account
) -> None:
    sign_in(client, account)
    assert searched(client, "/members/", id_number="310101199001011234").status_code == 200
    everything = session.scalars(select(AuditEntry)).all()
    assert not [entry for entry in everything if "310101199001011234" in str(vars(entry))]


def test_what_a_rule_refuses_leaves_the_refusal_and_nothing_else(
    client: FlaskClient, session: Session, tree: Tree, account: Account
) -> None:
    """The request's own work is rolled back; the entry stands in a transaction of its own."""
    foreign = make_member(session, tree.sibling)
    sign_in(client, account)
    answer = client.post(f"/members/{foreign.id}/edit", data={"name": "改名", "phone": "13800000001"})
    assert answer.status_code == 404
    session.refresh(foreign)
    assert foreign.name != "改名"
    assert [entry.action for entry in of_kind(session, AuditKind.REFUSAL)] == ["Members.edit"]
