"""Statutory retirement under the decision of 2024-09-13, in force from 2025-01-01 (domain section 6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

from app.rules.members import CLASSES_OF_SEX, RetirementClass, Sex


class RetirementOutcome(StrEnum):
    """What retirement says about one person and one cover: 已达龄, 需核实, 未达龄."""

    RETIRED = "retired"
    UNCLEAR = "unclear"
    NOT_YET = "not_yet"


@dataclass(frozen=True, slots=True)
class _Reform:
    """One class of the decision; ``step``: how many months of birth bring one more month of delay."""

    base_year: int
    age: int
    step: int
    longest_delay: int


_REFORM: Mapping[RetirementClass, _Reform] = MappingProxyType(
    {
        RetirementClass.M60: _Reform(1965, 60, 4, 36),
        RetirementClass.F55: _Reform(1970, 55, 4, 36),
        RetirementClass.F50: _Reform(1975, 50, 2, 60),
    }
)


@dataclass(frozen=True, slots=True)
class RetirementDate:
    """When a person retires if of this class; ``delay`` is the months that the reform adds."""

    klass: RetirementClass
    month: date
    """The first day of the month at whose end they retire."""
    delay: int


@dataclass(frozen=True, slots=True)
class Retirement:
    """What section 6 says of a person and a cover.

    ``dates``, earliest first, has one for each class that the person may belong to: two for a woman of
    unknown class; it is empty without a birth date.
    """

    outcome: RetirementOutcome
    dates: tuple[RetirementDate, ...]


def retirement_of(
    birth: date | None, sex: Sex | None, klass: RetirementClass | None, cover_start: date
) -> Retirement:
    """When a person retires, by each class that is possible, and what that means for a cover."""
    found = outcome(birth, sex, klass, cover_start)
    if birth is None:
        return Retirement(found, ())
    dates = (retirement_date(birth, possible) for possible in possible_classes(sex, klass))
    return Retirement(found, tuple(sorted(dates, key=lambda each: (each.month, each.klass))))


def retirement_date(birth: date, klass: RetirementClass) -> RetirementDate:
    index = birth.year * 12 + birth.month - 1
    return RetirementDate(klass, _first_of(_retirement_index(index, klass)), _delay(index, klass))


def retirement_month(birth: date, klass: RetirementClass) -> date:
    """The first day of the month at whose end a person born on ``birth`` retires."""
    return retirement_date(birth, klass).month


@lru_cache(maxsize=256)
def retirement_line(klass: RetirementClass, cover_start: date) -> date:
    """The first birth date not yet retired for a cover starting then: ``birth < line`` means retired.

    Retirement takes effect at the end of its month, so only the month of ``cover_start`` counts.
    """
    start = cover_start.year * 12 + cover_start.month - 1
    reform = _REFORM[klass]
    birth = start - reform.age * 12 - reform.longest_delay
    while _retirement_index(birth, klass) < start:
        birth += 1
    return _first_of(birth)


def outcome(
    birth: date | None, sex: Sex | None, klass: RetirementClass | None, cover_start: date
) -> RetirementOutcome:
    """Whether a person is retired for a cover, as far as birth date, sex and class tell.

    Without a birth date, or where the classes that are possible disagree, it is ``UNCLEAR``: a woman
    of unknown class between both dates, for one.
    """
    if birth is None:
        return RetirementOutcome.UNCLEAR
    answers = {birth < retirement_line(possible, cover_start) for possible in possible_classes(sex, klass)}
    if len(answers) > 1:
        return RetirementOutcome.UNCLEAR
    return RetirementOutcome.RETIRED if answers == {True} else RetirementOutcome.NOT_YET


def possible_classes(sex: Sex | None, klass: RetirementClass | None) -> frozenset[RetirementClass]:
    """The classes a person may belong to: the one decided, else those of the sex, else all."""
    if klass is not None:
        return frozenset({klass})
    return CLASSES_OF_SEX[sex] if sex is not None else frozenset(RetirementClass)


def _retirement_index(birth_index: int, klass: RetirementClass) -> int:
    """Months since year 0, of the birth month and of the retirement month alike."""
    return birth_index + _REFORM[klass].age * 12 + _delay(birth_index, klass)


def _delay(birth_index: int, klass: RetirementClass) -> int:
    reform = _REFORM[klass]
    m = birth_index - reform.base_year * 12 + 1
    return 0 if m <= 0 else min(reform.longest_delay, -(-m // reform.step))


def _first_of(index: int) -> date:
    return date(index // 12, index % 12 + 1, 1)
