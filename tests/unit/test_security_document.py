"""docs/security.md speaks of every requirement once, and of no test that doesn't exist."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LEVELS = {
    "1.1": "22",
    "1.2": "1111122223",
    "1.3": "112222222223",
    "1.4": "222",
    "1.5": "123",
    "2.1": "122",
    "2.2": "112",
    "2.3": "12223",
    "2.4": "23",
    "3.1": "3",
    "3.2": "113",
    "3.3": "12223",
    "3.4": "11222233",
    "3.5": "11122333",
    "3.6": "3",
    "3.7": "22333",
    "4.1": "12233",
    "4.2": "23333",
    "4.3": "22",
    "4.4": "1222",
    "5.1": "2",
    "5.2": "112333",
    "5.3": "113",
    "5.4": "222",
    "6.1": "122",
    "6.2": "111111112222",
    "6.3": "11223333",
    "6.4": "112233",
    "6.5": "22222333",
    "6.6": "2223",
    "6.7": "33",
    "6.8": "2222",
    "7.1": "222",
    "7.2": "1111",
    "7.3": "22",
    "7.4": "11222",
    "7.5": "223",
    "7.6": "22",
    "8.1": "1233",
    "8.2": "1123",
    "8.3": "133",
    "8.4": "23",
    "9.1": "111",
    "9.2": "1222",
    "10.1": "22",
    "10.2": "223",
    "10.3": "22223",
    "10.4": "1111122222233333",
    "10.5": "22222",
    "10.6": "22",
    "10.7": "222",
    "11.1": "2233",
    "11.2": "22233",
    "11.3": "11233",
    "11.4": "1222",
    "11.5": "23",
    "11.6": "23",
    "11.7": "33",
    "12.1": "12233",
    "12.2": "11",
    "12.3": "22223",
    "13.1": "2333",
    "13.2": "222223",
    "13.3": "2233",
    "13.4": "1222233",
    "14.1": "22",
    "14.2": "12223333",
    "14.3": "122",
    "15.1": "12233",
    "15.2": "12233",
    "15.3": "1222222",
    "15.4": "3333",
    "16.1": "2",
    "16.2": "22222",
    "16.3": "2222",
    "16.4": "222",
    "16.5": "2223",
    "17.1": "23",
    "17.2": "22223333",
    "17.3": "22",
}
"""OWASP ASVS 5.0.0: the level of each requirement of a section, in their order."""

ITEMS = (
    "身份鉴别", "访问控制", "安全审计", "入侵防范", "恶意代码防范", "数据完整性", "数据保密性", "数据备份恢复",
    "剩余信息保护", "个人信息保护", "三员分立",
)  # fmt: skip
TEST = re.compile(
    r"`((?:architecture|browser|conformance|functional|processes|unit)/[\w/]+\.py)::(test_\w+)`"
)
THERE = re.compile(r'^(?:(?:async )?def (test_\w+)\(|    "(test_\w+)",$)', re.M)
"""A test that a file defines, or takes over from another and says so in its ``__all__``."""
WITHOUT_A_TEST = re.compile(r"Doesn't apply|\*\*Not met\*\*|What the operator does")
"""Why a requirement may go without one."""

Row = tuple[str, ...]


@cache
def rows() -> tuple[list[Row], list[Row]]:
    """The cells of the two tables."""
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    _, asvs, national = re.split(r"^## (?:OWASP ASVS|GB/T).*$", text, flags=re.M)
    tables = []
    for part in (asvs, national):
        lines = (line for line in part.splitlines() if line.startswith("| "))
        cells = (tuple(cell.strip() for cell in line.strip("|").split(" | ")) for line in lines)
        tables.append([row for row in cells if row[0] not in ("no.", "item")])
    return tables[0], tables[1]


def test_every_requirement_of_levels_1_and_2_stands_there_once_with_its_level() -> None:
    asked = {
        (f"{section}.{number}", level)
        for section, levels in LEVELS.items()
        for number, level in enumerate(levels, start=1)
        if level != "3"
    }
    told = Counter((row[0], row[1]) for row in rows()[0])
    assert len(asked) == 253
    assert set(told) == asked
    assert set(told.values()) == {1}


def test_every_item_of_the_national_standard_stands_there_once() -> None:
    assert tuple(row[0] for row in rows()[1]) == ITEMS


def test_every_row_is_whole() -> None:
    assert all(len(row) == 5 and all(row) for row in rows()[0])
    assert all(len(row) == 4 and all(row) for row in rows()[1])


def test_what_is_met_names_its_test_and_what_names_none_says_why() -> None:
    silent = {
        row[0] for table in rows() for row in table if row[-1] == "—" and not WITHOUT_A_TEST.search(row[-2])
    }
    assert silent == set()
    for table in rows():
        for row in table:
            for named in row[-1].split("<br>"):
                assert named == "—" or TEST.fullmatch(named), row[0]


@pytest.mark.parametrize(
    "path", sorted({path for table in rows() for row in table for path, _ in TEST.findall(row[-1])})
)
def test_every_test_that_is_named_exists(path: str) -> None:
    source = (ROOT / "tests" / path).read_text(encoding="utf-8")
    there = {name or taken_over for name, taken_over in THERE.findall(source)}
    named = {
        name for table in rows() for row in table for file, name in TEST.findall(row[-1]) if file == path
    }
    assert named <= there
