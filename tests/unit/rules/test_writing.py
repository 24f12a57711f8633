import io
import zipfile

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from app.rules.violations import RuleViolation
from app.rules.writing import (
    _INVISIBLE,
    cell_text,
    compact,
    half_width,
    hidden_sign,
    number_text,
    require_value,
)

ANY = st.text(st.characters(codec="utf-8"))


@pytest.mark.parametrize("code", _INVISIBLE)
def test_an_invisible_sign_is_taken_off_and_python_calls_it_unprintable(code):
    assert not chr(code).isprintable()
    assert cell_text(f"上{chr(code)}海") == "上海"


@given(ANY)
def test_what_is_stored_of_a_cell_can_stand_in_every_xml_file(text):
    stored = cell_text(text)
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"strings_to_formulas": False, "strings_to_urls": False})
    book.add_worksheet().write_string(0, 0, stored)
    book.close()
    with zipfile.ZipFile(out) as parts:
        shared = parts.read("xl/sharedStrings.xml").decode()
    assert not any(ord(sign) < 0x20 and sign not in "\t\n\r" or sign in "\ufffe\uffff" for sign in shared)


@given(ANY)
def test_mending_a_text_again_changes_nothing(text):
    assert cell_text(cell_text(text)) == cell_text(text)
    assert half_width(half_width(text)) == half_width(text)
    assert compact(compact(text)) == compact(text)


@pytest.mark.parametrize(
    "written", ["'310101", "\u2019310101", "`310101", " ' 310101", "３１０１０１", "310101.0"]
)
def test_what_keeps_a_number_from_a_spreadsheet_is_taken_off(written):
    assert number_text(written) == "310101"


@pytest.mark.parametrize("written", ["3.1E+17", "3.10101E17", "3e+17", "1234567890123456.00", 1e15, 10**17])
def test_a_number_that_lost_digits_is_never_guessed(written):
    with pytest.raises(RuleViolation) as caught:
        number_text(written)
    assert caught.value.code == "number_rounded"


@pytest.mark.parametrize("passport", ["12E12345", "E1234567", "1E5"])
def test_a_number_with_a_letter_is_no_rounded_one(passport):
    assert number_text(passport) == passport


@pytest.mark.parametrize("plain", ["#1 号楼", "a=b", "-1", "@王", 5, ""])
def test_only_errors_and_formulas_are_no_values(plain):
    require_value(plain)


@pytest.mark.parametrize(
    ("text", "sign"), [("王芳", None), ("王\u202e芳", "U+202E"), ("\x07", "U+0007"), ("\u3000\n", None)]
)
def test_a_hidden_sign_is_told_by_its_number(text, sign):
    assert hidden_sign(text) == sign
