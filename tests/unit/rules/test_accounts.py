"""Passwords that hold, roles where their work is, administrations apart."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.rules.accounts import (
    ADMINISTRATIONS,
    ROLE_LEVELS,
    SecondFactor,
    check_manager,
    check_new_password,
    check_role_at,
    may_hold_together,
    needs_second_factor,
    password_expired,
    roles_to_give,
)
from app.rules.organisation import UnionLevel
from app.rules.violations import RuleViolation


@pytest.mark.parametrize("password", ["Haicheng-2025", "lower-UPPER", "b7!t2?m9%k", "海城工会abc2025!"])
def test_a_password_of_ten_characters_and_three_kinds_is_taken(password: str) -> None:
    check_new_password(password, "operator@example.org")


@pytest.mark.parametrize(
    ("password", "login", "code"),
    [
        ("Short-1", "wang", "password_short"),
        ("1", "wang", "password_short"),
        ("A1-" + "x" * 126, "wang", "password_long"),
        ("onlysmallletters", "wang", "password_kinds"),
        ("small1234567", "wang", "password_kinds"),
        ("My-Wangyi-2025", "wangyi", "password_is_name"),
        ("WANGYI@Example.org", "wangyi@example.org", "password_is_name"),
        ("Password123!", "wang", "password_guessed"),
        ("P@ssw0rd2026", "wang", "password_guessed"),
        ("Qwerty12345", "wang", "password_guessed"),
        ("Abc123456!", "wang", "password_guessed"),
        ("Secret-1234", "wang", "password_guessed"),
        ("a1!a1!a1!a", "wang", "password_guessed"),
        ("Gonghui@2026", "wang", "password_guessed"),
        ("Canbao2026!", "wang", "password_guessed"),
        ("Huiyuan-2027", "wang", "password_guessed"),
    ],
)
def test_a_weak_password_is_refused_at_its_field(password: str, login: str, code: str) -> None:
    with pytest.raises(RuleViolation) as refusal:
        check_new_password(password, login)
    assert (refusal.value.code, refusal.value.field) == (code, "password")


def test_a_password_of_the_greatest_length_is_judged_at_once() -> None:
    check_new_password("aB3-" + "%kQ7+zT9w_" * 12 + "!!!!", "wang")


def test_a_short_login_name_does_not_forbid_every_password_that_holds_it() -> None:
    check_new_password("Haicheng-2025", "ha")


@pytest.mark.parametrize(
    ("role", "level", "code"),
    [
        ("operator", UnionLevel.GRASSROOTS, None),
        ("operator", UnionLevel.DISTRICT, "role_not_at_level"),
        ("manager", UnionLevel.DISTRICT, None),
        ("manager", UnionLevel.GRASSROOTS, "role_not_at_level"),
        ("auditor", UnionLevel.MUNICIPAL, None),
        ("operator", None, "account_union_unsupported"),
    ],
)
def test_a_role_is_given_only_where_its_work_is(
    role: str, level: UnionLevel | None, code: str | None
) -> None:
    if code is None:
        check_role_at(role, level)
        return
    with pytest.raises(RuleViolation) as refusal:
        check_role_at(role, level)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("roles", "own", "held", "code"),
    [
        ({"security_admin"}, True, "auditor", None),
        ({"security_admin"}, True, "municipal_admin", None),
        ({"municipal_admin", "security_admin"}, True, "security_admin", None),
        ({"municipal_admin"}, False, "operator", None),
        ({"municipal_admin"}, True, "centre_clerk", None),
        ({"municipal_admin"}, True, "security_admin", "account_administration"),
        ({"municipal_admin"}, True, "auditor", "account_administration"),
        ({"municipal_admin"}, True, "municipal_admin", "account_administration"),
        ({"district_reviewer"}, False, "operator", None),
        ({"district_reviewer"}, True, "district_reviewer", "account_not_yours"),
        ({"second_reviewer"}, False, "operator", None),
        ({"operator"}, True, "operator", "account_not_yours"),
        ({"centre_clerk", "auditor", "manager"}, False, "operator", "account_not_yours"),
    ],
)
def test_accounts_are_managed_from_above_and_administrators_by_the_security_administrator(
    roles: set[str], own: bool, held: str, code: str | None
) -> None:
    if code is None:
        check_manager(frozenset(roles), own, frozenset({held}))
        return
    with pytest.raises(RuleViolation) as refusal:
        check_manager(frozenset(roles), own, frozenset({held}))
    assert (refusal.value.code, refusal.value.status) == (code, 403)


NOW = datetime(2026, 12, 1, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize(
    ("age", "days", "expired"),
    [
        (timedelta(days=90), 0, False),
        (timedelta(days=90) - timedelta(seconds=1), 90, False),
        (timedelta(days=90), 90, True),
        (None, 90, True),
        (None, 0, False),
    ],
)
def test_a_password_expires_after_so_many_days_or_never(
    age: timedelta | None, days: int, expired: bool
) -> None:
    assert password_expired(None if age is None else NOW - age, days, NOW) is expired


@pytest.mark.parametrize(
    ("role", "needs"),
    [
        ("municipal_admin", True),
        ("district_reviewer", True),
        ("centre_clerk", True),
        ("manager", True),
        ("auditor", True),
        ("security_admin", True),
        ("second_reviewer", False),
        ("operator", False),
    ],
)
def test_municipal_district_and_centre_roles_need_a_second_factor_where_it_is_enforced(
    role: str, needs: bool
) -> None:
    assert needs_second_factor(SecondFactor.REQUIRED, {role}) is needs
    assert not needs_second_factor(SecondFactor.OPTIONAL, {role})
    assert not needs_second_factor(SecondFactor.OFF, {role})
    assert needs_second_factor(SecondFactor.EVERYONE, {role})


@pytest.mark.parametrize(
    ("creator", "level", "offered"),
    [
        ("municipal_admin", UnionLevel.MUNICIPAL, set(ROLE_LEVELS) - ADMINISTRATIONS),
        ("security_admin", UnionLevel.MUNICIPAL, set(ROLE_LEVELS)),
        ("district_reviewer", UnionLevel.DISTRICT, {"second_reviewer", "operator"}),
        ("second_reviewer", UnionLevel.SECOND, {"operator"}),
        ("operator", UnionLevel.GRASSROOTS, set()),
        ("manager", UnionLevel.DISTRICT, set()),
        ("auditor", UnionLevel.MUNICIPAL, set()),
    ],
)
def test_a_form_offers_the_roles_of_the_levels_below_and_administrations_to_the_security_administrator(
    creator: str, level: UnionLevel, offered: set[str]
) -> None:
    assert set(roles_to_give({creator}, level)) == offered


@pytest.mark.parametrize(
    ("roles", "first", "in_other_hands", "allowed"),
    [
        ({"municipal_admin"}, False, True, True),
        ({"operator", "auditor"}, False, True, True),
        ({"municipal_admin", "security_admin"}, False, False, False),
        ({"municipal_admin", "auditor"}, False, False, False),
        ({"security_admin", "auditor"}, False, False, False),
        ({"municipal_admin", "security_admin"}, True, False, True),
        ({"municipal_admin", "security_admin"}, True, True, False),
        ({"municipal_admin", "auditor"}, True, False, False),
        ({"municipal_admin", "security_admin", "auditor"}, True, False, False),
    ],
)
def test_one_account_holds_one_administration_the_first_two_until_others_hold_all(
    roles: set[str], first: bool, in_other_hands: bool, allowed: bool
) -> None:
    assert may_hold_together(roles, first_account=first, in_other_hands=in_other_hands) is allowed
