from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules.members import RetirementClass, Sex
from app.rules.retirement import (
    RetirementOutcome,
    outcome,
    retirement_date,
    retirement_line,
    retirement_month,
    retirement_of,
)

M60, F55, F50 = RetirementClass.M60, RetirementClass.F55, RetirementClass.F50

births = st.dates(date(1900, 1, 1), date(2020, 12, 31))
covers = st.dates(date(2019, 1, 1), date(2070, 12, 31))
classes = st.sampled_from(RetirementClass)
classes_or_none = (*RetirementClass, None)


@pytest.mark.parametrize(
    ("klass", "birth", "retires"),
    [
        (M60, (1964, 12), (2024, 12)),
        (M60, (1965, 1), (2025, 2)),
        (M60, (1965, 5), (2025, 7)),
        (M60, (1967, 5), (2028, 1)),
        (M60, (1976, 8), (2039, 7)),
        (M60, (1976, 9), (2039, 9)),
        (F55, (1970, 1), (2025, 2)),
        (F55, (1974, 10), (2031, 1)),
        (F55, (1981, 9), (2039, 9)),
        (F50, (1975, 1), (2025, 2)),
        (F50, (1975, 3), (2025, 5)),
        (F50, (1975, 11), (2026, 5)),
        (F50, (1984, 11), (2039, 11)),
    ],
)
def test_the_decisions_own_examples_come_out(klass, birth, retires):
    assert retirement_month(date(*birth, 15), klass) == date(*retires, 1)


@pytest.mark.parametrize(
    ("klass", "birth", "delay"),
    [
        (M60, (1964, 12), 0),
        (M60, (1965, 1), 1),
        (M60, (1965, 5), 2),
        (M60, (1967, 5), 8),
        (M60, (1976, 8), 35),
        (M60, (1976, 9), 36),
        (F55, (1970, 1), 1),
        (F55, (1974, 10), 15),
        (F55, (1981, 9), 36),
        (F50, (1975, 1), 1),
        (F50, (1975, 3), 2),
        (F50, (1975, 11), 6),
        (F50, (1984, 11), 60),
    ],
)
def test_the_delay_is_that_of_the_decisions_own_examples(klass, birth, delay):
    assert retirement_date(date(*birth, 15), klass).delay == delay


def test_a_woman_of_unknown_class_has_two_months_the_earlier_first():
    found = retirement_of(date(1975, 3, 9), Sex.FEMALE, None, date(2026, 1, 1))
    assert [(each.klass, each.month, each.delay) for each in found.dates] == [
        (F50, date(2025, 5, 1), 2),
        (F55, date(2031, 7, 1), 16),
    ]
    assert found.outcome is RetirementOutcome.UNCLEAR


def test_a_man_or_a_decided_class_has_one_month_and_no_birth_date_none():
    man = retirement_of(date(1967, 5, 1), Sex.MALE, None, date(2026, 1, 1))
    assert [(each.klass, each.month) for each in man.dates] == [(M60, date(2028, 1, 1))]
    assert man.outcome is RetirementOutcome.NOT_YET
    woman = retirement_of(date(1975, 3, 9), Sex.FEMALE, F50, date(2026, 1, 1))
    assert [each.klass for each in woman.dates] == [F50] and woman.outcome is RetirementOutcome.RETIRED
    assert retirement_of(None, Sex.MALE, None, date(2026, 1, 1)).dates == ()
    assert len(retirement_of(date(1972, 1, 1), None, None, date(2026, 1, 1)).dates) == 3


@given(births, st.sampled_from([*Sex, None]), st.sampled_from(classes_or_none), covers)
def test_the_months_shown_agree_with_the_outcome(birth, sex, klass, cover):
    found = retirement_of(birth, sex, klass, cover)
    past = {each.month < cover.replace(day=1) for each in found.dates}
    if found.outcome is RetirementOutcome.UNCLEAR:
        assert past == {True, False}
    else:
        assert past == {found.outcome is RetirementOutcome.RETIRED}


@pytest.mark.parametrize(
    ("cover", "last_retired", "first_not"),
    [
        (date(2025, 1, 1), date(1964, 12, 31), date(1965, 1, 1)),
        (date(2026, 1, 1), date(1965, 9, 30), date(1965, 10, 1)),
    ],
)
def test_those_the_operator_had_to_screen_out_by_eye_are_found(cover, last_retired, first_not):
    assert outcome(last_retired, Sex.MALE, None, cover) is RetirementOutcome.RETIRED
    assert outcome(first_not, Sex.MALE, None, cover) is RetirementOutcome.NOT_YET


def test_whoever_retires_in_the_month_the_cover_starts_is_still_covered():
    birth = date(1965, 1, 31)  # retires at the end of 2025-02
    assert outcome(birth, Sex.MALE, M60, date(2025, 2, 1)) is RetirementOutcome.NOT_YET
    assert outcome(birth, Sex.MALE, M60, date(2025, 2, 28)) is RetirementOutcome.NOT_YET
    assert outcome(birth, Sex.MALE, M60, date(2025, 3, 1)) is RetirementOutcome.RETIRED


@pytest.mark.parametrize(
    ("birth", "klass", "expected"),
    [
        (date(1969, 12, 31), None, RetirementOutcome.RETIRED),
        (date(1970, 1, 1), None, RetirementOutcome.UNCLEAR),
        (date(1974, 12, 31), None, RetirementOutcome.UNCLEAR),
        (date(1975, 1, 1), None, RetirementOutcome.NOT_YET),
        (date(1972, 6, 1), F50, RetirementOutcome.RETIRED),
        (date(1972, 6, 1), F55, RetirementOutcome.NOT_YET),
    ],
)
def test_a_woman_of_unknown_class_is_unclear_between_both_dates_and_retired_past_the_later(
    birth, klass, expected
):
    assert outcome(birth, Sex.FEMALE, klass, date(2025, 1, 1)) is expected


def test_nothing_is_decided_for_a_person_whose_birth_date_is_unknown():
    assert outcome(None, Sex.MALE, M60, date(2025, 1, 1)) is RetirementOutcome.UNCLEAR
    assert outcome(date(1972, 1, 1), None, None, date(2025, 1, 1)) is RetirementOutcome.UNCLEAR
    assert outcome(date(1990, 1, 1), None, None, date(2025, 1, 1)) is RetirementOutcome.NOT_YET


@given(births, classes, covers)
def test_the_line_and_the_month_say_the_same(birth, klass, cover):
    retired = retirement_month(birth, klass) < cover.replace(day=1)
    assert (birth < retirement_line(klass, cover)) is retired


@given(births, births, classes)
def test_who_is_born_later_never_retires_earlier(one, other, klass):
    early, late = sorted((one, other))
    assert retirement_month(early, klass) <= retirement_month(late, klass)


@given(covers, covers, classes)
def test_the_line_never_moves_back(one, other, klass):
    early, late = sorted((one, other))
    assert retirement_line(klass, early) <= retirement_line(klass, late)
