"""A city's layout: exact totals, whatever its size, and places that agree with each other."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from app.city.plan import BIGGEST, CityPlan, Layout, PlanProblem, check_plan, lay_out

SIZES = ((2_000, 40, 60), (25_000, 333, 333), (500_000, 3_600, 6_100))


def a_plan(members: int = 2_000, unions: int = 40, employers: int = 60, seed: int = 7) -> CityPlan:
    return CityPlan(seed, members, unions, employers, 3, date(2026, 11, 25))


@pytest.fixture(params=SIZES, ids=lambda size: f"{size[0]} members")
def layout(request: pytest.FixtureRequest) -> Layout:
    return lay_out(a_plan(*request.param))


def test_the_parts_add_up_to_exactly_what_was_asked_for(layout: Layout) -> None:
    plan = layout.plan
    assert (sum(layout.sizes), len(layout.sizes)) == (plan.members, plan.unions)
    assert (sum(layout.employers), min(layout.employers)) == (plan.employers, 1)
    assert len(layout.district) == len(layout.second) == plan.unions


def test_every_union_has_members_and_the_largest_is_the_first(layout: Layout) -> None:
    assert min(layout.sizes) >= 2
    if layout.plan.members >= 400_000:
        assert layout.sizes[0] == max(layout.sizes) == BIGGEST


def test_members_and_employers_are_numbered_without_a_gap(layout: Layout) -> None:
    for firsts, counts in (
        (layout.first_member, layout.sizes),
        (layout.first_employer, layout.employers),
    ):
        assert list(firsts[1:]) == [first + count for first, count in zip(firsts, counts, strict=True)][:-1]


def test_a_second_level_union_stands_in_the_district_of_all_below_it(layout: Layout) -> None:
    above = {
        (second, district)
        for second, district in zip(layout.second, layout.district, strict=True)
        if second >= 0
    }
    assert all(layout.district_of_second[second] == district for second, district in above)


def test_every_union_is_in_one_part_and_no_part_is_much_larger_than_the_others(layout: Layout) -> None:
    parts = layout.parts()
    assert [begin for begin, _ in parts] == [0, *(end for _, end in parts)][:-1]
    assert parts[-1][1] == layout.plan.unions
    assert max(sum(layout.sizes[begin:end]) for begin, end in parts) <= max(BIGGEST, layout.sizes[0] + 40_000)


def test_ids_of_unions_and_accounts_are_all_different(layout: Layout) -> None:
    unions, districts, seconds = range(layout.plan.unions), range(layout.districts), range(layout.seconds)
    for of_district, of_second, of_union in (
        (layout.district_id, layout.second_id, layout.union_id),
        (layout.district_account, layout.second_account, layout.operator_account),
    ):
        ids = [*map(of_district, districts), *map(of_second, seconds), *map(of_union, unions)]
        assert Counter(ids).most_common(1)[0][1] == 1


def test_the_same_seed_lays_out_the_same_city_and_another_seed_another() -> None:
    assert lay_out(a_plan()) == lay_out(a_plan())
    assert lay_out(a_plan()).sizes != lay_out(a_plan(seed=8)).sizes


@pytest.mark.parametrize(
    ("members", "unions", "employers"), [(2_000, 19, 60), (399, 40, 60), (2_000, 40, 39), (10**8, 40, 60)]
)
def test_a_city_with_too_few_of_something_is_refused(members: int, unions: int, employers: int) -> None:
    with pytest.raises(PlanProblem):
        check_plan(a_plan(members, unions, employers))
