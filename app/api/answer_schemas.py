"""What the API answers, as the OpenAPI document has it: every field is named, and there is none besides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from app.rules.enrolment import BatchStatus, Bucket, Channel, EnrolmentKind, EnrolmentStatus, Term
from app.rules.imports import ImportKind, ImportState
from app.rules.members import CardStatus, EmploymentStatus, IdType, MembershipKind, SocialCardStatus
from app.rules.monitor import Stage
from app.rules.organisation import UnionCategory, UnionLevel, UnionType
from app.rules.settlement import DistrictBatchStatus, VoucherStatus
from app.rules.years import InstantStartRule, WindowName, WindowState
from app.security.roles import Role

Shape = dict[str, Any]

TEXT: Shape = {"type": "string"}
WHOLE: Shape = {"type": "integer"}
FLAG: Shape = {"type": "boolean"}
YUAN: Shape = {"type": "string", "pattern": r"^\d+\.\d{2}$", "example": "1378.00"}
DAY: Shape = {"type": "string", "format": "date"}
INSTANT: Shape = {"type": "string", "format": "date-time"}
ANYTHING: Shape = {"type": "object"}


def one_of(kind: type[StrEnum]) -> Shape:
    return {"type": "string", "enum": [each.value for each in kind]}


def or_none(shape: Shape) -> Shape:
    """A field that may be null."""
    if "$ref" in shape:
        return {"nullable": True, "allOf": [shape]}
    none = {"enum": [*shape["enum"], None]} if "enum" in shape else {}
    return shape | {"nullable": True} | none


def fields(optional: Iterable[str] = (), **shapes: Shape) -> Shape:
    """An object of these fields, all of them there but the optional ones."""
    return {
        "type": "object",
        "required": [name for name in shapes if name not in optional],
        "additionalProperties": False,
        "properties": shapes,
    }


def keyed(keys: Iterable[StrEnum], value: Shape) -> Shape:
    """An object with a value for some of the keys of a closed set."""
    return {"type": "object", "additionalProperties": False, "properties": {key.value: value for key in keys}}


def named(name: str) -> Shape:
    return {"$ref": f"#/components/schemas/{name}"}


def many(shape: Shape) -> Shape:
    return {"type": "array", "items": shape}


def page(row: Shape, **more: Shape) -> Shape:
    """A list: its rows, how many there are in all, and where it goes on."""
    count_is = {"type": "string", "enum": ["at_least"]}
    return fields(
        ("count_is", *more), count=WHOLE, result=many(row), next=or_none(TEXT), count_is=count_is, **more
    )


UNION_REF = fields(id=WHOLE, code=TEXT, name=TEXT)
COVER = fields(start=DAY, end=DAY)
NOTICE = or_none(fields(number=TEXT, version=WHOLE, url=TEXT))
MEMBER: Mapping[str, Shape] = {
    "id": WHOLE,
    "member_no": TEXT,
    "name": TEXT,
    "kind": one_of(MembershipKind),
    "id_type": one_of(IdType),
    "id_number": TEXT,
    "card_no": or_none(TEXT),
    "card_status": one_of(CardStatus),
    "employment_status": one_of(EmploymentStatus),
    "social_card_status": one_of(SocialCardStatus),
    "union_id": WHOLE,
    "tag": or_none(TEXT),
}
FEE: Mapping[str, Shape] = {
    "plan": TEXT,
    "union_category": one_of(UnionCategory),
    "term": one_of(Term),
    "fee": YUAN,
    "municipal_share": YUAN,
    "district_share": YUAN,
    "grassroots_share": YUAN,
}
STANDING: Mapping[str, Shape] = {
    "union": or_none(UNION_REF),
    "unions": WHOLE,
    "stages": keyed(Stage, WHOLE),
    "members": WHOLE,
    "people": WHOLE,
    "fee": YUAN,
    "owed": YUAN,
    "paid": YUAN,
}

ANSWERS: Mapping[str, Shape] = {
    "Me": fields(
        username=TEXT,
        roles=many(one_of(Role)),
        union=fields(id=WHOLE, code=TEXT, name=TEXT, level=or_none(one_of(UnionLevel))),
    ),
    "Account": fields(
        ("one_time_password",),
        id=WHOLE,
        username=TEXT,
        email=TEXT,
        role=one_of(Role),
        union_code=TEXT,
        one_time_password=TEXT,
    ),
    "Union": fields(
        id=WHOLE,
        code=TEXT,
        name=TEXT,
        type=one_of(UnionType),
        level=or_none(one_of(UnionLevel)),
        parent_id=or_none(WHOLE),
        district_id=or_none(WHOLE),
        central_enterprise=FLAG,
    ),
    "Member": fields(**MEMBER),
    "Person": fields(
        **MEMBER,
        bucket=one_of(Bucket),
        batch_id=or_none(WHOLE),
        elsewhere_union=or_none(TEXT),
        confirmed_at=or_none(INSTANT),
        exclusion_reason=or_none(TEXT),
    ),
    "Amounts": fields(fee=YUAN, municipal=YUAN, district=YUAN, grassroots=YUAN),
    "Event": fields(
        at=INSTANT,
        actor=TEXT,
        action=TEXT,
        **{"from": or_none(TEXT), "to": or_none(TEXT)},
        reason_code=or_none(TEXT),
        text=or_none(TEXT),
        facts=ANYTHING,
    ),
    "Batch": fields(
        ("events",),
        id=WHOLE,
        number=TEXT,
        year=WHOLE,
        channel=one_of(Channel),
        kind=one_of(EnrolmentKind),
        plan=TEXT,
        status=one_of(BatchStatus),
        union=UNION_REF,
        headcount=WHOLE,
        amounts=named("Amounts"),
        cover=COVER,
        submitted_at=INSTANT,
        updated_at=INSTANT,
        reviewed_level=or_none(one_of(UnionLevel)),
        return_reason=or_none(TEXT),
        return_text=or_none(TEXT),
        district_batch_id=or_none(WHOLE),
        notice=NOTICE,
        events=many(named("Event")),
    ),
    "Voucher": fields(
        id=WHOLE,
        district_batch_id=WHOLE,
        title=TEXT,
        amount=YUAN,
        paid_on=DAY,
        status=one_of(VoucherStatus),
        uploaded_at=INSTANT,
        reject_reason=or_none(TEXT),
        reject_text=or_none(TEXT),
        decided_at=or_none(INSTANT),
    ),
    "DistrictBatch": fields(
        ("events",),
        id=WHOLE,
        number=TEXT,
        year=WHOLE,
        kind=one_of(EnrolmentKind),
        status=one_of(DistrictBatchStatus),
        union=UNION_REF,
        headcount=WHOLE,
        headcount_by_channel=keyed(Channel, WHOLE),
        by_plan={"type": "object", "additionalProperties": fields(headcount=WHOLE, fee=YUAN, owed=YUAN)},
        amounts=named("Amounts"),
        owed=YUAN,
        handler=fields(name=TEXT, phone=TEXT, email=TEXT),
        submitted_at=INSTANT,
        updated_at=INSTANT,
        accepted_at=or_none(INSTANT),
        voucher_due_on=or_none(DAY),
        settled_at=or_none(INSTANT),
        reject_reason=or_none(TEXT),
        reject_text=or_none(TEXT),
        vouchers=many(named("Voucher")),
        notice=NOTICE,
        events=many(named("Event")),
    ),
    "Decision": fields(("problem",), id=WHOLE, ok=FLAG, problem=fields(status=WHOLE, code=TEXT, detail=TEXT)),
    "Started": fields(id=WHOLE, state=one_of(ImportState)),
    "Import": fields(
        id=WHOLE,
        kind=one_of(ImportKind),
        file_name=TEXT,
        state=one_of(ImportState),
        rows=or_none(WHOLE),
        valid=or_none(WHOLE),
        invalid=or_none(WHOLE),
        created=or_none(WHOLE),
        updated=or_none(WHOLE),
        unchanged=or_none(WHOLE),
        progress=WHOLE,
        problem=or_none(fields(code=TEXT, message=TEXT)),
        errors=many(fields(row=WHOLE, column=or_none(TEXT), code=TEXT, message=TEXT)),
    ),
    "Preview": fields(
        plan=or_none(TEXT),
        plan_locked=FLAG,
        total=WHOLE,
        with_card=WHOLE,
        new_since_last_submit=WHOLE,
        buckets=keyed(Bucket, WHOLE),
        amounts=named("Amounts"),
        cover=COVER,
        pay_by=INSTANT,
    ),
    "Count": fields(count=WHOLE),
    "Cover": fields(
        year=WHOLE,
        member=named("Member"),
        union=UNION_REF,
        batch=fields(id=WHOLE, number=TEXT, status=one_of(BatchStatus)),
        channel=one_of(Channel),
        kind=one_of(EnrolmentKind),
        plan=TEXT,
        term=one_of(Term),
        status=one_of(EnrolmentStatus),
        cover=COVER,
        events=many(named("Event")),
    ),
    "Year": fields(
        year=WHOLE,
        cover=COVER,
        windows=keyed(WindowName, fields(opens_at=INSTANT, closes_at=INSTANT, state=one_of(WindowState))),
        grassroots_payment_due=INSTANT,
        voucher_due_days=WHOLE,
        half_year_from=or_none(DAY),
        instant_start_rule=one_of(InstantStartRule),
        plans=many(TEXT),
        texts={"type": "object", "additionalProperties": TEXT},
    ),
    "Extension": fields(
        id=WHOLE,
        year=WHOLE,
        window=one_of(WindowName),
        union=UNION_REF,
        opens_at=or_none(INSTANT),
        closes_at=INSTANT,
        reason=TEXT,
    ),
    "Fee": fields(**FEE, valid_from=INSTANT, valid_to=INSTANT),
    "Split": fields(**FEE, district_id=WHOLE, union_id=or_none(WHOLE)),
    "Standing": fields(**STANDING),
    "Monitor": fields(year=WHOLE, union=UNION_REF, result=many(named("Standing")), total=named("Standing")),
}
"""The components of the document."""

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
YEAR = "/api/v1/years/{year}"
ONE_BATCH, ONE_DISTRICT_BATCH = "/api/v1/enrolment/batches/{batch_id}", "/api/v1/district-batches/{batch_id}"

ANSWERED: Mapping[tuple[str, str], Shape | str] = {
    ("get", "/api/v1/_openapi"): ANYTHING,
    ("get", "/api/v1/me"): named("Me"),
    ("post", "/api/v1/accounts"): named("Account"),
    ("get", "/api/v1/unions"): page(named("Union")),
    ("post", "/api/v1/unions"): named("Union"),
    ("post", "/api/v1/unions/imports"): named("Started"),
    ("post", "/api/v1/employers/imports"): named("Started"),
    ("post", "/api/v1/members/imports"): named("Started"),
    ("post", "/api/v1/gateways/{name}/answers"): named("Started"),
    ("get", "/api/v1/imports/{import_id}"): named("Import"),
    ("post", "/api/v1/imports/{import_id}/commit"): named("Import"),
    ("get", "/api/v1/imports/{import_id}/errors.xlsx"): XLSX,
    ("get", "/api/v1/members/template.xlsx"): XLSX,
    ("get", "/api/v1/members"): page(named("Member")),
    ("get", YEAR): named("Year"),
    ("put", YEAR): named("Year"),
    ("post", f"{YEAR}/extensions"): named("Extension"),
    ("get", f"{YEAR}/fees"): page(named("Fee"), splits=many(named("Split"))),
    ("put", f"{YEAR}/fees"): page(named("Fee")),
    ("put", f"{YEAR}/fee-splits"): named("Split"),
    ("get", f"{YEAR}/enrolment/preview"): named("Preview"),
    ("get", f"{YEAR}/enrolment/people"): page(named("Person")),
    ("post", f"{YEAR}/enrolment/confirmations"): named("Count"),
    ("post", f"{YEAR}/enrolment/batches"): named("Batch"),
    ("get", "/api/v1/enrolment/batches"): page(named("Batch")),
    ("post", "/api/v1/enrolment/batches/approve"): page(named("Decision")),
    ("get", ONE_BATCH): named("Batch"),
    ("post", f"{ONE_BATCH}/approve"): named("Batch"),
    ("post", f"{ONE_BATCH}/unapprove"): named("Batch"),
    ("post", f"{ONE_BATCH}/return"): named("Batch"),
    ("post", f"{YEAR}/district-batches"): named("DistrictBatch"),
    ("get", "/api/v1/district-batches"): page(named("DistrictBatch")),
    ("get", ONE_DISTRICT_BATCH): named("DistrictBatch"),
    ("post", f"{ONE_DISTRICT_BATCH}/accept"): named("DistrictBatch"),
    ("post", f"{ONE_DISTRICT_BATCH}/reject"): named("DistrictBatch"),
    ("post", f"{ONE_DISTRICT_BATCH}/vouchers"): named("Voucher"),
    ("post", "/api/v1/vouchers/{voucher_id}/settle"): named("DistrictBatch"),
    ("post", "/api/v1/vouchers/{voucher_id}/reject"): named("Voucher"),
    ("get", f"{YEAR}/monitor"): named("Monitor"),
    ("get", "/api/v1/enrolments"): page(named("Cover")),
}
"""Method and path → what a success holds, or the media type of a file; calls that say so themselves aren't here."""
