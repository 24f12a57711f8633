"""Lists saved as text by whatever program was at hand."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.gateways.workbook_container import FileKind, encoding_of, recognise
from app.gateways.workbook_text import open_text
from app.rules.violations import RuleViolation

LINES = ["姓名,手机号", "王芳,13800000001", "买买提·艾力,13800000002"]
ROWS = [(1, ["姓名", "手机号"]), (2, ["王芳", "13800000001"]), (3, ["买买提·艾力", "13800000002"])]


def read(content: bytes):
    assert recognise(content) is FileKind.TEXT
    _, walk = open_text(content)
    return list(walk())


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
def test_the_encoding_is_told_by_the_bytes(encoding, end):
    assert read(end.join(LINES).encode(encoding)) == ROWS


def test_unicode_text_of_a_spreadsheet_is_utf_16_with_tabs():
    text = "\r\n".join(line.replace(",", "\t") for line in LINES)
    assert read(codecs.BOM_UTF16_LE + text.encode("utf-16-le")) == ROWS
    assert read(codecs.BOM_UTF16_BE + text.encode("utf-16-be")) == ROWS


def test_characters_of_all_planes_come_in_gb_18030():
    assert read("姓名,手机号\n王𠮷,1".encode("gb18030"))[1] == (2, ["王𠮷", "1"])


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_is_the_one_that_makes_a_table(separator):
    lines = [separator.join(line.split(",")) for line in LINES]
    assert read("\n".join(lines).encode()) == ROWS


def test_a_comma_inside_a_title_separates_nothing():
    text = "名单，共2人,以此为准\n姓名;手机号;备注\n王芳;1;\n李强;2;x,y"
    assert read(text.encode())[1:] == [
        (2, ["姓名", "手机号", "备注"]),
        (3, ["王芳", "1", ""]),
        (4, ["李强", "2", "x,y"]),
    ]


def test_quoted_cells_may_hold_separators_quotes_and_line_breaks():
    assert read('姓名,备注\n"王芳","他说：""好"",\n然后"'.encode())[1] == (2, ["王芳", '他说："好",\n然后'])


@pytest.mark.parametrize("written", ['="310101199001011234"', '"=""310101199001011234"""'])
def test_a_number_wrapped_to_stay_a_text_is_unwrapped(written):
    assert read(f"姓名,证件号码\n王芳,{written}".encode())[1] == (2, ["王芳", "310101199001011234"])


def test_rows_have_the_numbers_that_a_spreadsheet_shows():
    assert [row for row, cells in read(b"a,b\n\n1,2\n,\n3,4") if any(cells)] == [1, 3, 5]


@pytest.mark.parametrize("text", ['a,b\n1,"2\n3,4', 'a,b\n"1"x,2', f'a,b\n"{"x" * 40_000}",1'])
def test_a_quotation_mark_without_its_partner_is_named_with_its_line(text):
    with pytest.raises(RuleViolation) as caught:
        read(text.encode())
    assert caught.value.code == "text_quotes"
    assert caught.value.facts["line"] >= 2


def test_a_text_cut_inside_a_character_is_damaged_rather_than_taken_for_another_encoding():
    with pytest.raises(RuleViolation) as caught:
        read("姓名,手机号\n王芳,1".encode()[:-4])
    assert caught.value.code == "workbook_damaged"


def test_bytes_that_are_no_text_in_any_of_them_are_refused():
    with pytest.raises(RuleViolation) as caught:
        read(b"a,b\n" * 20_000 + b"\xff\xff,\x80")
    assert caught.value.code == "text_encoding"
    assert encoding_of(b"\xff\xff") is None


@given(st.binary(max_size=300))
def test_any_bytes_are_a_kind_of_table_or_refused_by_a_reason(content):
    try:
        kind = recognise(content)
        if kind is FileKind.TEXT:
            _, walk = open_text(content)
            list(walk())
    except RuleViolation as problem:
        assert problem.code.startswith(("workbook_", "text_"))
