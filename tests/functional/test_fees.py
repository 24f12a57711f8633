"""Fees: the municipal table, the districts' splits, and sums that always add up (section 4, Q48–Q50, M4.1–4.2)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.models import Event, EventObject, FeeSetting, FeeSplit
from app.queries.fees import unit_amounts
from app.rules.enrolment import Term
from app.rules.fees import Amounts
from app.rules.organisation import UnionCategory
from app.rules.violations import RuleViolation
from app.security.actor import Actor
from app.security.roles import Role
from app.services.fees import FeeDraft, drop_split, put_fees, set_split
from tests.factories import (
    Tree,
    actor_of_role,
    at,
    make_fees,
    make_tree,
    make_year,
)

ORDINARY, CENTRAL = UnionCategory.ORDINARY, UnionCategory.CENTRAL_ENTERPRISE


IN_WINDOW = at("2024-10-28 10:00")


LAST_SECOND, CLOSING_INSTANT = at("2024-10-31 23:59:59"), at("2024-11-01")


def draft(
    plan: str = "A",
    category: UnionCategory = ORDINARY,
    fee: str = "26",
    municipal: str = "13",
    district: str = "13",
    grassroots: str = "0",
) -> FeeDraft:
    shares = (Decimal(share) for share in (fee, municipal, district, grassroots))
    return FeeDraft(plan, category, Term.FULL, *shares, at("2020-01-01"), at("2031-01-01"))


def split(
    session: Session, actor: Actor, district: str, grassroots: str, union_id: int | None = None, now=IN_WINDOW
) -> FeeSplit:
    return set_split(
        session,
        actor,
        year=2025,
        plan="A",
        term=Term.FULL,
        union_id=union_id,
        district_share=Decimal(district),
        grassroots_share=Decimal(grassroots),
        now=now,
    )


@pytest.fixture
def tree(session: Session) -> Tree:
    tree = make_tree(session)
    make_year(session)
    return tree


@pytest.fixture
def district(session: Session, tree: Tree) -> Actor:
    make_fees(session)
    return actor_of_role(session, tree.district, Role.DISTRICT_REVIEWER)


@pytest.mark.parametrize(
    ("year", "plan", "category", "fee", "municipal_share", "district_share"),
    [
        (2019, "A", ORDINARY, "24", "12", "12"),
        (2019, "A", CENTRAL, "24", "6", "18"),
        (2019, "B", ORDINARY, "70", "30", "40"),
        (2019, "B", CENTRAL, "70", "18", "52"),
        (2025, "A", ORDINARY, "26.0", "13.0", "13.0"),
    ],
)
def test_the_fee_table_of_the_sources_is_what_a_union_pays(
    session: Session,
    tree: Tree,
    municipal: Actor,
    year: int,
    plan: str,
    category: UnionCategory,
    fee: str,
    municipal_share: str,
    district_share: str,
) -> None:
    if year != 2025:
        make_year(session, year)
    fees = [draft(plan, category, fee, municipal_share, district_share, "0")]
    if year == 2019:
        fees = [
            FeeDraft(plan, category, Term.FULL, *map(Decimal, (fee, municipal_share, district_share, "0")),
                     at("2018-01-01"), at("2020-01-01"))
        ]  # fmt: skip
    put_fees(session, municipal, year=year, fees=fees, now=at(f"{year - 1}-10-01"))
    union = tree.central_grassroots if category is CENTRAL else tree.grassroots
    found = unit_amounts(session, union, year=year, plan=plan, term=Term.FULL, now=at(f"{year - 1}-11-05"))
    assert found == Amounts(*map(Decimal, (fee, municipal_share, district_share, "0")))


@pytest.mark.parametrize(
    ("wrong", "code", "field"),
    [
        ({"district": "12"}, "fee_sum", "fee"),
        ({"fee": "0", "municipal": "0", "district": "0"}, "fee_zero", "fee"),
        ({"grassroots": "-1"}, "share_range", "grassroots_share"),
        ({"municipal": "1E9"}, "share_range", "municipal_share"),
        ({"district": "13.005"}, "share_range", "district_share"),
        ({"plan": "B+"}, "plan_not_offered", "plan"),
    ],
)
def test_a_wrong_fee_is_refused_with_its_row_and_field_and_none_of_the_others_is_saved(
    session: Session, municipal: Actor, wrong: dict[str, str], code: str, field: str
) -> None:
    with pytest.raises(RuleViolation) as refused:
        put_fees(
            session,
            municipal,
            year=2025,
            fees=[draft(category=CENTRAL), draft(**{"plan": "A", **wrong})],
            now=IN_WINDOW,
        )
    assert (refused.value.code, refused.value.field, refused.value.facts["row"]) == (code, field, 2)
    assert session.scalars(select(FeeSetting)).all() == []


def test_the_schema_refuses_a_bad_sum_even_by_raw_sql(session: Session, tree: Tree) -> None:
    make_fees(session)
    with pytest.raises(IntegrityError, match="fee_shares_add_up"), session.begin_nested():
        session.execute(text("UPDATE fee_setting SET district_share = district_share + 1"))


def test_the_schema_refuses_a_split_that_does_not_add_up_even_by_raw_sql(
    session: Session, district: Actor
) -> None:
    split(session, district, "10", "3")
    with pytest.raises(IntegrityError, match="split_shares_add_up"), session.begin_nested():
        session.execute(text("UPDATE fee_split SET grassroots_share = grassroots_share + 1"))


def test_a_split_for_all_holds_for_the_district_and_for_nobody_else(
    session: Session, tree: Tree, district: Actor
) -> None:
    split(session, district, "10", "3")
    of = {
        union: unit_amounts(session, union, year=2025, plan="A", term=Term.FULL, now=at("2024-11-05"))
        for union in (tree.grassroots, tree.straight, tree.other_grassroots)
    }
    assert of[tree.grassroots] == of[tree.straight]
    assert of[tree.grassroots] == Amounts(Decimal(26), Decimal(13), Decimal(10), Decimal(3))
    assert of[tree.other_grassroots].district == Decimal(13)


def test_a_split_for_one_union_goes_before_the_one_for_all_until_it_is_taken_back(
    session: Session, tree: Tree, district: Actor
) -> None:
    split(session, district, "10", "3")
    own = split(session, district, "5", "8", tree.grassroots.id)

    def shares() -> tuple[Decimal, Decimal]:
        now = at("2024-11-05")
        found = unit_amounts(session, tree.grassroots, year=2025, plan="A", term=Term.FULL, now=now)
        return found.district, found.grassroots

    assert shares() == (Decimal(5), Decimal(8))
    drop_split(session, district, split_id=own.id, now=IN_WINDOW)
    assert shares() == (Decimal(10), Decimal(3))


def test_setting_a_split_again_changes_it(session: Session, district: Actor) -> None:
    split(session, district, "10", "3")
    split(session, district, "9", "4")
    assert [s.grassroots_share for s in session.scalars(select(FeeSplit))] == [Decimal(4)]


def test_a_split_can_be_set_in_the_last_second_of_the_window(session: Session, district: Actor) -> None:
    assert split(session, district, "10", "3", now=LAST_SECOND).district_share == 10


@pytest.mark.parametrize(
    ("now", "code"),
    [(CLOSING_INSTANT, "window_closed"), (at("2024-10-24 23:59:59"), "window_not_open")],
)
def test_outside_the_window_no_split_is_set(session: Session, district: Actor, now, code: str) -> None:
    with pytest.raises(RuleViolation) as refused:
        split(session, district, "10", "3", now=now)
    assert refused.value.code == code


def test_a_split_must_give_out_exactly_what_the_municipal_share_leaves(
    session: Session, district: Actor
) -> None:
    with pytest.raises(RuleViolation) as refused:
        split(session, district, "10", "4")
    assert (refused.value.code, refused.value.field) == ("split_sum", "district_share")
    assert (refused.value.facts["left"], refused.value.facts["total"]) == (Decimal(13), Decimal(14))


def test_a_union_of_another_district_can_not_be_split(session: Session, tree: Tree, district: Actor) -> None:
    with pytest.raises(RuleViolation) as refused:
        split(session, district, "10", "3", tree.other_grassroots.id)
    assert refused.value.status == 404


def test_the_split_of_another_district_can_not_be_taken_back(
    session: Session, tree: Tree, district: Actor
) -> None:
    made = split(session, district, "10", "3")
    other = actor_of_role(session, tree.other_district, Role.DISTRICT_REVIEWER)
    with pytest.raises(RuleViolation) as refused:
        drop_split(session, other, split_id=made.id, now=IN_WINDOW)
    assert refused.value.status == 404


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.DISTRICT_REVIEWER])
def test_only_a_district_sets_splits(session: Session, tree: Tree, district: Actor, role: Role) -> None:
    with pytest.raises(RuleViolation) as refused:
        split(session, actor_of_role(session, tree.city, role), "10", "3")
    assert refused.value.status == 403


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.MUNICIPAL_ADMIN])
def test_only_the_municipal_administrator_sets_fees(session: Session, tree: Tree, role: Role) -> None:
    with pytest.raises(RuleViolation) as refused:
        put_fees(session, actor_of_role(session, tree.city, role), year=2025, fees=[draft()], now=IN_WINDOW)
    assert refused.value.status == 403


def test_a_changed_fee_drops_the_splits_that_no_longer_fit_and_says_so_in_their_log(
    session: Session, tree: Tree, municipal: Actor, district: Actor
) -> None:
    split(session, district, "10", "3")
    split(session, district, "5", "8", tree.grassroots.id)
    put_fees(session, municipal, year=2025, fees=[draft(fee="28", grassroots="2")], now=IN_WINDOW)
    assert session.scalars(select(FeeSplit)).all() == []
    dropped = select(Event.object_id).where(
        Event.object_kind == EventObject.UNION, Event.action == "drop_split"
    )
    assert set(session.scalars(dropped)) == {tree.district.id, tree.grassroots.id}


def test_other_default_shares_leave_the_splits_alone(
    session: Session, municipal: Actor, district: Actor
) -> None:
    split(session, district, "10", "3")
    put_fees(session, municipal, year=2025, fees=[draft(district="12", grassroots="1")], now=IN_WINDOW)
    assert [s.district_share for s in session.scalars(select(FeeSplit))] == [Decimal(10)]
