"""The closed sets that describe a member, and the workbooks' words for them (domain sections 2 and 11)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class MembershipKind(StrEnum):
    """Only ``EMPLOYED`` members are enrolled or given cards here (M3.1.1)."""

    EMPLOYED = "employed"
    EXTERNAL = "external"
    FLEXIBLE = "flexible"


class IdType(StrEnum):
    RESIDENT_ID = "resident_id"
    PASSPORT = "passport"
    HONG_KONG_MACAO_PERMIT = "hong_kong_macao_permit"
    TAIWAN_PERMIT = "taiwan_permit"
    RESIDENCE_PERMIT = "residence_permit"
    FOREIGN_PERMANENT_RESIDENT = "foreign_permanent_resident"


class Sex(StrEnum):
    MALE = "male"
    FEMALE = "female"


class RetirementClass(StrEnum):
    """Which statutory age before the reform holds for a member (domain section 6)."""

    M60 = "m60"
    F55 = "f55"
    F50 = "f50"


class EmploymentStatus(StrEnum):
    UNKNOWN = "unknown"
    EMPLOYED = "employed"
    UNCLEAR = "unclear"
    RETIRED = "retired"
    DECEASED = "deceased"
    UNEMPLOYED_BENEFIT = "unemployed_benefit"


class SocialCardStatus(StrEnum):
    UNKNOWN = "unknown"
    NORMAL = "normal"
    SEALED = "sealed"
    LOST = "lost"
    LOCKED = "locked"
    CANCELLED = "cancelled"
    UNCLEAR = "unclear"


class CardStatus(StrEnum):
    NONE = "none"
    QUEUED = "queued"
    IN_PRODUCTION = "in_production"
    ISSUED = "issued"
    FAILED = "failed"
    CANCELLED = "cancelled"


ID_TYPE_WORDS: Mapping[str, IdType] = MappingProxyType(
    {
        "身份证": IdType.RESIDENT_ID,
        "护照": IdType.PASSPORT,
        "港澳居民来往内地通行证": IdType.HONG_KONG_MACAO_PERMIT,
        "台湾居民来往大陆通行证": IdType.TAIWAN_PERMIT,
        "港澳台居民居住证": IdType.RESIDENCE_PERMIT,
        "外国人永久居留身份证": IdType.FOREIGN_PERMANENT_RESIDENT,
    }
)

SEX_WORDS: Mapping[str, Sex] = MappingProxyType({"男": Sex.MALE, "女": Sex.FEMALE})

RETIREMENT_CLASS_WORDS: Mapping[str, RetirementClass] = MappingProxyType(
    {"男60": RetirementClass.M60, "女55": RetirementClass.F55, "女50": RetirementClass.F50}
)

CLASSES_OF_SEX: Mapping[Sex, frozenset[RetirementClass]] = MappingProxyType(
    {
        Sex.MALE: frozenset({RetirementClass.M60}),
        Sex.FEMALE: frozenset({RetirementClass.F55, RetirementClass.F50}),
    }
)

EMPLOYMENT_STATUS_WORDS: Mapping[str, EmploymentStatus] = MappingProxyType(
    {
        "在职": EmploymentStatus.EMPLOYED,
        "不明确": EmploymentStatus.UNCLEAR,
        "退休": EmploymentStatus.RETIRED,
        "死亡": EmploymentStatus.DECEASED,
        "领取失业金": EmploymentStatus.UNEMPLOYED_BENEFIT,
    }
)

SOCIAL_CARD_STATUS_WORDS: Mapping[str, SocialCardStatus] = MappingProxyType(
    {
        "正常": SocialCardStatus.NORMAL,
        "封存": SocialCardStatus.SEALED,
        "挂失": SocialCardStatus.LOST,
        "锁定": SocialCardStatus.LOCKED,
        "注销": SocialCardStatus.CANCELLED,
        "不明确": SocialCardStatus.UNCLEAR,
    }
)


def word_of(words: Mapping[str, StrEnum], value: StrEnum) -> str:
    """The workbook's word for a value of one of these lists."""
    return next(word for word, known in words.items() if known is value)
