"""Accounts from above, one-time passwords, locks, and the pages of all that."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import now
from app.models import Account, Event, EventObject, Union
from app.rules.violations import RuleViolation
from app.security.actor import SYSTEM
from app.security.passwords import password_fits
from app.security.roles import Role
from app.services.accounts import NewAccount, create_account, reset_password, set_active
from tests.factories import Tree, actor_of_role, make_account, make_tree, sign_in
from tests.factories.accounts import PASSWORD, add_failures, failures_of


@pytest.fixture
def tree(session: Session) -> Tree:
    return make_tree(session)


def _create(session: Session, by: Union, role_of_creator: Role, at: Union, role: Role) -> NewAccount:
    return create_account(
        session,
        actor_of_role(session, by, role_of_creator),
        username="new.person@example.org",
        email="new.person@example.org",
        name="新人",
        role=role,
        union_code=at.code,
        now=now(),
    )


def test_a_district_creates_an_operator_below_it_with_a_one_time_password(
    session: Session, tree: Tree
) -> None:
    made = _create(session, tree.district, Role.DISTRICT_REVIEWER, tree.grassroots, Role.OPERATOR)
    assert made.account.must_change_password
    assert password_fits(made.account.password, made.one_time_password)
    assert made.account.union_id == tree.grassroots.id
    assert [role.name for role in made.account.roles] == ["operator"]
    event = session.scalars(select(Event).where(Event.object_kind == EventObject.ACCOUNT)).one()
    assert (event.object_id, event.action, event.union_id) == (made.account.id, "create", tree.grassroots.id)
    assert made.one_time_password not in str(event.facts)


@pytest.mark.parametrize(
    ("creator", "creator_at", "at", "role", "code"),
    [
        (Role.DISTRICT_REVIEWER, "district", "other_grassroots", Role.OPERATOR, "account_union_unknown"),
        (Role.SECOND_REVIEWER, "second", "straight", Role.OPERATOR, "account_union_unknown"),
        (Role.DISTRICT_REVIEWER, "district", "district", Role.DISTRICT_REVIEWER, "account_not_yours"),
        (Role.DISTRICT_REVIEWER, "district", "grassroots", Role.MUNICIPAL_ADMIN, "role_not_at_level"),
        (Role.OPERATOR, "grassroots", "grassroots", Role.OPERATOR, "account_not_yours"),
        (Role.MUNICIPAL_ADMIN, "city", "city", Role.SECURITY_ADMIN, "account_administration"),
        (Role.MUNICIPAL_ADMIN, "city", "city", Role.AUDITOR, "account_administration"),
        (Role.AUDITOR, "city", "grassroots", Role.OPERATOR, "account_union_unknown"),
    ],
)
def test_nobody_creates_accounts_beside_or_above_themselves(
    session: Session, tree: Tree, creator: Role, creator_at: str, at: str, role: Role, code: str
) -> None:
    with pytest.raises(RuleViolation) as refusal:
        _create(session, getattr(tree, creator_at), creator, getattr(tree, at), role)
    assert refusal.value.code == code


@pytest.mark.parametrize("creator", [Role.MUNICIPAL_ADMIN, Role.SECURITY_ADMIN])
def test_the_city_creates_accounts_anywhere(session: Session, tree: Tree, creator: Role) -> None:
    made = _create(session, tree.city, creator, tree.other_grassroots, Role.OPERATOR)
    assert made.account.union_id == tree.other_grassroots.id


def test_the_command_line_creates_accounts_with_a_chosen_password(session: Session, tree: Tree) -> None:
    made = create_account(
        session,
        SYSTEM,
        username="zhang",
        email="zhang@example.org",
        name="",
        role=Role.OPERATOR,
        union_code=tree.straight.code,
        password=PASSWORD,
        now=now(),
    )
    assert (made.one_time_password, made.account.must_change_password) == ("", False)


@pytest.mark.parametrize(
    ("username", "email", "code", "taken"),
    [
        ("", "a@example.org", "username_shape", None),
        ("two words", "a@example.org", "username_shape", None),
        ("zhang", "no-address", "email_shape", None),
        ("zhang", "a@b", "email_shape", None),
        ("taken", "a@example.org", "account_exists", "taken"),
        ("zhang", "taken@example.org", "account_exists", "taken@example.org"),
    ],
)
def test_names_and_addresses_have_a_shape_and_are_taken_once(
    session: Session, tree: Tree, username: str, email: str, code: str, taken: str | None
) -> None:
    make_account(session, tree.grassroots, Role.OPERATOR, username="taken")
    with pytest.raises(RuleViolation) as refusal:
        create_account(
            session,
            SYSTEM,
            username=username,
            email=email,
            name="x",
            role=Role.OPERATOR,
            union_code=tree.grassroots.code,
            now=now(),
        )
    assert (refusal.value.code, refusal.value.facts.get("taken")) == (code, taken)


def test_a_reset_opens_the_account_once_and_ends_its_lock(session: Session, tree: Tree) -> None:
    account = make_account(session, tree.grassroots, Role.OPERATOR)
    add_failures(account, 9, now())
    made = reset_password(
        session,
        actor_of_role(session, tree.second, Role.SECOND_REVIEWER),
        account_id=account.id,
        now=now(),
    )
    assert password_fits(account.password, made.one_time_password)
    session.expire_all()
    assert (account.must_change_password, failures_of(account)) == (True, 0)


def test_a_foreign_account_is_not_there(session: Session, tree: Tree) -> None:
    account = make_account(session, tree.other_grassroots, Role.OPERATOR)
    district = actor_of_role(session, tree.district, Role.DISTRICT_REVIEWER)
    for change in (
        lambda: reset_password(session, district, account_id=account.id, now=now()),
        lambda: set_active(session, district, account_id=account.id, active=False, now=now()),
    ):
        with pytest.raises(RuleViolation) as refusal:
            change()
        assert refusal.value.status == 404


def test_nobody_disables_their_own_account(session: Session, tree: Tree) -> None:
    admin = actor_of_role(session, tree.city, Role.SECURITY_ADMIN)
    with pytest.raises(RuleViolation) as refusal:
        set_active(session, admin, account_id=admin.account_id, active=False, now=now())
    assert refusal.value.code == "account_is_own"


def test_the_list_shows_the_accounts_below_and_filters_them(
    client: FlaskClient, session: Session, tree: Tree
) -> None:
    make_account(session, tree.grassroots, Role.OPERATOR, username="below")
    make_account(session, tree.other_grassroots, Role.OPERATOR, username="foreign")
    sign_in(client, make_account(session, tree.district, Role.DISTRICT_REVIEWER, username="mine"))
    page = client.get("/accounts/").text
    assert "below" in page
    assert "foreign" not in page
    assert "below" not in client.get("/accounts/?role=second_reviewer").text
    assert "below" in client.get("/accounts/?text=BELO&active=yes").text


def test_a_refused_account_form_keeps_what_was_typed(
    client: FlaskClient, session: Session, tree: Tree
) -> None:
    sign_in(client, make_account(session, tree.district, Role.DISTRICT_REVIEWER))
    typed = {
        "username": "wang.wu",
        "name": "王五",
        "email": "wang.wu@example.org",
        "role": "operator",
        "union_code": tree.other_grassroots.code,
    }
    answer = client.post("/accounts/new", data=typed)
    assert answer.status_code == 422
    assert 'id="union_code-error"' in answer.text
    for value in ("wang.wu", "王五", "wang.wu@example.org"):
        assert f'value="{value}"' in answer.text
    made = client.post("/accounts/new", data=typed | {"union_code": tree.grassroots.code})
    assert made.status_code == 200
    assert re.search(r'<code class="once">\w{12}</code>', made.text)


def test_accounts_of_others_are_reset_and_disabled_by_post_only(
    client: FlaskClient, session: Session, tree: Tree
) -> None:
    account = make_account(session, tree.grassroots, Role.OPERATOR)
    foreign = make_account(session, tree.other_grassroots, Role.OPERATOR)
    sign_in(client, make_account(session, tree.district, Role.DISTRICT_REVIEWER))
    assert client.get(f"/accounts/{account.id}/reset").status_code == 405
    assert client.post(f"/accounts/{foreign.id}/reset").status_code == 404
    assert client.post(f"/accounts/{foreign.id}/active", data={"active": "no"}).status_code == 404
    assert client.post(f"/accounts/{account.id}/active", data={"active": "no"}).status_code == 302
    assert session.get_one(Account, account.id).active is False
    assert session.get_one(Account, foreign.id).active is True


@pytest.mark.parametrize("role", [Role.SECURITY_ADMIN, Role.AUDITOR, Role.MUNICIPAL_ADMIN])
def test_the_municipal_administrator_cannot_get_into_the_other_administrations_accounts(
    session: Session, tree: Tree, role: Role
) -> None:
    theirs = make_account(session, tree.city, role)
    municipal = actor_of_role(session, tree.city, Role.MUNICIPAL_ADMIN)
    before = theirs.password
    for attempt in (
        lambda: reset_password(session, municipal, account_id=theirs.id, now=now()),
        lambda: set_active(session, municipal, account_id=theirs.id, active=False, now=now()),
    ):
        with pytest.raises(RuleViolation) as refusal:
            attempt()
        assert refusal.value.code == "account_administration"
    assert (theirs.password, theirs.active) == (before, True)
