"""Protection years: windows, plans, texts and extensions, set by the municipal administrator (section 3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Event, EventObject, PlanChoice, ProtectionWindow, ProtectionYear, WindowExtension
from app.queries.years import plans_of, require_window
from app.rules.enrolment import Channel
from app.rules.violations import RuleViolation
from app.rules.years import InstantStartRule, WindowName
from app.security.actor import Actor
from app.security.roles import Role
from app.services.enrolment import submit_batch
from app.services.extensions import grant_extension
from app.services.years import YearDraft, add_plan, put_year
from tests.factories import (
    Tree,
    actor_of_role,
    at,
    make_fees,
    make_member,
    make_tree,
    make_year,
)

NOW = at("2025-10-01 09:00")


WINDOWS = {
    WindowName.FEE_SETTING: (at("2025-10-25"), at("2025-11-01")),
    WindowName.GRASSROOTS_SUBMIT: (at("2025-11-01"), at("2025-12-26")),
    WindowName.REVIEW: (at("2025-11-01"), at("2026-01-01")),
    WindowName.DISTRICT_SUBMIT: (at("2025-12-26"), at("2026-01-01")),
    WindowName.INSTANT: (at("2026-01-01"), at("2027-01-01")),
}


DRAFT = YearDraft(
    cover_start=date(2026, 1, 1),
    cover_end=date(2026, 12, 31),
    windows=WINDOWS,
    grassroots_payment_due=at("2025-12-26"),
    plans=["A", "B"],
)


@pytest.fixture
def tree(session: Session) -> Tree:
    return make_tree(session)


def test_a_new_year_stands_with_windows_plans_and_the_texts_of_the_manual(
    session: Session, municipal: Actor
) -> None:
    year = put_year(session, municipal, year=2026, draft=DRAFT, now=NOW)
    assert {w.name: (w.opens_at, w.closes_at) for w in year.windows} == WINDOWS
    assert [plan.code for plan in plans_of(session, 2026)] == ["A", "B"]
    assert (year.voucher_due_days, year.instant_start_rule) == (15, InstantStartRule.APPROVED_PLUS_1)
    assert year.account_number == "316023-03002745697"
    assert year.grassroots_signature == "上海市总工会职工服务中心"
    assert "2026年1月1日前（不含当日）" in year.retirement_warning


def test_saving_again_changes_what_was_named_and_keeps_the_other_texts(
    session: Session, municipal: Actor
) -> None:
    put_year(session, municipal, year=2026, draft=replace(DRAFT, texts={"account_bank": "本市银行"}), now=NOW)
    later = {**WINDOWS, WindowName.REVIEW: (at("2025-11-01"), at("2026-01-05"))}
    year = put_year(session, municipal, year=2026, draft=replace(DRAFT, windows=later, plans=["A"]), now=NOW)
    assert year.account_bank == "本市银行"
    assert [plan.code for plan in plans_of(session, 2026)] == ["A"]
    review = session.get_one(ProtectionWindow, (2026, WindowName.REVIEW))
    assert review.closes_at == at("2026-01-05")
    changed = session.scalars(
        select(Event.facts).where(Event.object_kind == EventObject.YEAR, Event.action == "change")
    ).one()
    assert set(changed) == {"plans", "window_review"}


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"cover_end": date(2026, 1, 1)}, "cover_order", "cover_end"),
        ({"cover_start": date(2025, 12, 1)}, "cover_year", "cover_start"),
        ({"cover_end": date(2027, 6, 30)}, "cover_long", "cover_end"),
        ({"plans": []}, "plans_empty", "plans"),
        ({"plans": ["A", "Z9"]}, "plan_unknown", "plans"),
        ({"voucher_due_days": 0}, "voucher_days", "voucher_due_days"),
        ({"half_year_from": date(2027, 7, 1)}, "half_year_outside", "half_year_from"),
        ({"texts": {"account_holder": " "}}, "text_empty", "account_holder"),
        (
            {"windows": {**WINDOWS, WindowName.REVIEW: (at("2026-01-01"), at("2026-01-01"))}},
            "window_order",
            "review_closes_at",
        ),
        (
            {"windows": {name: span for name, span in WINDOWS.items() if name is not WindowName.INSTANT}},
            "window_missing",
            "instant_opens_at",
        ),
        (
            {"windows": {**WINDOWS, WindowName.REVIEW: (at("2026-01-01"), at("9999-01-01"))}},
            "date_far",
            "review_closes_at",
        ),
        ({"grassroots_payment_due": at("2206-01-05")}, "date_far", "grassroots_payment_due"),
    ],
)
def test_a_year_that_makes_no_sense_is_refused_at_the_field(
    session: Session, municipal: Actor, change: dict[str, Any], code: str, field: str
) -> None:
    with pytest.raises(RuleViolation) as refused:
        put_year(session, municipal, year=2026, draft=replace(DRAFT, **change), now=NOW)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert session.get(ProtectionYear, 2026) is None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"plans": ["B"]}, "plan_in_use"),
        ({"cover_end": date(2026, 12, 30)}, "cover_in_use"),
    ],
)
def test_what_submitted_batches_stand_on_can_not_be_taken_away(
    session: Session, tree: Tree, municipal: Actor, change: dict[str, Any], code: str
) -> None:
    put_year(session, municipal, year=2026, draft=DRAFT, now=NOW)
    make_fees(session, 2026)
    make_member(session, tree.grassroots)
    operator = actor_of_role(session, tree.grassroots, Role.OPERATOR)
    submit_batch(
        session, operator, year=2026, channel=Channel.MEMBER_CARD, plan="A", now=at("2025-11-05 10:00")
    )
    assert session.scalars(select(PlanChoice.plan)).one() == "A"
    with pytest.raises(RuleViolation) as refused:
        put_year(session, municipal, year=2026, draft=replace(DRAFT, **change), now=NOW)
    assert (refused.value.code, refused.value.status) == (code, 409)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.MUNICIPAL_ADMIN])
def test_only_the_municipal_administrator_sets_a_year_or_an_extension(
    session: Session, tree: Tree, role: Role
) -> None:
    make_year(session)
    actor = actor_of_role(session, tree.city, role)
    with pytest.raises(RuleViolation) as refused:
        put_year(session, actor, year=2026, draft=DRAFT, now=NOW)
    assert refused.value.status == 403
    with pytest.raises(RuleViolation) as refused:
        grant(session, actor, tree.district.code)
    assert refused.value.status == 403


def grant(session: Session, actor: Actor, code: str, **changes: Any) -> Any:
    return grant_extension(
        session,
        actor,
        year=2025,
        **{
            "window": WindowName.GRASSROOTS_SUBMIT,
            "union_code": code,
            "closes_at": at("2025-01-03"),
            "reason": "系统升级",
            "now": at("2024-12-26 09:00"),
            **changes,
        },
    )


def test_an_extension_opens_the_window_for_a_union_and_all_below_it_and_expires_by_itself(
    session: Session, tree: Tree, municipal: Actor
) -> None:
    make_year(session)
    grant(session, municipal, tree.district.code)

    def is_open(union: Any, moment: str) -> bool:
        try:
            require_window(session, 2025, WindowName.GRASSROOTS_SUBMIT, union, at(moment))
        except RuleViolation:
            return False
        return True

    assert is_open(tree.grassroots, "2025-01-02 23:59:59")
    assert not is_open(tree.grassroots, "2025-01-03")
    assert not is_open(tree.other_grassroots, "2024-12-27")


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"reason": " "}, "extension_reason_missing", "reason"),
        ({"reason": "长" * 201}, "extension_reason_long", "reason"),
        ({"union_code": "813100000000000000"}, "extension_union_unknown", "union_code"),
        ({"closes_at": at("2024-12-26 08:00")}, "extension_order", "closes_at"),
        (
            {"opens_at": at("2024-12-20"), "closes_at": at("2024-12-26 08:00")},
            "extension_past",
            "closes_at",
        ),
        (
            {"closes_at": at("2024-12-25"), "now": at("2024-12-01")},
            "extension_no_longer",
            "closes_at",
        ),
        ({"closes_at": at("9999-01-03")}, "date_far", "closes_at"),
    ],
)
def test_an_extension_without_reason_union_or_sense_is_refused(
    session: Session, tree: Tree, municipal: Actor, change: dict[str, Any], code: str, field: str
) -> None:
    make_year(session)
    with pytest.raises(RuleViolation) as refused:
        grant(session, municipal, tree.district.code, **change)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert session.scalars(select(WindowExtension)).all() == []


def test_a_longer_window_for_all_is_the_window_itself_not_an_extension(
    session: Session, tree: Tree, municipal: Actor
) -> None:
    make_year(session)
    with pytest.raises(RuleViolation) as refused:
        grant(session, municipal, tree.city.code)
    assert refused.value.code == "extension_union_level"


def test_a_plan_can_be_added_once(session: Session, municipal: Actor) -> None:
    assert add_plan(session, municipal, code="c+", name="C+类会员专享基本保障", now=NOW).code == "C+"
    for code, name, problem in (
        ("C+", "again", "plan_exists"),
        ("C D", "two", "plan_code_shape"),
        ("D", " ", "plan_name_missing"),
    ):
        with pytest.raises(RuleViolation) as refused:
            add_plan(session, municipal, code=code, name=name, now=NOW)
        assert refused.value.code == problem
