"""The city's members: who each is follows from a number alone, so they needn't be made in order, or together.

Names, documents and rates are the demo city's (``app/services/demo_people.py``): area codes begin with 10, which no
place has, so nobody real carries such a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from hashlib import blake2b
from struct import Struct

from app.city.plan import CityPlan
from app.rules.identity import resident_check_character
from app.rules.members import (
    CardStatus,
    EmploymentStatus,
    IdType,
    MembershipKind,
    RetirementClass,
    Sex,
    SocialCardStatus,
)
from app.rules.retirement import RetirementOutcome, outcome
from app.services.demo_people import (
    DOTTED_NAMES,
    GIVEN_FEMALE,
    GIVEN_MALE,
    NEWCOMERS,
    RARE_NAMES,
    ROADS,
    SURNAMES,
    TAGS,
)

AREAS, ORDERS = 99, 500
COMBINATIONS = AREAS * ORDERS
"""Numbers of residents that one birthday and sex has: members this far apart are born on different days."""

SCATTER = 7919
"""Prime to ``COMBINATIONS``: neighbours don't have neighbouring numbers."""
PHONE_SCATTER = 61_803_399
"""Prime to ten: eight digits of a phone, each once."""
PHONE_BEGINNINGS = (
    "131",
    "135",
    "136",
    "137",
    "138",
    "139",
    "150",
    "152",
    "158",
    "159",
    "177",
    "186",
    "188",
    "189",
)

FULL = 65_536
DICE = Struct(">16H")


def _table(choices: Sequence[object], weights: Sequence[float]) -> tuple[object, ...]:
    """A thousand and twenty-four entries, so that a throw of the dice is a look-up."""
    found: list[object] = []
    whole, so_far = sum(weights), 0.0
    for choice, weight in zip(choices, weights, strict=True):
        so_far += weight
        found += [choice] * (round(1024 * so_far / whole) - len(found))
    return tuple(found)


# The commonest surnames first, as in any city.
SURNAME = _table(SURNAMES, [1 / (at + 6) for at in range(len(SURNAMES))])
EMPLOYMENT = _table(
    [status.value for status in (
        EmploymentStatus.EMPLOYED, EmploymentStatus.UNCLEAR, EmploymentStatus.RETIRED, EmploymentStatus.DECEASED,
        EmploymentStatus.UNEMPLOYED_BENEFIT, EmploymentStatus.UNKNOWN,
    )],
    (900, 45, 18, 5, 14, 18),
)  # fmt: skip
SOCIAL_CARD = _table([status.value for status in SocialCardStatus], (4, 78, 6, 4, 3, 2, 3))
CARD = _table([status.value for status in CardStatus], (30, 2, 2, 64, 1, 1))
KIND = _table(
    [kind.value for kind in (MembershipKind.EMPLOYED, MembershipKind.FLEXIBLE, MembershipKind.EXTERNAL)],
    (97, 2, 1),
)
AGE_OF_MAN = _table(range(21, 63), [8] * 6 + [14] * 18 + [10] * 12 + [6] * 3 + [2] * 3)
AGE_OF_WOMAN = _table(range(21, 58), [8] * 6 + [15] * 18 + [9] * 4 + [4] * 5 + [1] * 4)
MALE_OF_100 = 56

EMPLOYED, ISSUED = EmploymentStatus.EMPLOYED.value, CardStatus.ISSUED.value
NORMAL, KIND_EMPLOYED = SocialCardStatus.NORMAL.value, MembershipKind.EMPLOYED.value
GONE = frozenset({EmploymentStatus.DECEASED.value, EmploymentStatus.RETIRED.value})
RESIDENT = IdType.RESIDENT_ID


@dataclass(slots=True)
class Member:
    """What a row of ``member`` says of a person, the union's part aside. ``number`` counts from 0 and is the id less
    one; ``twin``: a person whom another union has too (Q47), with neither card nor cover here."""

    number: int
    twin: bool
    kind: str
    name: str
    id_type: IdType
    id_number: str
    id_expires_on: str
    id_never_expires: bool
    phone: str
    sex: str
    birth: date
    retirement_class: str | None
    tag: str
    work_address: str
    joined: int
    employment: str
    social_card: str
    card: str
    card_no: str | None
    card_issued: int | None
    luck: int
    """What this member's own dice say about each year's enrolment."""


class Register:
    """Knows every member of the city by number."""

    def __init__(self, plan: CityPlan) -> None:
        self._members = plan.members
        self._key = f"{plan.seed} member".encode()
        self._cover = date(plan.current_year, 1, 1).toordinal()
        self._today = plan.today.toordinal()
        self._rounds = -(-plan.members // COMBINATIONS)
        self._phone_offset = plan.seed * 7 % 10**8

    def member(self, number: int) -> Member:
        """The member of this number, counted from 0 through the whole city."""
        dice = self._dice(number)
        twin = self._is_twin(number, dice)
        person = self._twin_of(number) if twin else number
        its = self._dice(person) if twin else dice
        male = its[0] * 100 < MALE_OF_100 * FULL
        birth = self._birth(person, its, male)
        id_type, id_number = self._document(person, its, birth, male)
        joined = self._today - 100 - dice[3] % 3_000
        if number % NEWCOMERS == 0:
            joined = self._today - 1 - number // NEWCOMERS % 30
        card = "none" if twin else CARD[dice[4] & 1023]
        issued = card == ISSUED
        never = its[5] < FULL // 10
        employment = EMPLOYMENT[dice[6] & 1023]
        return Member(
            number=number,
            twin=twin,
            kind=KIND[dice[4] >> 6],  # type: ignore[arg-type]
            name=_name(its, male),
            id_type=id_type,
            id_number=id_number,
            id_expires_on="" if never else self._expires(its),
            id_never_expires=never,
            phone=PHONE_BEGINNINGS[dice[7] % 14]
            + f"{(number * PHONE_SCATTER + self._phone_offset) % 10**8:08d}",
            sex="male" if male else "female",
            birth=birth,
            retirement_class=_retirement_class(its, male),
            tag=TAGS[dice[8] % len(TAGS)],
            work_address=f"海城市{ROADS[dice[8] % 6]}{1 + dice[9] % 299}号",
            joined=joined,
            employment=employment,  # type: ignore[arg-type]
            social_card=SOCIAL_CARD[dice[6] >> 6] if id_type is RESIDENT else "unknown",  # type: ignore[arg-type]
            card=card,  # type: ignore[arg-type]
            card_no=_card_number(number + 1) if issued else None,
            card_issued=min(joined + 40, self._today) if issued else None,
            luck=dice[10],
        )

    def _dice(self, number: int) -> tuple[int, ...]:
        return DICE.unpack(blake2b(number.to_bytes(8), key=self._key, digest_size=32).digest())

    def _is_twin(self, number: int, dice: tuple[int, ...]) -> bool:
        """One member in 250, unless the person whom it would be is a twin too."""
        if dice[15] >= FULL // 250:
            return False
        return self._dice(self._twin_of(number))[15] >= FULL // 250

    def _twin_of(self, number: int) -> int:
        """Somebody half a city away: never of the same union, and the same of nobody else."""
        return (number + self._members // 2) % self._members

    def _birth(self, person: int, dice: tuple[int, ...], male: bool) -> date:
        age: int = (AGE_OF_MAN if male else AGE_OF_WOMAN)[dice[0] & 1023]  # type: ignore[assignment]
        wanted = self._cover - age * 365 - age // 4 - dice[1] % 365
        return _day(wanted - wanted % self._rounds + person // COMBINATIONS)

    def _document(self, person: int, dice: tuple[int, ...], birth: date, male: bool) -> tuple[IdType, str]:
        roll = dice[2]
        if roll < 1_573:  # 24 in a thousand
            if roll < 786:
                return IdType.PASSPORT, f"E{person:08d}"
            if roll < 1_310:
                return IdType.HONG_KONG_MACAO_PERMIT, f"H{person:08d}"
            return IdType.TAIWAN_PERMIT, f"{person:08d}"
        combination = person * SCATTER % COMBINATIONS
        order = combination % ORDERS * 2 + male
        body = f"1001{combination // ORDERS + 1:02d}{birth:%Y%m%d}{order:03d}"
        return RESIDENT, body + resident_check_character(body)

    def _expires(self, dice: tuple[int, ...]) -> str:
        """In some years as a rule; of sixty people one is late, one nearly so, of one it isn't known."""
        unusual = {0: self._today - 20, 1: self._today + 45}
        roll = dice[5] % 60
        if roll == 2:
            return ""
        return _iso(unusual.get(roll, self._today + 365 + dice[11] % 5_000))


def channel_of(member: Member, year_start: int, current: bool) -> int | None:
    """Through which channel the member can be covered: 0 the member card, 1 the social card, None not at all.

    ``year_start``: the day on which the cover begins. In the current year the answer is bucket ``eligible`` of
    domain section 5; in former ones the member may have changed since.
    """
    if member.kind != KIND_EMPLOYED or member.twin or member.joined > year_start - 45:
        return None
    if member.employment != EMPLOYED and (current or member.employment in GONE):
        return None
    if is_retired(member, year_start):
        return None
    if member.card_issued is not None and (current or member.card_issued < year_start - 30):
        return 0
    if current and member.card == ISSUED:
        return None
    if member.id_type is RESIDENT and member.social_card == NORMAL:
        return 1
    return None


def is_retired(member: Member, year_start: int) -> bool:
    """Or perhaps retired: the rule of domain section 6 is asked only near the line."""
    age = (year_start - member.birth.toordinal()) / 365.25
    if age < (59 if member.sex == "male" else 49):
        return False
    klass = RetirementClass(member.retirement_class) if member.retirement_class else None
    found = outcome(member.birth, Sex(member.sex), klass, date.fromordinal(year_start))
    return found is not RetirementOutcome.NOT_YET


def _name(dice: tuple[int, ...], male: bool) -> str:
    roll = dice[12]
    surname = SURNAME[dice[13] & 1023]
    if roll < 393:
        return DOTTED_NAMES[roll % len(DOTTED_NAMES)]
    if roll < 917:
        return f"{surname}{RARE_NAMES[roll % len(RARE_NAMES)]}"
    given = GIVEN_MALE if male else GIVEN_FEMALE
    first = given[dice[14] % len(given)]
    return f"{surname}{first}" if roll & 3 == 0 else f"{surname}{first}{given[(dice[14] >> 8) % len(given)]}"


def _retirement_class(dice: tuple[int, ...], male: bool) -> str | None:
    if male:
        return "m60"
    return ("f50", "f50", "f55", None)[dice[9] & 3]


@cache
def _day(ordinal: int) -> date:
    return date.fromordinal(ordinal)


@cache
def _iso(ordinal: int) -> str:
    return date.fromordinal(ordinal).isoformat()


def day_text(ordinal: int | None) -> str:
    """A day as COPY takes it, empty where there is none."""
    return "" if ordinal is None else _iso(ordinal)


def midnight_text(ordinal: int) -> str:
    return f"{_iso(ordinal)} 09:00:00+08"


def _doubled(digits: str) -> int:
    """Luhn's sum of an even number of digits, the check digit aside."""
    total = 0
    for at, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 - at % 2)
        total += value - 9 if value > 9 else value
    return total


_BANK = "623162"
_OF_BANK = _doubled(_BANK)
_OF_FOUR = tuple(_doubled(f"{four:04d}") for four in range(10_000))


def _card_number(number: int) -> str:
    high, low = divmod(number, 10_000)
    total = _OF_BANK + _OF_FOUR[high // 10_000] + _OF_FOUR[high % 10_000] + _OF_FOUR[low]
    return f"{_BANK}{number:012d}{-total % 10}"
