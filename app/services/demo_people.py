"""Invented people for the demo city: lifelike names, documents with right check characters, every bucket.

Area codes of their documents begin with 10, which no place has: nobody real carries such a number.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from app.rules.dates import LONG_TERM
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
from app.rules.person import number_hash, person_key
from app.sealing import KeyRing, Purpose
from app.services.import_staging import copy_rows

SURNAMES = tuple(
    "王李张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦"
) + ("欧阳", "上官", "诸葛", "司徒")
GIVEN_MALE = tuple("伟强磊军勇杰涛明超刚平辉鹏华飞鑫波斌宇浩凯健俊帆峰志建国文海建东宏")
GIVEN_FEMALE = tuple("芳娜敏静丽艳娟霞秀英玲桂香月莉兰玉洁梅琳雪慧婷红颖佳怡欣悦蓉丹萍")
RARE_NAMES = ("𠮷", "㐂", "䶮", "𫖯", "堃", "喆", "犇", "祎")
DOTTED_NAMES = ("买买提·艾力", "古丽娜尔·阿不都", "阿依古丽·吐尔逊", "扎西·多吉", "巴特尔·其木格")
TAGS = ("", "", "", "企业职工", "新进职工", "劳务派遣", "退役军人")
ROADS = ("望海大道", "滨江东路", "南苑一路", "云岭北街", "锦溪中路", "新桥西路")


@dataclass(frozen=True, slots=True)
class Home:
    """Where a person belongs: the union's three scope columns, and one of its employers."""

    union_id: int
    second_id: int | None
    district_id: int | None
    employer_id: int | None


@dataclass(frozen=True, slots=True)
class Person:
    """A row of ``member``, in the order of ``COLUMNS``; the document number is sealed."""

    kind: str
    name: str
    id_type: str
    id_number: bytes
    id_number_hash: bytes
    person_key: bytes
    id_expires_on: date | None
    id_never_expires: bool
    phone: str
    sex: str | None
    birth_date: date
    retirement_class: str | None
    tag: str
    work_address: str
    joined_on: date
    employment_status: str
    social_card_status: str
    status_checked_on: date | None
    card_status: str
    card_no: str | None
    card_issued_on: date | None
    created_at: datetime
    updated_at: datetime
    union_id: int
    second_id: int | None
    district_id: int | None
    employer_id: int | None


COLUMNS = tuple(Person.__dataclass_fields__)


NEWCOMERS = 25
"""One of so many has joined in the last thirty days; the others long ago."""


class Register:
    """Invents people for a protection year; the same seed invents the same."""

    def __init__(self, rng: random.Random, *, year: int, now: datetime, secret: bytes, ring: KeyRing) -> None:
        self._rng = rng
        self._ring = ring
        self._year = year
        self._joined_by = now - timedelta(days=100)
        self._today = now.date()
        self._secret = secret
        self._serial = 0
        self._documents: set[str] = set()

    def people(self, homes: Sequence[Home], count: int) -> Iterator[Person]:
        """``count`` members of one union, spread over its employers."""
        for _ in range(count):
            yield self._person(self._rng.choice(homes))

    def again(self, person: Person, home: Home) -> Person:
        """The same person as a member of another union too (Q47): another phone, and the card stays there."""
        self._serial += 1
        return replace(
            person,
            phone=self._phone(),
            card_status=CardStatus.NONE.value,
            card_no=None,
            card_issued_on=None,
            union_id=home.union_id,
            second_id=home.second_id,
            district_id=home.district_id,
            employer_id=home.employer_id,
        )

    def _person(self, home: Home) -> Person:
        rng = self._rng
        self._serial += 1
        sex = rng.choice((Sex.MALE, Sex.FEMALE))
        birth = self._birth(sex)
        id_type, number = self._document(birth, sex)
        resident = id_type is IdType.RESIDENT_ID
        entered = self._joined_by
        joined_on = entered.date() - timedelta(days=rng.randrange(3_000))
        if self._serial % NEWCOMERS == 0:
            entered += timedelta(days=100 - self._serial // NEWCOMERS % 30)
            joined_on = entered.date()
        card_status = self._card_status()
        employment = self._employment()
        expires = self._expires()
        return Person(
            kind=self._kind().value,
            name=self._name(sex),
            id_type=id_type.value,
            id_number=self._ring.seal(number.encode(), Purpose.ID_NUMBER),
            id_number_hash=number_hash(id_type, number, self._secret),
            person_key=person_key(id_type, number, self._secret),
            id_expires_on=None if expires == LONG_TERM else expires,
            id_never_expires=expires == LONG_TERM,
            phone=self._phone(),
            sex=sex.value,
            birth_date=birth,
            retirement_class=self._retirement_class(sex),
            tag=rng.choice(TAGS),
            work_address=f"海城市{rng.choice(ROADS)}{rng.randint(1, 299)}号",
            joined_on=joined_on,
            employment_status=employment.value,
            social_card_status=(self._social_card() if resident else SocialCardStatus.UNKNOWN).value,
            status_checked_on=self._joined_by.date() if employment is not EmploymentStatus.UNKNOWN else None,
            card_status=card_status.value,
            card_no=self._card_number() if card_status is CardStatus.ISSUED else None,
            card_issued_on=min(joined_on + timedelta(days=40), self._today)
            if card_status is CardStatus.ISSUED
            else None,
            created_at=entered,
            updated_at=entered,
            union_id=home.union_id,
            second_id=home.second_id,
            district_id=home.district_id,
            employer_id=home.employer_id,
        )

    def _expires(self) -> date | None:
        """In some years as a rule, or never; of sixty people one is late, one nearly so, of one it isn't known."""
        rng, today = self._rng, self._today
        usual = (
            LONG_TERM
            if rng.random() < 0.1
            else date(self._year + rng.randrange(1, 15), rng.randint(1, 12), 15)
        )
        unusual = {0: today - timedelta(days=20), 20: today + timedelta(days=45), 40: None}
        return unusual.get(self._serial % 60, usual)

    def _birth(self, sex: Sex) -> date:
        """One in eight is near the statutory retirement line of the year."""
        rng, year = self._rng, self._year
        oldest, youngest = year - 54, year - 21
        if rng.random() < 0.125:
            oldest, youngest = (year - 62, year - 60) if sex is Sex.MALE else (year - 57, year - 49)
        elif sex is Sex.FEMALE:
            oldest = year - 47
        return date(rng.randint(oldest, youngest), rng.randint(1, 12), rng.randint(1, 28))

    def _document(self, birth: date, sex: Sex) -> tuple[IdType, str]:
        roll = self._rng.random()
        if roll < 0.012:
            return IdType.PASSPORT, f"E{self._serial:08d}"
        if roll < 0.02:
            return IdType.HONG_KONG_MACAO_PERMIT, f"H{self._serial:08d}"
        if roll < 0.024:
            return IdType.TAIWAN_PERMIT, f"{self._serial:08d}"
        while True:
            order = self._rng.randrange(500) * 2 + (sex is Sex.MALE)
            body = f"1001{self._rng.randint(1, 16):02d}{birth:%Y%m%d}{order:03d}"
            if body not in self._documents:
                self._documents.add(body)
                return IdType.RESIDENT_ID, body + resident_check_character(body)

    def _name(self, sex: Sex) -> str:
        rng = self._rng
        roll = rng.random()
        if roll < 0.006:
            return rng.choice(DOTTED_NAMES)
        if roll < 0.014:
            return rng.choice(SURNAMES) + rng.choice(RARE_NAMES)
        given = GIVEN_MALE if sex is Sex.MALE else GIVEN_FEMALE
        return rng.choice(SURNAMES) + "".join(rng.choices(given, k=rng.choice((1, 2, 2, 2))))

    def _kind(self) -> MembershipKind:
        roll = self._rng.random()
        if roll < 0.97:
            return MembershipKind.EMPLOYED
        return MembershipKind.FLEXIBLE if roll < 0.99 else MembershipKind.EXTERNAL

    def _retirement_class(self, sex: Sex) -> str | None:
        if sex is Sex.MALE:
            return RetirementClass.M60.value
        known = self._rng.choice((RetirementClass.F50, RetirementClass.F50, RetirementClass.F55, None))
        return known.value if known else None

    def _employment(self) -> EmploymentStatus:
        return self._rng.choices(
            (
                EmploymentStatus.EMPLOYED,
                EmploymentStatus.UNCLEAR,
                EmploymentStatus.RETIRED,
                EmploymentStatus.DECEASED,
                EmploymentStatus.UNEMPLOYED_BENEFIT,
                EmploymentStatus.UNKNOWN,
            ),
            (885, 50, 20, 5, 20, 20),
        )[0]

    def _social_card(self) -> SocialCardStatus:
        return self._rng.choices(tuple(SocialCardStatus), (4, 78, 6, 4, 3, 2, 3))[0]

    def _card_status(self) -> CardStatus:
        return self._rng.choices(tuple(CardStatus), (30, 2, 2, 64, 1, 1))[0]

    def _phone(self) -> str:
        return f"139{self._serial:08d}"

    def _card_number(self) -> str:
        body = f"623162{self._serial:012d}"
        doubled = (int(digit) * (2 - at % 2) for at, digit in enumerate(reversed(body)))
        return body + str(-sum(value - 9 if value > 9 else value for value in doubled) % 10)


def store_people(session: Session, people: Iterable[Person]) -> None:
    """Write the members in one COPY."""
    copy_rows(
        session, "member", COLUMNS, ([getattr(person, column) for column in COLUMNS] for person in people)
    )
