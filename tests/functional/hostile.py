"""What nobody should send: the sound form and body of every screen and call, and values that spoil a field of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.architecture.cases import ACCOUNT, EXTENSION, HANDLER, INVITATION, MEMBER, SPLIT
from tests.architecture.world import YEAR, Kind

LONG = "长" * 10_000
HOSTILE: Mapping[str, str] = {
    "empty": "",
    "blank": " \t\n\u3000",
    "NUL": "a\x00b",
    "long": LONG,
    "scientific": "1e9",
    "comma": "12,5",
    "full-width": "１２．５０",
    "other digits": "٣٤",
    "negative": "-1",
    "huge": "9" * 30,
    "not a number": "NaN",
    "no such day": "2026-13-01",
    "day zero": "0000-00-00",
    "last day": "9999-12-31",
    "first day": "0001-01-01",
    "unknown word": "no_such_thing",
    "markup": "<script>alert(1)</script>{{ 7*7 }}%s%(x)s{x}{0}",
    "direction": "\u202eevil\u200b",
}
"""One of these at a time, in one field."""

PLACED_BY_DAY = {"opens_at": "2026-01-01", "closes_at": "2026-12-31"}
WINDOWS = ("fee_setting", "grassroots_submit", "review", "district_submit", "instant")
TEXTS = (
    "grassroots_programme",
    "grassroots_late_rule",
    "grassroots_signature",
    "retirement_warning",
    "district_programme",
    "district_late_rule",
    "district_signature",
    "account_holder",
    "account_number",
    "account_bank",
)
YEAR_FORM: Mapping[str, Any] = {
    "cover_start": "2027-01-01",
    "cover_end": "2027-12-31",
    "half_year_from": "",
    "grassroots_payment_due": "2026-12-25",
    "grassroots_payment_due_time": "24:00",
    "voucher_due_days": "15",
    "instant_start_rule": "approved_plus_1",
    "plans": "A",
    **{f"{window}_{end}": day for window in WINDOWS for end, day in PLACED_BY_DAY.items()},
    **{f"{window}_{end}_time": "00:00" for window in WINDOWS for end in PLACED_BY_DAY},
    **dict.fromkeys(TEXTS, "文字"),
}
FEE_FORM: Mapping[str, Any] = {
    "fee": "26.00",
    "municipal_share": "13.00",
    "district_share": "13.00",
    "grassroots_share": "0.00",
    "valid_from": "2024-10-01",
    "valid_from_time": "00:00",
    "valid_to": "2025-12-31",
    "valid_to_time": "24:00",
}
MEMBER_FORM: Mapping[str, Any] = MEMBER | dict.fromkeys(
    ("id_expires_on", "retirement_class", "tag", "work_address", "joined_on", "remark", "employer_id"), ""
)
REASON = {"reason_code": "other", "text": "请核对"}
KEEP = {"keep-reason_code": "flexible", "keep-text": "", "keep-file": "letter.pdf"}
TICKS = {"member_ids": Kind.MEMBER, "picked": "", "everyone": "", "idempotency_key": ""}
UNION_TEXTS = {"name": "新工会", "address": "", "contact_name": "", "contact_phone": ""}

FORMS: Mapping[str, Mapping[str, Any]] = {
    "Password.change": {"old": "x", "password": "Haicheng-2026", "again": "Haicheng-2026"},
    "Accounts.create": ACCOUNT,
    "Accounts.reset": {},
    "Accounts.active": {"active": "no"},
    "Accounts.role": {"role": "operator"},
    "Accounts.second_factor": {},
    "Accounts.end_sessions": {"back": "online"},
    "Accounts.end_session": {"back": ""},
    "Invitations.create": INVITATION,
    "Invitations.again": {},
    "Invitations.withdraw": {},
    "Profile.end_session": {},
    "Profile.end_others": {},
    "SecondFactors.begin": {"own_password": "x"},
    "SecondFactors.confirm": {"code": "123456"},
    "SecondFactors.codes": {"own_password": "x"},
    "SecondFactors.drop": {"own_password": "x"},
    "Centre.accept": {},
    "Centre.reject": REASON,
    "Centre.settle": {},
    "Centre.reject_voucher": REASON,
    "Confirmation.screen": {
        "plan": "A",
        "member_ids": "1",
        "picked": "",
        "everyone": "",
        "idempotency_key": "",
    },
    "Confirmation.people_full": {"reason": "办卡"},
    "Dictionary.add": {"kind": "return", "code": "new_code", "label_zh": "新", "label_en": "New"},
    "Dictionary.edit": {"kind": "return", "code": "new_code", "label_zh": "新", "label_en": "New"},
    "Dictionary.delete": {},
    "DistrictBatches.upload": {
        "title": "",
        "amount": "1.00",
        "paid_on": "2024-12-30",
        "file": "voucher.pdf",
        "idempotency_key": "",
    },
    "Erasures.approve": {},
    "Erasures.refuse": {"answer": "请核对"},
    "Erasures.withdraw": {},
    "Expiring.list": TICKS | {"expires_on": "2036-05-17", "long_term": ""},
    "FeeSplits.edit": SPLIT,
    "FeeSplits.drop": {"year": str(YEAR)},
    "Fees.edit": FEE_FORM,
    "Filing.file": HANDLER | {"expected_headcount": "1", "idempotency_key": ""},
    "Imports.list": {
        "kind": "members",
        "member_kind": "employed",
        "employer_code": "",
        "file": "people.xlsx",
        "idempotency_key": "",
    },
    "Imports.commit": {},
    "Marks.waiting": {},
    "Marks.confirm": {"back": "/"},
    "Marks.withdraw": {"back": "/"},
    "Marks.exclude": REASON | {"back": "/"},
    "Marks.include": {"back": "/"},
    "Marks.keep": KEEP | {"back": "/"},
    "Marks.retirement_class": {"retirement_class": "F55", "back": "/"},
    "Marks.withdraw_keep": {"seen": "", "back": "/"},
    "Members.create": MEMBER_FORM,
    "Members.edit": MEMBER_FORM,
    "Numbers.export": {"reason": "办卡"},
    "Numbers.member": {"reason": "办卡"},
    "PersonalDataScreen.ask": {"asker": "person", "ground": "purpose_ended", "note": ""},
    "PersonalDataScreen.export": {"reason": "本人查阅"},
    "Retirement.exclude": REASON | {"member_ids": "1:f55", "only": ""},
    "Retirement.include": {"member_ids": "1:f55", "only": ""},
    "Retirement.keep": KEEP | {"member_ids": "1:f55", "only": ""},
    "Retirement.set_class": {"member_ids": "1:f55", "only": ""},
    "Retirement.withdraw_keep": {"member_ids": "1:f55", "only": ""},
    "Review.collective": {"ids": "1"},
    "Review.approved": {"ids": "1"},
    "Review.batch": REASON | {"member_ids": Kind.MEMBER},
    "Search.find": {"page": "/members/", "id_number": "E12345678", "id_number_sealed": ""},
    "Transfers.accept": {"ids": "1"},
    "Transfers.ask": {
        "name": "王小明",
        "id_type": "passport",
        "id_number": "E12345678",
        "to": "",
        "note": "",
        "idempotency_key": "",
    },
    "Transfers.choose": TICKS | {"to": "x", "note": "", "picks": ""},
    "Transfers.refuse": REASON | {"ids": "1"},
    "Transfers.withdraw": {"ids": "1"},
    "Unions.create": UNION_TEXTS
    | {
        "code": "GH01",
        "type": "committee",
        "level": "grassroots",
        "parent_code": "x",
        "central_enterprise": "",
    },
    "Unions.edit": UNION_TEXTS,
    "Years.add_plan": {"code": "C", "name": "C类"},
    "Years.create": YEAR_FORM | {"year": "2027"},
    "Years.edit": YEAR_FORM,
    "Years.extend": EXTENSION | {"closes_at": "2027-12-31", "closes_at_time": "24:00"},
    "Years.end_extension": {},
    "WorkingDays.change": {"first": "2027-01-01", "last": "2027-01-03", "kind": "holiday", "name": "元旦"},
}
"""Every screen that takes a POST, and what a browser sends there."""

FEE_BODY = {
    "plan": "A",
    "union_category": "ordinary",
    "term": "full",
    "fee": "26.00",
    "municipal_share": "13.00",
    "district_share": "13.00",
    "grassroots_share": "0.00",
    "valid_from": "2024-10-01",
    "valid_to": "2025-12-31",
}
YEAR_BODY = {
    "cover": {"start": "2027-01-01", "end": "2027-12-31"},
    "windows": dict.fromkeys(WINDOWS, PLACED_BY_DAY),
    "grassroots_payment_due": "2026-12-25",
    "voucher_due_days": 15,
    "half_year_from": None,
    "instant_start_rule": "approved_plus_1",
    "plans": ["A"],
    "texts": {},
}
BODIES: Mapping[str, Any] = {
    "EnrolmentApi.confirm": {"member_ids": [1], "all": False},
    "EnrolmentApi.submit": {"channel": "member_card", "kind": "collective", "plan": "A", "member_ids": [1]},
    "ImportsApi.commit": None,
    "ImportsApi.import_answers": None,
    "ImportsApi.import_employers": None,
    "ImportsApi.import_members": None,
    "ImportsApi.import_unions": None,
    "LoginApi.logout": None,
    "OrganisationApi.create_account": ACCOUNT | {"password": None},
    "OrganisationApi.create_union": UNION_TEXTS
    | {
        "code": "GH01",
        "type": "committee",
        "level": "grassroots",
        "parent_id": Kind.UNION,
        "parent_code": None,
        "central_enterprise": False,
    },
    "ReviewApi.approve": None,
    "ReviewApi.approve_many": {"ids": [1]},
    "ReviewApi.return_": REASON | {"member_ids": [1]},
    "ReviewApi.unapprove": None,
    "SettlementApi.accept": None,
    "SettlementApi.file": {"handler": HANDLER},
    "SettlementApi.reject": REASON,
    "SettlementApi.reject_voucher": REASON,
    "SettlementApi.settle": None,
    "SettlementApi.upload": None,
    "YearsApi.extend": EXTENSION,
    "YearsApi.put_fees": [FEE_BODY],
    "YearsApi.put_split": {"plan": "A", "term": "full", "union_id": None} | SPLIT,
    "YearsApi.put_year": YEAR_BODY,
}
"""Every call that changes something, and the JSON it takes, if any."""

HOSTILE_JSON: Mapping[str, Any] = {
    **HOSTILE,
    "array": ["a"],
    "object": {"a": 1},
    "null": None,
    "true": True,
    "too large": 2**63,
    "below zero": -1,
    "fraction": 1.5,
    "half a character": "\ud800",
}
NO_JSON = (
    b"{",
    b"null",
    b"3",
    b'"x"',
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"a": NaN}',
    b"[[]]",
    b"[null]",
    b"9" * 5000,
)
