"""Invented members are as right as real ones: documents, phones and cards pass the product's own checks."""

from __future__ import annotations

from datetime import date

import pytest

from app.city.people import COMBINATIONS, Member, Register, channel_of
from app.city.plan import CityPlan
from app.rules.identity import check_address, check_card_number, check_document, check_name, check_phone
from app.rules.members import CLASSES_OF_SEX, IdType, RetirementClass, Sex

TODAY = date(2026, 11, 25)
PLAN = CityPlan(7, 7_364_540, 52_701, 90_356, 3, TODAY)
REGISTER = Register(PLAN)
SOME = range(0, PLAN.members, 3_701)


@pytest.fixture(scope="module")
def members() -> list[Member]:
    return [REGISTER.member(number) for number in SOME]


def test_documents_phones_cards_names_and_addresses_pass_the_products_checks(members: list[Member]) -> None:
    for member in members:
        document = check_document(member.id_type, member.id_number, today=TODAY)
        if member.id_type is IdType.RESIDENT_ID:
            assert (document.birth, document.sex) == (member.birth, Sex(member.sex))
        assert check_phone(member.phone) == member.phone
        assert check_name(member.name) == member.name
        assert member.card_no is None or check_card_number(member.card_no) == member.card_no
        assert check_address(member.work_address)


def test_a_card_number_stands_exactly_where_a_card_is_issued(members: list[Member]) -> None:
    assert {(member.card == "issued") == (member.card_no is not None) for member in members} == {True}


def test_the_retirement_class_is_one_of_the_sex(members: list[Member]) -> None:
    for member in members:
        if member.retirement_class:
            assert RetirementClass(member.retirement_class) in CLASSES_OF_SEX[Sex(member.sex)]


def test_a_number_is_the_same_member_every_time() -> None:
    assert REGISTER.member(123_456) == Register(PLAN).member(123_456)


def test_people_who_share_area_and_order_are_born_on_different_days() -> None:
    bodies = [
        member.id_number[:17]
        for number in range(17, PLAN.members, COMBINATIONS)
        if (member := REGISTER.member(number)).id_type is IdType.RESIDENT_ID and not member.twin
    ]
    assert len(set(bodies)) == len(bodies) > 100


def test_phones_are_all_different() -> None:
    numbers = range(1_000_000, 1_020_000)
    assert len({REGISTER.member(number).phone for number in numbers}) == len(numbers)


def test_a_twin_is_somebody_else_of_the_city_without_card_and_cover() -> None:
    twins = [member for number in range(20_000) if (member := REGISTER.member(number)).twin]
    start = date(PLAN.current_year, 1, 1).toordinal()
    assert 40 < len(twins) < 160
    for twin in twins:
        other = REGISTER.member((twin.number + PLAN.members // 2) % PLAN.members)
        assert (other.id_number, other.name, other.birth) == (twin.id_number, twin.name, twin.birth)
        assert (other.twin, twin.card_no, channel_of(twin, start, True)) == (False, None, None)
