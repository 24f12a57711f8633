from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules.organisation import UnionLevel
from app.rules.organisation_tree import StoredUnion, TreeRow, judge_tree

MUNICIPAL, DISTRICT, SECOND, GRASSROOTS = UnionLevel

TREE = [
    TreeRow(2, "top", MUNICIPAL, None, None),
    TreeRow(3, "d", DISTRICT, "top", False),
    TreeRow(4, "s", SECOND, "d", None),
    TreeRow(5, "g", GRASSROOTS, "s", None),
    TreeRow(6, "straight", GRASSROOTS, "d", None),
    TreeRow(7, "branch", None, "g", None),
    TreeRow(8, "association", None, "d", None),
]
STORED = {
    "top": StoredUnion("top", MUNICIPAL, None, False, True),
    "d": StoredUnion("d", DISTRICT, "top", True, False),
}


def judged(rows, stored=None):
    problems, central = judge_tree(rows, stored or {})
    return {(problem.row, problem.code) for problem in problems}, central


@given(st.randoms(use_true_random=False))
def test_a_right_tree_comes_in_whatever_the_order_of_its_rows(rng: random.Random):
    rows = list(TREE)
    rng.shuffle(rows)
    problems, central = judged(rows)
    assert problems == set() and set(central) == set(range(2, 9))


def test_central_enterprise_is_inherited_down_the_tree():
    rows = [row if row.code != "d" else TreeRow(3, "d", DISTRICT, "top", True) for row in TREE]
    _, central = judged(rows)
    assert {row for row, is_central in central.items() if is_central} == {3, 4, 5, 6, 7, 8}
    _, below_stored = judged([TreeRow(2, "s", SECOND, "d", False)], STORED)
    assert below_stored == {2: True}


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (TreeRow(9, "x", GRASSROOTS, "nowhere", None), "parent_missing"),
        (TreeRow(9, "x", GRASSROOTS, "top", None), "level_under_parent"),
        (TreeRow(9, "x", SECOND, "s", None), "level_under_parent"),
        (TreeRow(9, "x", DISTRICT, "s", None), "level_under_parent"),
        (TreeRow(9, "x", GRASSROOTS, "g", None), "level_under_parent"),
        (TreeRow(9, "x", GRASSROOTS, "association", None), "level_under_parent"),
        (TreeRow(9, "x", GRASSROOTS, "x", None), "parent_cycle"),
    ],
)
def test_a_row_that_has_no_place_stays_out_alone(row, problem):
    problems, central = judged([*TREE, row])
    assert problems == {(9, problem)}
    assert set(central) == set(range(2, 9))


def test_what_hangs_below_a_wrong_row_stays_out_too():
    rows = [TreeRow(2, "s", SECOND, "nowhere", None), TreeRow(3, "g", GRASSROOTS, "s", None)]
    assert judged(rows) == ({(2, "parent_missing"), (3, "parent_row_wrong")}, {})


def test_a_cycle_is_named_by_those_in_it_and_keeps_out_what_hangs_on_it():
    rows = [
        TreeRow(2, "a", SECOND, "b", None),
        TreeRow(3, "b", SECOND, "a", None),
        TreeRow(4, "g", GRASSROOTS, "a", None),
    ]
    assert judged(rows)[0] == {(2, "parent_cycle"), (3, "parent_cycle"), (4, "parent_row_wrong")}


def test_a_code_may_be_there_once():
    assert judged([*TREE, TreeRow(9, "straight", GRASSROOTS, "s", None)])[0] == {
        (6, "repeated_in_file"),
        (9, "repeated_in_file"),
    }


def test_there_is_one_municipal_union():
    assert judged([TreeRow(2, "a", MUNICIPAL, None, None), TreeRow(3, "b", MUNICIPAL, None, None)])[0] == {
        (2, "second_municipal"),
        (3, "second_municipal"),
    }
    assert judged([TreeRow(2, "other", MUNICIPAL, None, None)], STORED)[0] == {(2, "second_municipal")}


def test_a_municipal_union_that_stands_alone_takes_the_workbooks_code():
    alone = {"provisional": StoredUnion("provisional", MUNICIPAL, None, False, False)}
    assert judged(TREE, alone)[0] == set()


def test_a_union_that_is_here_keeps_its_level_and_its_parent():
    rows = [TreeRow(2, "d", DISTRICT, "top", None), TreeRow(3, "top", MUNICIPAL, None, None)]
    assert judged(rows, STORED) == (set(), {2: True, 3: False})
    assert judged([TreeRow(2, "d", SECOND, "top", None)], STORED)[0] == {(2, "level_differs")}
    moved = STORED | {"e": StoredUnion("e", DISTRICT, "top", False, False)}
    moved["s"] = StoredUnion("s", SECOND, "e", False, False)
    assert judged([TreeRow(2, "s", SECOND, "d", None)], moved)[0] == {(2, "parent_differs")}
