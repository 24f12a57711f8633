from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.cn import ric, uscc

from app.rules import identity
from app.rules.identity import (
    check_address,
    check_card_number,
    check_document,
    check_name,
    check_organisation_code,
    check_phone,
    check_union_code,
    needs_special_channel,
)
from app.rules.members import IdType, Sex
from app.rules.violations import RuleViolation

TODAY = date(2026, 11, 20)
RESIDENT = "11010519491231002X"


def document(id_type, cell, remark=""):
    return check_document(id_type, cell, today=TODAY, remark=remark)


def refusal(check, *args, **kwargs):
    with pytest.raises(RuleViolation) as caught:
        check(*args, **kwargs)
    return caught.value.code


@pytest.mark.parametrize(
    "written",
    [
        RESIDENT,
        RESIDENT.lower(),
        " 110105 19491231 002x ",
        "１１０１０５１９４９１２３１００２Ｘ",
        f"'{RESIDENT}",
        f"\u2018{RESIDENT}",
        f"\t{RESIDENT}\u202c",
        "\ufeff110105\u3000194912310\u00a002X\u200b",
    ],
)
def test_a_resident_number_is_mended_and_tells_birth_and_sex(written):
    found = document(IdType.RESIDENT_ID, written)
    assert (found.number, found.birth, found.sex) == (RESIDENT, date(1949, 12, 31), Sex.FEMALE)


@pytest.mark.parametrize(
    ("id_type", "cell", "code"),
    [
        (IdType.RESIDENT_ID, "", "id_number_length"),
        (IdType.RESIDENT_ID, "1101051949123100", "id_number_length"),
        (IdType.RESIDENT_ID, "110105491231002", "id_number_old"),
        (IdType.RESIDENT_ID, "11010519491231A02X", "id_number_characters"),
        (IdType.RESIDENT_ID, "110105194912310021", "id_number_check"),
        (IdType.RESIDENT_ID, "31010119900230123X", "id_number_date"),
        (IdType.RESIDENT_ID, "310101189001010016", "id_number_date"),
        (IdType.RESIDENT_ID, "310101203001010016", "id_number_date"),
        (IdType.RESIDENT_ID, "310101199001010000", "number_rounded"),
        (IdType.RESIDENT_ID, 3.10101199001011e17, "number_rounded"),
        (IdType.RESIDENT_ID, 310101199001011000, "number_rounded"),
        (IdType.RESIDENT_ID, "3.10101E+17", "number_rounded"),
        (IdType.RESIDENT_ID, "3.1e17", "number_rounded"),
        (IdType.RESIDENT_ID, "310101199001011234.0", "number_rounded"),
        (IdType.RESIDENT_ID, "810000199001010017", "id_number_other_type"),
        (IdType.RESIDENCE_PERMIT, RESIDENT, "id_number_other_type"),
        (IdType.RESIDENCE_PERMIT, "81000019900101", "id_number_length"),
        (IdType.HONG_KONG_MACAO_PERMIT, "X12345678", "hong_kong_macao_permit_shape"),
        (IdType.HONG_KONG_MACAO_PERMIT, "H1234567", "hong_kong_macao_permit_shape"),
        (IdType.TAIWAN_PERMIT, "1234567", "taiwan_permit_shape"),
        (IdType.FOREIGN_PERMANENT_RESIDENT, "US310199001011", "foreign_permit_shape"),
        (IdType.PASSPORT, "E123", "passport_shape"),
        (IdType.PASSPORT, "E-12345678", "passport_shape"),
    ],
)
def test_a_number_that_cannot_be_is_refused_by_the_reason(id_type, cell, code):
    assert refusal(document, id_type, cell) == code


@pytest.mark.parametrize(
    ("id_type", "cell", "number"),
    [
        (IdType.HONG_KONG_MACAO_PERMIT, "h12345678", "H12345678"),
        (IdType.HONG_KONG_MACAO_PERMIT, "M1234567801", "M1234567801"),
        (IdType.TAIWAN_PERMIT, 12345678, "12345678"),
        (IdType.TAIWAN_PERMIT, 12345678.0, "12345678"),
        (IdType.TAIWAN_PERMIT, "12345678.0", "12345678"),
        (IdType.FOREIGN_PERMANENT_RESIDENT, "usa310199001011", "USA310199001011"),
        (IdType.PASSPORT, " e1234 5678 ", "E12345678"),
        (IdType.PASSPORT, "5E1234567", "5E1234567"),
    ],
)
def test_other_documents_come_out_normalised_and_tell_nothing_more(id_type, cell, number):
    found = document(id_type, cell)
    assert (found.number, found.birth, found.sex) == (number, None, None)


@pytest.mark.parametrize(
    ("id_type", "body"),
    [
        (IdType.RESIDENCE_PERMIT, "81000019900101001"),
        (IdType.RESIDENCE_PERMIT, "83000019900101002"),
        (IdType.FOREIGN_PERMANENT_RESIDENT, "91184019900101003"),
    ],
)
def test_permits_of_18_digits_are_checked_like_resident_numbers(id_type, body):
    number = body + identity.resident_check_character(body)
    found = document(id_type, number)
    assert found.birth == date(1990, 1, 1)
    assert found.sex is (Sex.MALE if int(body[16]) % 2 else Sex.FEMALE)
    wrong = body + ("1" if number[17] != "1" else "2")
    assert refusal(document, id_type, wrong) == "id_number_check"


def test_a_wrong_check_character_passes_only_with_the_explicit_remark():
    assert refusal(document, IdType.RESIDENT_ID, "110105194912310021", remark="老证件") == "id_number_check"
    assert (
        document(IdType.RESIDENT_ID, "110105194912310021", remark="校验位不符，已核实原件").number
        == "110105194912310021"
    )


@pytest.mark.parametrize("rounded", [310101199001011000, "310101199001010000", "3.10101E+17"])
def test_the_remark_does_not_excuse_what_a_spreadsheet_rounded_nor_an_impossible_date(rounded):
    assert refusal(document, IdType.RESIDENT_ID, rounded, remark="已核实原件") == "number_rounded"
    assert (
        refusal(document, IdType.RESIDENT_ID, "31010119900230123X", remark="已核实原件") == "id_number_date"
    )


@given(st.dates(date(1900, 1, 1), TODAY), st.integers(0, 999))
def test_the_check_character_is_that_of_stdnum(birth, sequence):
    body = f"310101{birth:%Y%m%d}{sequence:03d}"
    assert identity.resident_check_character(body) == ric.calc_check_digit(body + "0")


@given(
    st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=9, max_size=9),
    st.sampled_from(["81", "89", "91", "12", "93"]),
)
def test_organisation_codes_are_those_that_stdnum_accepts(body, prefix):
    code = f"{prefix}310000{body}"
    code += identity.organisation_check_character(code)
    assert uscc.is_valid(code)
    assert check_organisation_code(code.lower()) == code
    wrong = code[:17] + ("A" if code[17] != "A" else "B")
    assert not uscc.is_valid(wrong)
    assert refusal(check_organisation_code, wrong) == "organisation_code_check"


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("9131000000700000", "organisation_code_length"),
        ("9131000000700000IA", "organisation_code_characters"),
        ("91310000007000000S", "organisation_code_characters"),
        ("810000000000000000", "number_rounded"),
        (8.1310000007e17, "number_rounded"),
    ],
)
def test_an_organisation_code_that_cannot_be_is_refused_by_the_reason(code, problem):
    assert refusal(check_organisation_code, code) == problem


def test_a_union_code_begins_with_81_or_89():
    assert check_union_code("81310000007000001B") == "81310000007000001B"
    assert refusal(check_union_code, "91310000007000001A") == "union_code_prefix"


@given(st.text("0123456789", min_size=16, max_size=19))
def test_card_numbers_are_those_that_luhn_accepts(number):
    if luhn.is_valid(number):
        assert check_card_number(number) == number
    else:
        assert refusal(check_card_number, number) in {"card_number_check", "number_rounded"}


@pytest.mark.parametrize(
    ("cell", "code"),
    [("623162", "card_number_shape"), (6.23162123456789e18, "number_rounded"), ("", "card_number_shape")],
)
def test_a_card_number_that_cannot_be_is_refused(cell, code):
    assert refusal(check_card_number, cell) == code


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("王一", "王一"),
        (" 张　三 ", "张三"),
        ("买买提•艾力", "买买提·艾力"),
        ("买买提‧艾力", "买买提·艾力"),
        ("买买提・艾力", "买买提·艾力"),
        ("买买提.艾力", "买买提·艾力"),
        ("买买提．艾力", "买买提·艾力"),
        ("买买提 · 艾力", "买买提·艾力"),
        ("王𠮷", "王𠮷"),
        ("李㐂", "李㐂"),
        ("赵䶮", "赵䶮"),
        ("陈𫖯", "陈𫖯"),
        ("\U00031350某", "\U00031350某"),
        ("John F. Kennedy", "John F. Kennedy"),
        ("\n王一\r\n", "王一"),
        ("王\u200b一\ufeff", "王一"),
        ("'t Hooft", "'t Hooft"),
        ("O'Neil  Mary-Jane", "O'Neil Mary-Jane"),
        ("Ｊｏｈｎ", "John"),
        ("长" * 50, "长" * 50),
        ("𠮷" * 100, "𠮷" * 100),
    ],
)
def test_a_name_is_kept_as_it_is_but_for_dots_and_blanks(written, stored):
    assert check_name(written) == stored


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("", "name_required"),
        (" \u3000\u200b", "name_required"),
        ("长" * 101, "name_length"),
        ("王2", "name_character"),
        ("王☺", "name_character"),
        ("王\x07", "name_hidden_sign"),
        ("王\u202e芳", "name_hidden_sign"),
        ("\u200f王芳", "name_hidden_sign"),
        ("王芳\n李强", "name_line_break"),
        ("王芳\u2028李强", "name_line_break"),
        ("=cmd|' /C calc'!A0", "name_character"),
        ("@SUM(A1)", "name_character"),
        ("-'", "name_character"),
        ("王\U0001f600", "name_character"),
        ("王\ue000", "name_private_character"),
    ],
)
def test_a_name_that_is_none_is_refused(written, code):
    assert refusal(check_name, written) == code


@given(st.text())
def test_a_checked_name_is_accepted_again_unchanged(text):
    try:
        name = check_name(text)
    except RuleViolation:
        return
    assert check_name(name) == name


@pytest.mark.parametrize(
    ("name", "special"),
    [("王一", False), ("一" * 10, False), ("一" * 11, True), ("王𠮷", True), ("买买提·艾力", False)],
)
def test_long_names_and_characters_the_bank_lacks_go_to_the_special_channel(name, special):
    assert needs_special_channel(name) is special


@pytest.mark.parametrize(
    "written",
    [
        "13800000001",
        13800000001,
        13800000001.0,
        "138-0000-0001",
        "+86 13800000001",
        "１３８ ００００ ０００１",
        "8613800000001",
        "'13800000001",
        "13800000001.0",
        "\u202d138 0000 0001\u202c",
    ],
)
def test_a_phone_number_is_11_digits_however_it_is_written(written):
    assert check_phone(written) == "13800000001"


@pytest.mark.parametrize("written", ["", "1370000", "138000000011", "1380000000x", "٣" * 11])
def test_a_phone_number_of_another_length_is_refused(written):
    assert refusal(check_phone, written) == "phone_shape"


@pytest.mark.parametrize("shown", ["1.38E+10", "1.38e10"])
def test_a_phone_number_that_a_spreadsheet_shortened_is_named_as_such(shown):
    assert refusal(check_phone, shown) == "number_rounded"


def test_an_address_has_more_than_6_and_fewer_than_20_han_characters():
    assert check_address(" 上海市黄浦区中山东一路14号 ") == "上海市黄浦区中山东一路14号"
    assert check_address("一" * 7) and check_address("一" * 19)
    assert refusal(check_address, "一" * 6 + "No.14") == "address_length"
    assert refusal(check_address, "一" * 20) == "address_length"
