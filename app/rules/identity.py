"""Who somebody is on paper: documents, names, phones, cards, organisation codes, addresses (section 7).

Each check takes a cell or typed text and returns the normalised value, or raises a RuleViolation whose code
has a sentence that says how to mend it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from operator import mul
from types import MappingProxyType

from app.rules.dates import EARLIEST
from app.rules.members import ID_TYPE_WORDS, IdType, Sex, word_of
from app.rules.violations import RuleViolation
from app.rules.writing import (
    HAN_SIGNS,
    Cell,
    cell_text,
    compact,
    half_width,
    hidden_sign,
    is_han,
    number_text,
)

ORIGINAL_SEEN = "已核实原件"
"""The remark (备注) that lets a number in whose check character is wrong on the document itself."""

NAME_LIMIT = 100
ORDINARY_NAME_LIMIT = 10
MIDDLE_DOT = "\u00b7"

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_CHARACTERS = "10X98765432"
_CODE_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CODE_SHAPE = re.compile(rf"[0-9A-HJ-NPQRTUWXY]{{2}}[0-9]{{6}}[{_CODE_ALPHABET}]{{10}}")
_UNION_PREFIXES = ("81", "89")
_DOTS = re.compile(
    r"\s*[\u2022\u2027\u30fb\uff65\u2219\u22c5\u00b7]\s*"
    rf"|(?<=[{HAN_SIGNS}])\s*\.\s*(?=\S)|(?<=\S)\s*\.\s*(?=[{HAN_SIGNS}])"
)
_NAME_SIGNS = frozenset(" -'\u2019.,()" + MIDDLE_DOT)

_SHAPES: Mapping[IdType, re.Pattern[str]] = MappingProxyType(
    {
        IdType.RESIDENT_ID: re.compile(r"(?!8[123]|9)[0-9]{17}[0-9X]"),
        IdType.RESIDENCE_PERMIT: re.compile(r"8[123][0-9]{15}[0-9X]"),
        IdType.FOREIGN_PERMANENT_RESIDENT: re.compile(r"[A-Z]{3}[0-9]{12}|9[0-9]{16}[0-9X]"),
        IdType.HONG_KONG_MACAO_PERMIT: re.compile(r"[HM][0-9]{8}(?:[0-9]{2})?"),
        IdType.TAIWAN_PERMIT: re.compile(r"[0-9]{8}"),
        IdType.PASSPORT: re.compile(r"[A-Z0-9]{5,17}"),
    }
)
_SHAPE_CODES: Mapping[IdType, str] = MappingProxyType(
    {
        IdType.FOREIGN_PERMANENT_RESIDENT: "foreign_permit_shape",
        IdType.HONG_KONG_MACAO_PERMIT: "hong_kong_macao_permit_shape",
        IdType.TAIWAN_PERMIT: "taiwan_permit_shape",
        IdType.PASSPORT: "passport_shape",
    }
)


@dataclass(frozen=True, slots=True)
class Document:
    """A checked identity document; ``birth`` and ``sex`` are known where the number tells them."""

    id_type: IdType
    number: str
    birth: date | None = None
    sex: Sex | None = None


def check_document(id_type: IdType, cell: Cell, *, today: date, remark: str = "") -> Document:
    """The document with its number normalised.

    A number of 18 characters must hold a real date that is not ahead and the check character of GB 11643.
    A wrong check character is let through when ``remark`` contains 已核实原件: such numbers exist.
    """
    number = number_text(cell)
    if _SHAPES[id_type].fullmatch(number) is None:
        raise _shape_problem(id_type, number)
    if len(number) != 18:
        return Document(id_type, number)
    birth = _birth_in(number, today)
    if number[17] != resident_check_character(number):
        if number.endswith("000"):
            raise RuleViolation("number_rounded")
        if ORIGINAL_SEEN not in remark:
            raise RuleViolation("id_number_check", remark=ORIGINAL_SEEN)
    return Document(id_type, number, birth, Sex.MALE if int(number[16]) % 2 else Sex.FEMALE)


def documents_of_shape(number: str) -> tuple[IdType, ...]:
    """The document types a compact number may belong to, going by its shape alone."""
    return tuple(id_type for id_type, shape in _SHAPES.items() if shape.fullmatch(number))


def resident_check_character(number: str) -> str:
    """The check character (MOD 11-2) of the first 17 digits of a GB 11643 number."""
    return _CHECK_CHARACTERS[sum(map(mul, _WEIGHTS, map(int, number[:17]))) % 11]


def check_name(cell: Cell) -> str:
    """A person's name: any plane of Unicode, up to 100 code points, minority names joined by U+00B7.

    A line break may stand between two people, and a hidden sign may show a name that isn't there.
    """
    hidden = hidden_sign(cell) if isinstance(cell, str) else None
    if hidden is not None:
        raise RuleViolation("name_hidden_sign", sign=hidden)
    if len(cell_text(cell).splitlines()) > 1:
        raise RuleViolation("name_line_break")
    text = plain_name(cell)
    if not text:
        raise RuleViolation("name_required")
    if len(text) > NAME_LIMIT:
        raise RuleViolation("name_length", limit=NAME_LIMIT)
    for sign in text:
        if not (sign in _NAME_SIGNS or is_han(sign) or unicodedata.category(sign)[0] in "LM"):
            code = "name_private_character" if unicodedata.category(sign) == "Co" else "name_character"
            raise RuleViolation(code, character=sign)
    if not any(unicodedata.category(sign)[0] == "L" for sign in text):
        raise RuleViolation("name_character", character=text)
    return text


def plain_name(cell: Cell) -> str:
    """A name, or its beginning, as records hold it: one kind of dot, half width, no blanks between Han characters."""
    text = " ".join(_DOTS.sub(MIDDLE_DOT, half_width(cell_text(cell))).split())
    return "".join(
        sign
        for at, sign in enumerate(text)
        if sign != " " or not (is_han(text[at - 1]) and is_han(text[at + 1]))
    )


def needs_special_channel(name: str) -> bool:
    """Whether the bank can't make this card in its ordinary run (Q15–Q16).

    So it is for more than 10 Han characters, or one that the bank's GBK fonts can't print.
    """
    if sum(map(is_han, name)) > ORDINARY_NAME_LIMIT:
        return True
    try:
        name.encode("gbk")
    except UnicodeEncodeError:
        return True
    return False


def check_phone(cell: Cell) -> str:
    """A mobile number: 11 digits; a country code 86 and hyphens are taken off."""
    digits = plain_phone(number_text(cell))
    if re.fullmatch(r"[0-9]{11}", digits) is None:
        raise RuleViolation("phone_shape")
    return digits


def plain_phone(text: str) -> str:
    """A mobile number as records hold it: half width, without blanks, hyphens and country code."""
    return re.sub(r"^(?:\+|00)?86(?=[0-9]{11}$)", "", compact(text).replace("-", ""))


def check_card_number(cell: Cell) -> str:
    """A bank card number: 16 to 19 digits with the check digit of Luhn."""
    number = number_text(cell)
    if re.fullmatch(r"[0-9]{16,19}", number) is None:
        raise RuleViolation("card_number_shape")
    doubled = (int(digit) * (1 + at % 2) for at, digit in enumerate(reversed(number)))
    if sum(value - 9 if value > 9 else value for value in doubled) % 10:
        raise RuleViolation("number_rounded" if number.endswith("000") else "card_number_check")
    return number


def check_organisation_code(cell: Cell) -> str:
    """A unified social credit code of GB 32100, as every employer has one."""
    code = number_text(cell)
    if len(code) != 18:
        raise RuleViolation("organisation_code_length")
    if _CODE_SHAPE.fullmatch(code) is None:
        raise RuleViolation("organisation_code_characters")
    if code[17] != organisation_check_character(code):
        raise RuleViolation("number_rounded" if code.endswith("000") else "organisation_code_check")
    return code


def check_union_code(cell: Cell) -> str:
    """A union's code: a unified social credit code that begins with 81 or 89."""
    code = check_organisation_code(cell)
    if not code.startswith(_UNION_PREFIXES):
        raise RuleViolation("union_code_prefix")
    return code


def organisation_check_character(code: str) -> str:
    """The check character (MOD 31) of the first 17 signs of a GB 32100 code."""
    total = sum(_CODE_ALPHABET.index(sign) * pow(3, at, 31) for at, sign in enumerate(code[:17]))
    return _CODE_ALPHABET[-total % 31]


def check_address(cell: Cell) -> str:
    """A work address of more than 6 and fewer than 20 Han characters; digits and signs don't count (M3.1)."""
    text = " ".join(cell_text(cell).split())
    if not 6 < sum(map(is_han, text)) < 20:
        raise RuleViolation("address_length")
    return text


def _birth_in(number: str, today: date) -> date:
    try:
        birth = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError as impossible:
        raise RuleViolation("id_number_date") from impossible
    if not EARLIEST <= birth <= today:
        raise RuleViolation("id_number_date")
    return birth


def _shape_problem(id_type: IdType, number: str) -> RuleViolation:
    """What is wrong with a number that doesn't look like its type: say it as exactly as its shape allows."""
    if id_type in _SHAPE_CODES:
        return RuleViolation(_SHAPE_CODES[id_type])
    if re.fullmatch(r"[0-9]{15}", number):
        return RuleViolation("id_number_old")
    if len(number) != 18:
        return RuleViolation("id_number_length", length=len(number))
    fitting = documents_of_shape(number)
    if fitting:
        return RuleViolation("id_number_other_type", word=word_of(ID_TYPE_WORDS, fitting[0]))
    return RuleViolation("id_number_characters")
