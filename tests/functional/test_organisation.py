"""Single unions and the lists of the tree: the workbook's rules, and nobody sees a sibling."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Event, EventObject, Union
from app.rules.identity import organisation_check_character
from app.rules.organisation import UnionLevel, UnionType
from app.rules.violations import RuleViolation
from app.security.actor import Actor
from app.security.roles import Role
from app.services.organisation import create_union, edit_union
from tests.factories import (
    Tree,
    actor_of_role,
    at,
    make_account,
    make_employer,
    make_tree,
    make_union,
    sign_in,
)

NOW = at("2024-10-01 09:00")


def code(serial: int) -> str:
    body = f"8931000{serial:010d}"
    return body + organisation_check_character(body)


@pytest.fixture
def tree(session: Session) -> Tree:
    return make_tree(session)


def create(session: Session, actor: Actor, parent: Union | None, **changes: Any) -> Union:
    return create_union(
        session,
        actor,
        **{
            "code": code(1),
            "name": "新建工会",
            "type": UnionType.COMMITTEE,
            "level": UnionLevel.GRASSROOTS,
            "parent_code": parent.code if parent else None,
            "now": NOW,
            **changes,
        },
    )


@pytest.mark.parametrize(
    ("type", "level", "parent", "second", "district"),
    [
        (UnionType.INDUSTRY, UnionLevel.DISTRICT, "city", None, "itself"),
        (UnionType.STREET, UnionLevel.SECOND, "district", "itself", "district"),
        (UnionType.JOINT, UnionLevel.SECOND, "district", "itself", "district"),
        (UnionType.JOINT, UnionLevel.GRASSROOTS, "second", "second", "district"),
        (UnionType.COMMITTEE, UnionLevel.GRASSROOTS, "district", None, "district"),
        (UnionType.BRANCH, None, "grassroots", "second", "district"),
    ],
)
def test_a_union_takes_its_place_in_the_tree(
    session: Session,
    tree: Tree,
    municipal: Actor,
    type: UnionType,
    level: UnionLevel | None,
    parent: str,
    second: str | None,
    district: str | None,
) -> None:
    made = create(session, municipal, getattr(tree, parent), type=type, level=level)

    def place(name: str | None) -> int | None:
        return made.id if name == "itself" else getattr(tree, name).id if name else None

    assert made.parent_id == getattr(tree, parent).id
    assert (made.second_id, made.district_id) == (place(second), place(district))


def test_below_a_central_enterprise_union_everybody_is_one(
    session: Session, tree: Tree, municipal: Actor
) -> None:
    assert create(session, municipal, tree.central_district).central_enterprise is True
    own = create(session, municipal, tree.district, code=code(2), central_enterprise=True)
    assert own.central_enterprise is True


@pytest.mark.parametrize(
    ("parent", "change", "problem", "field"),
    [
        ("second", {"code": "8131"}, "organisation_code_length", "code"),
        ("second", {"code": code(3)[:-1] + "*"}, "organisation_code_characters", "code"),
        ("second", {"name": "  "}, "union_name_missing", "name"),
        ("second", {"name": "长" * 201}, "text_length", "name"),
        ("second", {"level": None}, "level_required", "level"),
        ("city", {"type": UnionType.STREET, "level": UnionLevel.DISTRICT}, "level_not_of_type", "level"),
        ("city", {}, "level_under_parent", "parent_code"),
        ("grassroots", {}, "level_under_parent", "parent_code"),
        (None, {}, "parent_required", "parent_code"),
        ("second", {"parent_code": code(99)}, "parent_missing", "parent_code"),
        (None, {"type": UnionType.MUNICIPAL, "level": UnionLevel.MUNICIPAL}, "second_municipal", "level"),
    ],
)
def test_a_union_that_can_not_stand_there_is_refused_at_the_field(
    session: Session,
    tree: Tree,
    municipal: Actor,
    parent: str | None,
    change: dict[str, Any],
    problem: str,
    field: str,
) -> None:
    before = session.scalars(select(Union.id)).all()
    with pytest.raises(RuleViolation) as refused:
        create(session, municipal, getattr(tree, parent) if parent else None, **change)
    assert (refused.value.code, refused.value.field) == (problem, field)
    assert session.scalars(select(Union.id)).all() == before


def test_a_code_is_taken_once(session: Session, tree: Tree, municipal: Actor) -> None:
    with pytest.raises(RuleViolation) as refused:
        create(session, municipal, tree.second, code=tree.sibling.code)
    assert (refused.value.code, refused.value.status) == ("union_exists", 409)


def test_a_change_of_name_is_in_the_union_s_log(session: Session, tree: Tree, municipal: Actor) -> None:
    edit_union(
        session, municipal, union_id=tree.grassroots.id, name="改名后的工会", contact_phone="021-1", now=NOW
    )
    assert tree.grassroots.name == "改名后的工会"
    facts = session.scalars(
        select(Event.facts).where(
            Event.object_kind == EventObject.UNION, Event.object_id == tree.grassroots.id
        )
    ).one()
    assert facts == {"name": "改名后的工会", "contact_phone": "021-1"}


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.MUNICIPAL_ADMIN])
def test_only_the_municipal_administrator_changes_the_tree(session: Session, tree: Tree, role: Role) -> None:
    actor = actor_of_role(session, tree.city, role)
    with pytest.raises(RuleViolation) as refused:
        create(session, actor, tree.second)
    assert refused.value.status == 403
    with pytest.raises(RuleViolation) as refused:
        edit_union(session, actor, union_id=tree.grassroots.id, name="x", now=NOW)
    assert refused.value.status == 403


def test_the_tree_is_walked_from_the_city_down(session: Session, client: FlaskClient, tree: Tree) -> None:
    sign_in(client, make_account(session, tree.city, Role.MUNICIPAL_ADMIN))
    page = client.get("/unions/").text
    assert tree.district.name in page and tree.second.name not in page
    below = client.get(f"/unions/?parent_id={tree.district.id}").text
    assert tree.second.name in below and tree.straight.name in below and tree.other_second.name not in below


@pytest.mark.parametrize(
    ("query", "found", "missing"),
    [
        ("text=恒信", ["grassroots"], ["sibling", "straight"]),
        ("level=second", ["second", "other_second"], ["grassroots", "straight"]),
        ("category=central_enterprise", ["central_grassroots"], ["grassroots"]),
        ("type=industry_federation", ["central_district"], ["district"]),
    ],
)
def test_filters_search_the_whole_tree(
    session: Session, client: FlaskClient, tree: Tree, query: str, found: list[str], missing: list[str]
) -> None:
    sign_in(client, make_account(session, tree.city, Role.MUNICIPAL_ADMIN))
    page = client.get(f"/unions/?{query}").text
    assert all(getattr(tree, name).name in page for name in found)
    assert not any(getattr(tree, name).name in page for name in missing)


@pytest.mark.parametrize(
    ("level", "seen", "hidden"),
    [
        ("district", ["second", "grassroots"], ["other_second", "other_grassroots"]),
        ("second", ["grassroots", "sibling"], ["straight", "other_grassroots"]),
        ("grassroots", ["grassroots"], ["sibling", "straight", "other_grassroots"]),
    ],
)
def test_nobody_sees_a_sibling_in_list_search_or_by_number(
    session: Session, client: FlaskClient, tree: Tree, level: str, seen: list[str], hidden: list[str]
) -> None:
    roles = {
        "district": Role.DISTRICT_REVIEWER,
        "second": Role.SECOND_REVIEWER,
        "grassroots": Role.OPERATOR,
    }
    for name in ("straight", "grassroots", "other_grassroots"):
        make_employer(session, getattr(tree, name), name=f"{name}的企业")
    sign_in(client, make_account(session, getattr(tree, level), roles[level]))
    page = client.get("/unions/?text=海城").text + client.get("/unions/?level=second").text
    employers = client.get("/employers/").text
    for name in hidden:
        assert getattr(tree, name).name not in page
        assert f"{name}的企业" not in employers
        assert client.get(f"/unions/?parent_id={getattr(tree, name).id}").status_code == 404
    for name in seen:
        assert getattr(tree, name).name in page


def test_a_union_is_added_on_the_screen_and_a_refusal_keeps_what_was_typed(
    session: Session, client: FlaskClient, tree: Tree
) -> None:
    sign_in(client, make_account(session, tree.city, Role.MUNICIPAL_ADMIN))
    form = {
        "code": code(5),
        "name": "海城新设工会",
        "type": "union_committee",
        "level": "grassroots",
        "parent_code": tree.city.code,
    }
    refused = client.post("/unions/new", data=form)
    assert refused.status_code == 422
    assert "海城新设工会" in refused.text and 'id="parent_code-error"' in refused.text
    done = client.post("/unions/new", data=form | {"parent_code": tree.second.code})
    assert done.headers["Location"] == f"/unions/?parent_id={tree.second.id}"


def test_a_union_of_an_unsupported_type_shows_without_a_level(
    session: Session, client: FlaskClient, tree: Tree
) -> None:
    make_union(session, None, tree.district, name="海城餐饮行业工会联合会", type=UnionType.ASSOCIATION)
    sign_in(client, make_account(session, tree.district, Role.DISTRICT_REVIEWER))
    page = client.get("/unions/?text=餐饮").text
    assert "海城餐饮行业工会联合会" in page and "工会联合会" in page


@pytest.mark.parametrize("address", ["/unions/?parent_id=99999999999999999999", "/unions/?parent_id=x"])
def test_a_number_that_no_union_has_is_not_there(
    session: Session, client: FlaskClient, tree: Tree, address: str
) -> None:
    sign_in(client, make_account(session, tree.city, Role.MUNICIPAL_ADMIN))
    assert client.get(address).status_code == 404
