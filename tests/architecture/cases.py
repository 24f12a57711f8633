"""Every route, and what its address and its body can name: the table that the visibility matrix runs over.

A new route without a line here fails the suite.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tests.architecture.world import OFFERED_FILE, WRITTEN_EXPORT, YEAR, Kind


class Other(StrEnum):
    """What a body or a query names besides the objects of ``Kind``."""

    CODE = "code"
    """A union's code."""
    MARK = "mark"
    """The beginning of every mark: a search for it finds whatever can be found."""
    EMPLOYER = "employer"
    EMPLOYER_CODE = "employer_code"


Names = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """``objects``: parts of the address that name an object. ``fixed``: the parts that don't.

    ``body``: what a POST or PUT needs so that it would go through. ``queries``: addresses to look at, and
    ``bodies``: bodies to send, in which a foreign object is named. ``alone``: what the bare address may answer
    to somebody who may open it. ``part``: a piece that a page puts into itself, not a page.
    """

    objects: Mapping[str, Kind] = field(default_factory=dict)
    fixed: Names = field(default_factory=dict)
    body: Any = field(default_factory=dict)
    queries: Sequence[Names] = ()
    bodies: Sequence[tuple[Names, Any]] = ()
    """Query and body."""
    alone: tuple[int, ...] = (200, 302)
    part: bool = False


U, A, M, B, D, V, N, R, S, T, E = (
    Kind.UNION, Kind.ACCOUNT, Kind.MEMBER, Kind.BATCH, Kind.DISTRICT_BATCH, Kind.VOUCHER, Kind.NOTICE,
    Kind.IMPORT, Kind.SPLIT, Kind.TRANSFER, Kind.ERASURE,
)  # fmt: skip

NOBODYS = 2**40
"""A number that no row has."""

IN_YEAR = {"year": YEAR}
BY_CARD = {"year": YEAR, "channel": "member_card"}
BY_SOCIAL_CARD = {"year": YEAR, "channel": "social_card"}
REASON = {"reason_code": "other", "text": "请核对"}
KEEP = {"keep-reason_code": "flexible", "keep-text": ""}
CHOSEN = {"member_ids": [M]}
SEARCH = {"name": Other.MARK}
ACCOUNT = {
    "username": "newcomer",
    "email": "newcomer@example.org",
    "name": "新人",
    "role": "operator",
    "union_code": Other.CODE,
}
INVITATION = {"email": "newcomer@example.org", "role": "operator", "union_code": Other.CODE}
MEMBER = {
    "name": "新人",
    "id_type": "passport",
    "id_number": "E77777777",
    "phone": "13300000000",
    "sex": "male",
    "birth_date": "1990-01-01",
    "kind": "employed",
}
SPLIT = {"district_share": "13.00", "grassroots_share": "0.00"}
PLAN = {"plan": "A", "term": "full"}
HANDLER = {"name": "李经办", "phone": "13800000000", "email": "li@example.org"}
EXTENSION = {
    "window": "review",
    "union_code": Other.CODE,
    "closes_at": "2028-12-31T00:00:00+08:00",
    "reason": "延期",
}

SCREENS: dict[str, Case] = {
    "Home.index": Case(),
    "Messages.list": Case(queries=[{"list": "unread", "kind": "reminder"}]),
    "Messages.open": Case(fixed={"row_id": NOBODYS}, alone=(404,)),
    "Messages.mark": Case(body={"mark": f"read:{NOBODYS}"}, alone=(404,)),
    "Messages.read_all": Case(),
    "Messages.undo": Case(body={"undo": "read:2026-01-01T00:00:00+08:00"}),
    "Messages.settings": Case(),
    "Announcements.list": Case(),
    "Announcements.downloads": Case(),
    "Announcements.read": Case(),
    "Announcements.file": Case(fixed={"row_id": OFFERED_FILE}),
    "Announcements.keep": Case(),
    "Announcements.create": Case(),
    "Announcements.edit": Case(fixed={"row_id": NOBODYS}, alone=(404,)),
    "Announcements.take_down": Case(fixed={"row_id": NOBODYS}, alone=(404,)),
    "Password.change": Case(),
    "Accounts.list": Case(queries=[{"text": Other.MARK}, {"union": Other.MARK}, {"union": Other.CODE}]),
    "Accounts.create": Case(bodies=[({}, ACCOUNT)]),
    "Accounts.reset": Case({"account_id": A}),
    "Accounts.active": Case({"account_id": A}, body={"active": "no"}),
    "Accounts.show": Case({"account_id": A}),
    "Accounts.role": Case({"account_id": A}, body={"role": "operator"}),
    "Accounts.second_factor": Case({"account_id": A}),
    "Accounts.end_sessions": Case({"account_id": A}),
    "Accounts.end_session": Case({"account_id": A}, {"session_id": 1}),
    "Invitations.list": Case(),
    "Invitations.create": Case(
        queries=[{"union": Other.CODE}, {"replaces": A}],
        bodies=[({}, INVITATION), ({"replaces": A}, INVITATION)],
    ),
    "Invitations.again": Case({"invitation_id": Kind.INVITATION}),
    "Invitations.withdraw": Case({"invitation_id": Kind.INVITATION}),
    "Online.list": Case(queries=[{"text": Other.MARK}]),
    "Letters.list": Case(),
    "Letters.show": Case(fixed={"row_id": 1}, alone=(404,)),
    "Profile.show": Case(),
    "Profile.end_session": Case(fixed={"session_id": 1}),
    "Profile.end_others": Case(),
    "SecondFactors.show": Case(),
    "SecondFactors.begin": Case(),
    "SecondFactors.confirm": Case(),
    "SecondFactors.codes": Case(),
    "SecondFactors.drop": Case(),
    "Audit.list": Case(queries=[{"person": Other.MARK}]),
    "Audit.export": Case(queries=[{"person": Other.MARK}]),
    "Audit.changes": Case(
        queries=[{"person": Other.MARK}, {"table": "member", "thing": M}, {"thing": Other.CODE}]
    ),
    "Audit.export_changes": Case(queries=[{"person": Other.MARK}, {"thing": M}]),
    "Audit.access": Case(queries=[{"person": Other.MARK}, {"kind": "refusal"}, {"thing": M}]),
    "Audit.export_access": Case(queries=[{"kind": "export"}]),
    "Centre.queue": Case(queries=[{"district": Other.MARK}, {"number": "CB"}]),
    "Centre.batch": Case({"row_id": D}),
    "Centre.accept": Case({"row_id": D}),
    "Centre.reject": Case({"row_id": D}, body=REASON),
    "Centre.vouchers": Case(),
    "Centre.voucher": Case({"row_id": V}),
    "Centre.settle": Case({"row_id": V}),
    "Centre.reject_voucher": Case({"row_id": V}, body=REASON),
    "Confirmation.screen": Case(
        fixed=BY_SOCIAL_CARD,
        queries=[{"bucket": "all"}, {"bucket": "elsewhere"}, {"bucket": "all", **SEARCH}],
        bodies=[({}, {"plan": "A", "member_ids": [M]})],
    ),
    "Confirmation.people": Case(fixed=BY_CARD, queries=[{"bucket": "all"}, SEARCH]),
    "Confirmation.people_full": Case(
        fixed=BY_CARD, body={"reason": ""}, queries=[{"bucket": "all"}, SEARCH], alone=(200, 422)
    ),
    "Cover.search": Case(queries=[SEARCH, {"name": "有卡"}]),
    "Cover.log": Case({"row_id": B, "member_id": Kind.COVERED}),
    "Dictionary.list": Case(),
    "Dictionary.add": Case(),
    "Dictionary.edit": Case(fixed={"pk": 1}),
    "Dictionary.delete": Case(fixed={"pk": 1}),
    "DistrictBatches.list": Case(queries=[{"number": "CB"}]),
    "DistrictBatches.detail": Case({"row_id": D}),
    "DistrictBatches.vouchers": Case({"row_id": D}),
    "DistrictBatches.upload": Case(
        {"row_id": D}, body={"title": "", "amount": "1.00", "paid_on": "2024-12-30", "file": "voucher.pdf"}
    ),
    "DistrictBatches.voucher": Case({"row_id": V}),
    "DistrictBatches.notice": Case({"row_id": D}),
    "Documents.notice": Case({"number": N}),
    "Employers.list": Case(queries=[{"text": Other.MARK}, {"union": Other.MARK}, {"union": Other.CODE}]),
    "Enrolment.member_card": Case(queries=[{"number": "JC"}]),
    "Enrolment.social_card": Case(queries=[{"number": "JC"}]),
    "Enrolment.batch": Case({"row_id": B}),
    "Enrolment.submitted": Case({"row_id": B}),
    "Expiring.list": Case(
        queries=[{"state": "unknown"}, {"state": "soon"}],
        bodies=[
            ({}, {"member_ids": M, "expires_on": "2999-12-31"}),
            ({"state": "unknown"}, {"picked": M, "long_term": "1"}),
        ],
    ),
    "Erasures.list": Case(queries=[{"state": "requested"}]),
    "Erasures.show": Case({"row_id": E}),
    "Erasures.approve": Case({"row_id": E}),
    "Erasures.refuse": Case({"row_id": E}, body={"answer": "请核对"}),
    "Erasures.withdraw": Case({"row_id": E}),
    "FeeSplits.list": Case(),
    "FeeSplits.choose": Case(fixed=IN_YEAR | PLAN, queries=[{"text": Other.MARK}, {"text": Other.CODE}]),
    "FeeSplits.edit": Case(
        fixed=IN_YEAR | PLAN, queries=[{"union_id": U}], bodies=[({"union_id": U}, SPLIT)]
    ),
    "FeeSplits.drop": Case({"row_id": S}),
    "Fees.municipal": Case(),
    "Fees.edit": Case(fixed=IN_YEAR | PLAN | {"category": "ordinary"}),
    "Filing.file": Case(),
    "Filing.filed": Case({"row_id": D}),
    "Imports.list": Case(
        bodies=[({}, {"kind": "members", "employer_code": Other.EMPLOYER_CODE, "file": "people.xlsx"})]
    ),
    "Imports.template": Case(fixed={"kind": "members"}),
    "Imports.show": Case({"row_id": R}),
    "Imports.part": Case({"row_id": R}, part=True),
    "Imports.errors": Case({"row_id": R}),
    "Imports.commit": Case({"row_id": R}),
    "Marks.waiting": Case(fixed=BY_CARD, queries=[SEARCH]),
    "Marks.confirm": Case({"row_id": M}, BY_CARD),
    "Marks.withdraw": Case({"row_id": M}, BY_CARD),
    "Marks.decide": Case({"row_id": M}, BY_CARD),
    "Marks.exclude": Case({"row_id": M}, BY_CARD, REASON),
    "Marks.include": Case({"row_id": M}, BY_CARD),
    "Marks.keep": Case({"row_id": M}, BY_CARD, KEEP),
    "Marks.withdraw_keep": Case({"row_id": M}, BY_CARD),
    "Marks.retirement_class": Case({"row_id": M}, BY_CARD, {"retirement_class": "f55"}),
    "Members.list": Case(queries=[SEARCH, {"name": "有卡"}, {"union_id": U}]),
    "Members.export": Case(queries=[SEARCH, {"union_id": U}]),
    "Members.show": Case({"row_id": M}),
    "Numbers.member": Case({"row_id": M}, body={"reason": "办卡"}),
    "Numbers.export": Case(queries=[SEARCH, {"union_id": U}]),
    "Search.find": Case(body={"page": "/members/"}, alone=(303, 404)),
    "Members.create": Case(bodies=[({}, MEMBER | {"employer_id": Other.EMPLOYER})]),
    "Members.edit": Case({"row_id": M}, body=MEMBER),
    "Monitor.live": Case(),
    "Monitor.below": Case({"row_id": U}),
    "Monitor.figures": Case({"row_id": U}, part=True),
    "Retirement.list": Case(queries=[{"tab": "retired"}, {"tab": "kept", **SEARCH}, {"tab": "excluded"}]),
    "Retirement.export": Case(fixed=IN_YEAR, queries=[{"tab": "retired"}, SEARCH]),
    "Retirement.set_class": Case(fixed=IN_YEAR | {"klass": "f55"}, bodies=[({}, CHOSEN)]),
    "Retirement.keep": Case(fixed=IN_YEAR, bodies=[({}, CHOSEN | KEEP)]),
    "Retirement.withdraw_keep": Case(fixed=IN_YEAR, bodies=[({}, CHOSEN)]),
    "Retirement.exclude": Case(fixed=IN_YEAR, bodies=[({}, CHOSEN | REASON)]),
    "Retirement.include": Case(fixed=IN_YEAR, bodies=[({}, CHOSEN)]),
    "Retirement.paper": Case({"row_id": Kind.KEPT}, IN_YEAR),
    "PersonalDataScreen.show": Case({"row_id": M}),
    "PersonalDataScreen.export": Case({"row_id": M}, body={"reason": "本人查阅"}),
    "PersonalDataScreen.ask": Case({"row_id": M}, body={"asker": "person", "ground": "purpose_ended"}),
    "Review.collective": Case(
        queries=[{"union_name": Other.MARK}, {"parent_name": Other.MARK}, {"union_code": Other.CODE}],
        bodies=[({}, {"ids": [B]})],
    ),
    "Review.approved": Case(queries=[{"union_name": Other.MARK}], bodies=[({}, {"ids": [B]})]),
    "Review.batch": Case({"row_id": B}, body=REASON, queries=[{"member_ids": M}]),
    "Review.payment": Case({"row_id": B}, body={"amount": "5.00", "paid_on": "2024-12-20"}),
    "Review.payments": Case(bodies=[({}, {"ids": [B]}), ({}, {"ids": [B], "paid_on": "2024-12-20"})]),
    "Review.withdraw_payment": Case({"row_id": B}),
    "Schedule.runs": Case(),
    "Schedule.show": Case(fixed={"row_id": 1}, alone=(404,)),
    "Schedule.run": Case(fixed={"name": "records.forget_old"}),
    "Schedule.again": Case(fixed={"row_id": 1}, alone=(404,)),
    "Schedule.pause": Case(fixed={"name": "records.forget_old"}),
    "Schedule.resume": Case(fixed={"name": "records.forget_old"}),
    "Jobs.list": Case(queries=[{"tab": "ended"}]),
    "Jobs.retry": Case(fixed={"row_id": 1}, alone=(404,)),
    "Jobs.cancel": Case(fixed={"row_id": 1}, alone=(404,)),
    "Lapsed.list": Case(queries=[{"union": Other.MARK}, {"why": "unpaid"}]),
    "Lapsed.people": Case(queries=[SEARCH, {"batch": B}]),
    "Exports.list": Case(),
    "Exports.ask": Case(fixed={"what": "members"}, queries=[SEARCH]),
    "Exports.show": Case(fixed={"row_id": NOBODYS}, alone=(404,)),
    "Exports.part": Case(fixed={"row_id": NOBODYS}, alone=(404,)),
    "Exports.cancel": Case(fixed={"row_id": NOBODYS}, alone=(404,)),
    "Exports.file": Case(fixed={"row_id": WRITTEN_EXPORT}, alone=(200, 404)),
    "Progress.list": Case(queries=[{"name": Other.MARK}, {"place": U}, {"stage": "not_started"}]),
    "Progress.export": Case(queries=[{"place": U}, {"name": Other.MARK}]),
    "Progress.remind": Case(
        body={"what": "all"}, bodies=[({}, {"what": U}), ({}, {"what": "ticked", "ids": [U]})]
    ),
    "Statistics.form": Case(
        queries=[{"district_id": U}, {"level": "grassroots"}, {"level": "grassroots", "district_id": U}]
    ),
    "Statistics.download": Case(queries=[{"district_id": U}, {"level": "grassroots"}]),
    "Transfers.accept": Case(bodies=[({}, {"ids": [T]})]),
    "Transfers.ask": Case(
        queries=[{"import_id": R, "row": 2}],
        bodies=[({}, {"name": "新人", "id_type": "passport", "id_number": "E77777777", "to": Other.CODE})],
    ),
    # Whoever knows a union's whole code may offer members to it and then reads its name; nobody can search.
    "Transfers.choose": Case(
        queries=[SEARCH, {"to": Other.MARK}, {"sender": Other.MARK}],
        bodies=[({}, {"to": Other.CODE, "member_ids": [M]})],
    ),
    "Transfers.refuse": Case(bodies=[({}, {"ids": [T]} | REASON)]),
    "Transfers.review": Case(queries=[SEARCH, {"union": Other.MARK}, {"list": "sent"}, {"list": "done"}]),
    "Transfers.withdraw": Case(bodies=[({}, {"ids": [T]})]),
    "Unions.list": Case(queries=[{"text": Other.MARK}, {"text": Other.CODE}, {"parent_id": U}]),
    "Unions.create": Case(queries=[{"parent": Other.CODE}]),
    "Unions.edit": Case({"row_id": U}),
    "WorkingDays.year": Case(),
    "WorkingDays.change": Case(
        body={"first": "2027-01-01", "last": "2027-01-03", "kind": "holiday", "name": "元旦"}
    ),
    "Years.list": Case(),
    "Years.add_plan": Case(body={"code": "C", "name": "C类"}),
    "Years.create": Case(),
    "Years.show": Case(fixed=IN_YEAR),
    "Years.edit": Case(fixed=IN_YEAR),
    "Years.extend": Case(fixed=IN_YEAR),
    "Years.end_extension": Case(fixed=IN_YEAR | {"row_id": 1}, alone=(404,)),
}

API: dict[str, Case] = {
    "CoverApi.enrolments": Case(
        queries=[{"person": "E77777777"}, {"member_id": M}, {"year": YEAR}], alone=(200, 404, 422)
    ),
    "DocumentsApi.notice": Case({"number": N}),
    "EnrolmentApi.confirm": Case(fixed=IN_YEAR, bodies=[({}, {"member_ids": [M]})]),
    "EnrolmentApi.get_batch": Case({"batch_id": B}),
    "EnrolmentApi.list_batches": Case(queries=[{"union_id": U}, {"second_id": U}]),
    "EnrolmentApi.people": Case(fixed=BY_CARD, queries=[{"union_id": U}], alone=(200, 404, 422)),
    "EnrolmentApi.preview": Case(fixed=BY_CARD, queries=[{"union_id": U}], alone=(200, 404, 422)),
    "EnrolmentApi.submit": Case(
        fixed=IN_YEAR,
        body={"channel": "member_card", "plan": "A"},
        bodies=[({}, {"channel": "social_card", "plan": "A", "member_ids": [M]})],
    ),
    "FiguresApi.monitor": Case(fixed=IN_YEAR, queries=[{"district_id": U}]),
    "FiguresApi.statistics": Case(fixed=IN_YEAR, queries=[{"district_id": U}, {"level": "grassroots"}]),
    "ImportsApi.commit": Case({"import_id": R}),
    "ImportsApi.errors": Case({"import_id": R}),
    "ImportsApi.get_import": Case({"import_id": R}),
    "ImportsApi.import_answers": Case(fixed={"name": "bank"}),
    "ImportsApi.import_employers": Case(),
    "ImportsApi.import_members": Case(
        bodies=[({}, {"kind": "employed", "employer_code": Other.EMPLOYER_CODE, "file": "people.xlsx"})]
    ),
    "ImportsApi.import_unions": Case(),
    "ImportsApi.template": Case(),
    "LoginApi.logout": Case(),
    "MembersApi.list_members": Case(queries=[{"union_id": U}, SEARCH, {"name": "有卡"}]),
    "OrganisationApi.create_account": Case(bodies=[({}, ACCOUNT)]),
    "OrganisationApi.create_union": Case(),
    "OrganisationApi.list_unions": Case(queries=[{"parent_id": U}, {"q": Other.MARK}, {"q": Other.CODE}]),
    "OrganisationApi.me": Case(),
    "ReviewApi.approve": Case({"batch_id": B}),
    "ReviewApi.approve_many": Case(bodies=[({}, {"ids": [B]})]),
    "ReviewApi.return_": Case({"batch_id": B}, body=REASON),
    "ReviewApi.unapprove": Case({"batch_id": B}),
    "SettlementApi.accept": Case({"batch_id": D}),
    "SettlementApi.file": Case(fixed=IN_YEAR, body={"handler": HANDLER}),
    "SettlementApi.get_district_batch": Case({"batch_id": D}),
    "SettlementApi.list_district_batches": Case(queries=[{"district_id": U}]),
    "SettlementApi.reject": Case({"batch_id": D}, body=REASON),
    "SettlementApi.reject_voucher": Case({"voucher_id": V}, body=REASON),
    "SettlementApi.settle": Case({"voucher_id": V}),
    "SettlementApi.upload": Case(
        {"batch_id": D}, body={"title": "", "amount": "1.00", "paid_on": "2024-12-30", "file": "voucher.pdf"}
    ),
    "YearsApi.extend": Case(fixed=IN_YEAR, bodies=[({}, EXTENSION)]),
    "YearsApi.get_fees": Case(fixed=IN_YEAR),
    "YearsApi.get_year": Case(fixed=IN_YEAR),
    "YearsApi.put_fees": Case(fixed=IN_YEAR, body=[]),
    "YearsApi.put_split": Case(fixed=IN_YEAR, bodies=[({}, PLAN | SPLIT | {"union_id": U})]),
    "YearsApi.put_year": Case(fixed=IN_YEAR),
}

OPEN_TO_ALL: dict[str, str] = {
    "Documents.verify": "what the QR code of a notice opens; 404 without the code that stands on the paper",
    "LanguageSwitch.switch": "sets the language of the browser's session",
    "LocaleView.index": "the framework's own way to do so",
    "LoginApi.login": "signs in",
    "LoginView.captcha": "another riddle for the login page",
    "LoginView.code": "the second factor, for who brings a sealed proof of the password",
    "LoginView.login": "signs in",
    "LoginView.logout": "signs out",
    "Registration.register": "what the link of an invitation opens; 404 without its secret part",
    "SignInHelp.manual": "the manual, the same for everybody",
    "SignInHelp.file": "files of announcements for everybody",
    "SignInHelp.notices": "announcements for everybody, and the calendar of the year in work",
    "SignInHelp.support": "whom to turn to",
    "OpenApiDocument.document": "the document of the API",
    "UtilView.back": "goes back to the last page of the session",
    "appbuilder.static": "the framework's assets",
    "health.healthz": "whether the process lives",
    "health.readyz": "whether it can work",
    "metrics.show": "requests by endpoint and jobs by state",
    "static": "assets",
}
"""Routes that show nobody's data, with the reason."""

CASES = SCREENS | API
