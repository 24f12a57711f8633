"""Rosters of valid members as strategies: every kind of document, names of every plane, dates, 长期 and blanks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from itertools import count

from hypothesis import strategies as st

from app.rules.identity import resident_check_character
from app.rules.members import Sex
from tests.factories.imports import Row
from tests.factories.members import resident_number

TODAY = date(2026, 11, 20)
RARE = "𠮷㐂䶮𫖯堃喆"
HAN = "王李张刘陈杨黄赵吴周欧阳建国明芳丽娟" + RARE
LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"

_numbers = count(1)

births = st.dates(date(1950, 1, 1), date(2006, 12, 31))
sexes = st.sampled_from(list(Sex))
plain_names = st.text(HAN, min_size=1, max_size=50)
dotted_names = st.lists(st.text(HAN, min_size=1, max_size=12), min_size=2, max_size=4).map("·".join)
names = st.one_of(plain_names, dotted_names, st.sampled_from(["John Smith", "O'Neil", "𠮷", "买买提·艾力"]))


def _with_check(body: str) -> str:
    return body + resident_check_character(body)


def _gb(prefix: str) -> Callable[[date, Sex, int], str]:
    def number(birth: date, sex: Sex, serial: int) -> str:
        order = serial % 500 * 2 + (sex is Sex.MALE)
        return _with_check(f"{prefix}{serial // 500 % 1000:03d}{birth:%Y%m%d}{order:03d}")

    return number


def _letters(serial: int) -> str:
    size = len(LETTERS)
    return LETTERS[serial % size] + LETTERS[serial // size % size] + LETTERS[serial // size**2 % size]


DOCUMENTS: dict[str, Callable[[date, Sex, int], str]] = {
    "身份证": lambda birth, sex, serial: resident_number(birth, sex, serial),
    "护照": lambda birth, sex, serial: f"E{serial:08d}",
    "港澳居民来往内地通行证": lambda birth, sex, serial: (
        f"{'HM'[serial % 2]}{serial:08d}{'02' * (serial % 3 == 0)}"
    ),
    "台湾居民来往大陆通行证": lambda birth, sex, serial: f"{serial:08d}",
    "港澳台居民居住证": _gb("810"),
    "外国人永久居留身份证": lambda birth, sex, serial: (
        _gb("911")(birth, sex, serial) if serial % 2 else f"{_letters(serial)}{serial:012d}"
    ),
}
"""A valid number of each kind of document; the serial keeps people apart."""

TELLING = 18
"""A number of so many characters tells sex and birth date."""


@st.composite
def rows(draw: st.DrawFn) -> Row:
    """One right row by header; an empty text is a blank cell."""
    serial, kind = next(_numbers), draw(st.sampled_from(list(DOCUMENTS)))
    birth, sex = draw(births), draw(sexes)
    number = DOCUMENTS[kind](birth, sex, serial)
    told = len(number) == TELLING
    sex_word = {Sex.MALE: "男", Sex.FEMALE: "女"}[sex]
    classes = {Sex.MALE: ["", "男60"], Sex.FEMALE: ["", "女55", "女50"]}[sex]
    given_sex = draw(st.sampled_from([sex_word, ""]))
    # Drawn in any case: what is drawn next must not hang on the serial, which isn't drawn.
    retirement_class = draw(st.sampled_from(classes))
    return {
        "姓名": draw(names),
        "证件类型": kind,
        "证件号码": number,
        "手机号": f"15{serial:09d}",
        "性别": given_sex,
        "出生日期": draw(st.sampled_from([birth, birth.isoformat(), ""])),
        "证件到期日": draw(
            st.one_of(st.just(""), st.just("长期"), st.dates(date(2010, 1, 1), date(2060, 12, 31)))
        ),
        "退休类别": retirement_class if told or given_sex else "",
        "会员标签": draw(st.sampled_from(["", "党员", "劳模、党员", "退役军人"])),
        "工作单位详细地址": draw(st.sampled_from(["", "海城市望海大道12号恒信大厦", "海城市滨江东路100号"])),
        "入会日期": draw(st.one_of(st.just(""), st.dates(date(1990, 1, 1), TODAY - timedelta(days=1)))),
        "备注": draw(st.sampled_from(["", "班组长", "0012"])),
    }


rosters = st.lists(rows(), min_size=1, max_size=6)
