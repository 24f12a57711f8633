"""System, security and audit administration are in three hands, in the database too."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from flask_appbuilder.security.sqla.models import Role as RoleRow
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.clock import now
from app.models import Account, Event
from app.rules.violations import RuleViolation
from app.security.actor import SYSTEM, actor_of
from app.security.roles import GRANTS, Permission, Role
from app.services.accounts import NewAccount, change_role, create_account, set_active, sync_roles
from app.services.first_account import create_first_account
from tests.factories import actor_of_role, make_account, make_tree, sign_in

THREE = (Role.MUNICIPAL_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR)
GIVE = """
    INSERT INTO ab_user_role (id, user_id, role_id)
    VALUES (nextval('ab_user_role_id_seq'), :account, (SELECT id FROM ab_role WHERE name = :role))
"""


@pytest.fixture
def first(session: Session) -> Account:
    sync_roles(session)
    return create_first_account(
        session, username="admin", password="Right-horse-9", must_change=False, now=now()
    )


def add(session: Session, by: Account, role: Role) -> NewAccount:
    return create_account(
        session,
        actor_of(by),
        username=f"new.{role.value}",
        email=f"{role.value}@example.org",
        name="新人",
        role=role,
        union_code=by.union.code,
        password="Fresh-Start-26",
        now=now(),
    )


def roles_of(account: Account) -> set[str]:
    return {row.name for row in account.roles}


def test_none_of_the_three_does_the_work_of_another() -> None:
    shared = {Permission.VIEW_HOME, Permission.MANAGE_ACCOUNTS}
    for one in THREE:
        for other in THREE:
            if one is not other:
                assert GRANTS[one] & GRANTS[other] <= shared


def test_the_first_account_has_two_until_others_hold_all_three(session: Session, first: Account) -> None:
    narrowed = []
    for role in THREE:
        assert roles_of(first) == {"municipal_admin", "security_admin"}
        narrowed.append(add(session, first, role).first_narrowed)
    assert narrowed == [False, False, True]
    session.expire_all()
    assert roles_of(first) == {"municipal_admin"}
    event = session.scalars(select(Event).where(Event.action == "give_up_administration")).one()
    assert (event.object_id, event.facts) == (first.id, {"role": "security_admin"})


def test_the_first_account_is_told_when_it_signs_in_the_next_time(
    client: FlaskClient, session: Session, first: Account
) -> None:
    login = {"username": "admin", "password": "Right-horse-9"}
    assert client.post("/login/", data=login).status_code == 302
    client.post("/logout/")
    for role in THREE:
        add(session, first, role)
    assert client.post("/login/", data=login).status_code == 302
    assert "您不再担任安全管理员" in client.get("/").text


@pytest.mark.parametrize("held", THREE)
@pytest.mark.parametrize("given", THREE)
def test_the_database_gives_nobody_two_of_them(session: Session, held: Role, given: Role) -> None:
    sync_roles(session)
    account = make_account(session, make_tree(session).city, held)
    if held is given:
        return
    with pytest.raises(IntegrityError, match="more than one administration"), session.begin_nested():
        session.execute(text(GIVE), {"account": account.id, "role": given.value})


def test_the_database_does_not_give_the_third_away_while_the_first_account_keeps_two(
    session: Session, first: Account
) -> None:
    for role in THREE[:2]:
        make_account(session, first.union, role)
    third = make_account(session, first.union, Role.MANAGER)
    with pytest.raises(IntegrityError, match="more than one administration"), session.begin_nested():
        session.execute(text(GIVE), {"account": third.id, "role": "auditor"})
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(text(GIVE), {"account": first.id, "role": "auditor"})


def test_a_disabled_administrator_does_not_count_and_counts_again_when_enabled(
    session: Session, first: Account
) -> None:
    made = [add(session, first, role).account for role in THREE[:2]]
    set_active(session, actor_of(first), account_id=made[0].id, active=False, now=now())
    assert add(session, first, Role.AUDITOR).first_narrowed is False
    set_active(session, actor_of(first), account_id=made[0].id, active=True, now=now())
    session.expire_all()
    assert roles_of(first) == {"municipal_admin"}


def test_another_role_replaces_the_one_before_so_that_nobody_collects_them(session: Session) -> None:
    tree = make_tree(session)
    by = actor_of_role(session, tree.city, Role.SECURITY_ADMIN)
    account = make_account(session, tree.city, Role.AUDITOR)
    change_role(session, by, account_id=account.id, role=Role.MUNICIPAL_ADMIN, now=now())
    assert roles_of(account) == {"municipal_admin"}
    with pytest.raises(RuleViolation, match="role_is_own"):
        change_role(session, by, account_id=by.account_id, role=Role.AUDITOR, now=now())


def test_the_municipal_administrator_gives_nobody_an_administration_by_changing_a_role(
    client: FlaskClient, session: Session
) -> None:
    tree = make_tree(session)
    sign_in(client, make_account(session, tree.city, Role.MUNICIPAL_ADMIN))
    account = make_account(session, tree.city, Role.MANAGER)
    assert client.post(f"/accounts/{account.id}/role", data={"role": "security_admin"}).status_code == 403
    assert client.post(f"/accounts/{account.id}/role", data={"role": "centre_clerk"}).status_code == 302


def test_every_role_of_the_table_has_its_row(session: Session) -> None:
    sync_roles(session)
    sync_roles(session)
    assert set(session.scalars(select(RoleRow.name))) >= {role.value for role in Role}


def test_the_command_line_is_held_by_the_same_rule(session: Session, first: Account) -> None:
    for role in THREE:
        create_account(
            session,
            SYSTEM,
            username=f"cli.{role.value}",
            email=f"cli.{role.value}@example.org",
            name="",
            role=role,
            union_code=first.union.code,
            password="Fresh-Start-26",
            now=now(),
        )
    session.expire_all()
    assert roles_of(first) == {"municipal_admin"}
