"""What is held about a person, in the reader's words: the page shows these sections, the workbook writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from flask_babel.speaklater import LazyString

from app.labels import label
from app.models import Event, MemberCorrection
from app.queries.personal_data import PersonalData
from app.rules.members import (
    CardStatus,
    EmploymentStatus,
    IdType,
    MembershipKind,
    RetirementClass,
    Sex,
    SocialCardStatus,
)
from app.security.masking import mask_card_number, mask_id_number, mask_phone
from app.templating import date_text, datetime_text, money
from app.views.log import log_lines
from reports.workbook import Cell

FIELDS: Mapping[str, LazyString] = {
    "name": lazy_gettext("Name"),
    "id_type": lazy_gettext("Document type"),
    "id_number": lazy_gettext("Document number"),
    "phone": lazy_gettext("Mobile number"),
    "sex": lazy_gettext("Sex"),
    "birth_date": lazy_gettext("Date of birth"),
    "id_expires_on": lazy_gettext("Document expires on"),
    "id_never_expires": lazy_gettext("Document holds for good"),
    "retirement_class": lazy_gettext("Retirement class"),
    "tag": lazy_gettext("Member tag"),
    "work_address": lazy_gettext("Work address in full"),
    "joined_on": lazy_gettext("Joined on"),
    "remark": lazy_gettext("Remark"),
    "kind": lazy_gettext("Kind of membership"),
    "employer_id": lazy_gettext("Employer"),
    "employment_status": lazy_gettext("Employment"),
    "social_card_status": lazy_gettext("Social security card"),
    "status_checked_on": lazy_gettext("Statuses as of"),
    "card_status": lazy_gettext("Card status"),
    "card_no": lazy_gettext("Card number"),
    "card_issued_on": lazy_gettext("Card issued on"),
    "card_problem": lazy_gettext("Why the card failed"),
}
"""A member's columns as people call them."""

CORRECTED = {
    **FIELDS,
    "union_id": lazy_gettext("Union"),
    "exclusion_reason": lazy_gettext("Why not enrolled this year"),
    "keep_reason": lazy_gettext("Why kept past retirement age"),
}
"""What corrections name besides."""

CODES: Mapping[str, type[StrEnum]] = {
    "id_type": IdType,
    "sex": Sex,
    "retirement_class": RetirementClass,
    "kind": MembershipKind,
    "employment_status": EmploymentStatus,
    "social_card_status": SocialCardStatus,
    "card_status": CardStatus,
}
DECISIONS: Mapping[str, LazyString] = {
    "confirm": lazy_gettext("Confirmed for the year"),
    "exclude": lazy_gettext("Not enrolled this year"),
    "keep": lazy_gettext("Kept past retirement age"),
}
OUTCOMES: Mapping[str, LazyString] = {
    "created": lazy_gettext("New"),
    "updated": lazy_gettext("Changed"),
    "unchanged": lazy_gettext("Unchanged"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One row, a cell a column; ``href`` leads to where it stands."""

    cells: Sequence[Cell]
    href: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """``note`` says where this stands and how long."""

    title: str
    note: str
    heads: Sequence[str]
    lines: Sequence[Line]
    of_one: bool = False
    """Names and values of one thing, rather than a table."""

    def columns(self) -> list[tuple[str, str]]:
        """As the table macro takes them."""
        return [(head, "") for head in self.heads]

    def pairs(self) -> list[tuple[str, str]]:
        return [(shown(name), shown(value)) for name, value in (line.cells for line in self.lines)]


def sections_of(data: PersonalData, reasons: Mapping[str, Mapping[str, str]]) -> list[Section]:
    """Everything in the order of the page; numbers masked. ``reasons`` as for ``log_lines``."""
    return [
        *_records(data),
        _covers(data),
        _decisions(data),
        _transfers(data),
        _imports(data),
        _corrections(data),
        _events(data, reasons),
        _requests(data),
    ]


def _records(data: PersonalData) -> Iterable[Section]:
    for row in data.records:
        member = row.Member
        told = {name: mask(getattr(member, name)) for name, mask in MASKED.items()}
        told["employer_id"] = row.employer_name
        values: list[tuple[str, Cell]] = [
            (_("Union"), row.union_name),
            (_("Member number"), member.member_no),
            *((str(words), _cell(told.get(name, getattr(member, name)))) for name, words in FIELDS.items()),
            (_("Added"), member.created_at),
            (_("Last changed"), member.updated_at),
        ]
        yield Section(
            _("Member record"),
            _("in the list of members, as long as the membership lasts"),
            (_("Field"), _("Value")),
            [Line(pair) for pair in values],
            of_one=True,
        )


MASKED: Mapping[str, Callable[[str | None], str]] = {
    "id_number": mask_id_number,
    "phone": mask_phone,
    "card_no": mask_card_number,
}


def _covers(data: PersonalData) -> Section:
    heads = (
        _("Protection year"),
        _("Union"),
        _("Batch number"),
        _("Plan"),
        _("Channel"),
        _("Cover from"),
        _("Cover to"),
        _("State"),
        _("Fee per person"),
    )
    return Section(
        _("Covers"),
        _("in the batches of the unions; contract and accounts need it"),
        heads,
        [
            Line(
                (
                    str(row.Enrolment.year),
                    row.union_name,
                    row.EnrolmentBatch.number,
                    row.plan_name,
                    str(label(row.Enrolment.channel)),
                    row.Enrolment.cover_start,
                    row.Enrolment.cover_end,
                    str(label(row.Enrolment.status)),
                    Decimal(row.EnrolmentBatch.unit_fee),
                ),
                url_for("Enrolment.batch", row_id=row.EnrolmentBatch.id),
            )
            for row in data.covers
        ],
    )


def _decisions(data: PersonalData) -> Section:
    return Section(
        _("Decisions for a year"),
        _("in the lists of the protection year"),
        (_("Protection year"), _("Decision"), _("Reason"), _("Paper"), _("Union"), _("Who"), _("When")),
        [
            Line(
                (
                    str(each.year),
                    str(DECISIONS[each.kind]),
                    each.reason,
                    each.paper,
                    each.union,
                    each.who,
                    each.at,
                )
            )
            for each in data.decisions
        ],
    )


def _transfers(data: PersonalData) -> Section:
    return Section(
        _("Transfers"),
        _("with both unions, as the member’s history"),
        (_("Proposed"), _("Sending union"), _("Receiving union"), _("State"), _("Note"), _("Reason")),
        [
            Line(
                (
                    row.MemberTransfer.proposed_at,
                    row.from_name,
                    row.to_name,
                    str(label(row.MemberTransfer.state)),
                    row.MemberTransfer.note,
                    row.MemberTransfer.reason_text,
                )
            )
            for row in data.transfers
        ],
    )


def _imports(data: PersonalData) -> Section:
    return Section(
        _("Workbooks that name the person"),
        _("file and rows are cleared when their time is over; the figures stay"),
        (_("Uploaded"), _("File"), _("Row in the sheet"), _("Result"), _("Union"), _("Original file")),
        [
            Line(
                (
                    row.ImportRun.uploaded_at,
                    row.ImportRun.file_name,
                    row.row,
                    _import_result(row),
                    row.union_name,
                    _("Cleared") if row.emptied_at else _("Kept, sealed"),
                ),
                url_for("Imports.show", row_id=row.ImportRun.id),
            )
            for row in data.imports
        ],
    )


def _import_result(row: Any) -> str:
    if not row.valid:
        return _("Stayed out")
    words = str(OUTCOMES.get(row.outcome, ""))
    return f"{label(row.ImportRun.state)} · {words}" if words else str(label(row.ImportRun.state))


def _corrections(data: PersonalData) -> Section:
    return Section(
        _("Corrections"),
        _("with the member, until erased; numbers are kept masked"),
        (_("When"), _("Field"), _("Before"), _("After"), _("How"), _("Who")),
        [
            Line(
                (
                    row.MemberCorrection.corrected_at,
                    _field(row.MemberCorrection),
                    _said(row.MemberCorrection.field, row.MemberCorrection.before),
                    _said(row.MemberCorrection.field, row.MemberCorrection.after),
                    str(label(row.MemberCorrection.source)),
                    row.who or _("System"),
                ),
                url_for("Imports.show", row_id=row.MemberCorrection.import_id)
                if row.MemberCorrection.import_id
                else "",
            )
            for row in data.corrections
        ],
    )


def _field(correction: MemberCorrection) -> str:
    words = str(CORRECTED.get(correction.field, correction.field))
    return f"{words} {correction.year}" if correction.year else words


def _said(field: str, value: str) -> str:
    """A kept value in the reader's words."""
    if field == "id_never_expires":
        return _("Yes") if value else _("No")
    codes = CODES.get(field)
    return str(label(codes(value))) if codes and value in set(codes) else value


def _events(data: PersonalData, reasons: Mapping[str, Mapping[str, str]]) -> Section:
    return Section(
        _("Who did or looked at what"),
        _("in the log, for good: it names no personal data"),
        (_("When"), _("Who"), _("What was done"), _("What it was about"), _("Reason")),
        [
            Line((line.at, line.who, str(line.action), _about(event), line.text or line.reason))
            for event, line in zip(data.events, log_lines(data.events, reasons), strict=True)
        ],
    )


def _about(event: Event) -> str:
    """The fields that an event names, and its year."""
    fields = [str(CORRECTED.get(name, name)) for name in event.facts.get("fields", [])]
    year = event.facts.get("year")
    return "、".join([*([str(year)] if year else []), *fields])


def _requests(data: PersonalData) -> Section:
    return Section(
        _("Requests for erasure"),
        _("kept as the proof that they were answered"),
        (_("Asked"), _("Who asked"), _("Ground"), _("State"), _("Entered by")),
        [
            Line(
                (
                    row.ErasureRequest.requested_at,
                    str(label(row.ErasureRequest.asker)),
                    str(label(row.ErasureRequest.ground)),
                    str(label(row.ErasureRequest.state)),
                    row.who,
                ),
                url_for("Erasures.show", row_id=row.ErasureRequest.id),
            )
            for row in data.requests
        ],
    )


def shown(cell: Cell) -> str:
    """A cell as the page writes it."""
    match cell:
        case None | "":
            return "—"
        case bool():
            return _("Yes") if cell else _("No")
        case datetime():
            return datetime_text(cell)
        case date():
            return date_text(cell)
        case Decimal():
            return money(cell)
        case _:
            return str(cell)


def _cell(value: Any) -> Cell:
    if isinstance(value, Enum):
        return str(label(value))
    return None if value == "" else value
