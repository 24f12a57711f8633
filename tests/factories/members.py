"""Members of a union, by default enrollable through the member card."""

from __future__ import annotations

from datetime import date
from itertools import count
from typing import Any

from sqlalchemy.orm import Session

from app.models import Member, Union
from app.rules.identity import resident_check_character
from app.rules.members import CardStatus, EmploymentStatus, IdType, MembershipKind, Sex, SocialCardStatus
from app.security.persons import hashes_of
from tests.factories.years import at

_numbers = count(1)


def make_member(session: Session, union: Union, **changes: Any) -> Member:
    """One member; without ``changes`` a man of 34, employed, with an issued card. ``has_card=False``: none.

    Any column of ``Member`` may be named. Sex and birth date decide the id number unless it is given.
    """
    member = _build(union, changes)
    session.add(member)
    session.flush()
    return member


def make_members(session: Session, union: Union, people: int, **changes: Any) -> list[Member]:
    """Many alike, in one flush."""
    made = [_build(union, dict(changes)) for _ in range(people)]
    session.add_all(made)
    session.flush()
    return made


def resident_number(birth: date, sex: Sex, serial: int) -> str:
    """A 身份证 number with a right check character; ``serial`` below 50,000 keeps them apart."""
    order = serial % 500 * 2 + (1 if sex is Sex.MALE else 0)
    body = f"3101{serial // 500 % 100:02d}{birth:%Y%m%d}{order:03d}"
    return body + resident_check_character(body)


def _build(union: Union, changes: dict[str, Any]) -> Member:
    serial = next(_numbers)
    has_card = changes.pop("has_card", True)
    sex = changes.get("sex", Sex.MALE)
    birth = changes.get("birth_date", date(1990, 5, 17))
    values: dict[str, Any] = {
        "kind": MembershipKind.EMPLOYED,
        "name": f"会员{serial:05d}",
        "id_type": IdType.RESIDENT_ID,
        "id_number": resident_number(birth or date(1990, 5, 17), sex or Sex.MALE, serial),
        "phone": f"139{serial:08d}",
        "sex": sex,
        "birth_date": birth,
        "employment_status": EmploymentStatus.EMPLOYED,
        "social_card_status": SocialCardStatus.NORMAL,
        "card_status": CardStatus.ISSUED if has_card else CardStatus.NONE,
        "card_no": f"6231{serial:015d}" if has_card else None,
        "created_at": at("2024-06-01"),
        "updated_at": at("2024-06-01"),
        "union_id": union.id,
        "second_id": union.second_id,
        "district_id": union.district_id,
    } | changes
    return Member(**(hashes_of(values["id_type"], values["id_number"]) | values))
