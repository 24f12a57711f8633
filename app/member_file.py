"""会员信息 as a workbook: written while somebody waits, or in the background where the list is long."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, BinaryIO

from flask_babel import gettext as _

from app.labels import label
from app.models import Member
from app.rules.dates import LONG_TERM_WORD
from app.security.access_log import exported
from app.security.masking import mask_card_number, mask_id_number, mask_phone
from reports.people_workbook import PeopleColumn, write_people
from reports.workbook import About, Cell, Watermark

Filters = tuple[tuple[str, str], ...]


def write_member_file(
    out: BinaryIO,
    rows: Iterable[Any],
    *,
    filters: Filters,
    asked_by: str,
    asked_at: datetime,
    mark: Watermark | None = None,
) -> int:
    """会员信息 of the current filter: masked, or with full document and phone numbers under a watermark.

    ``rows`` as ``app.queries.members.members_to_export`` selects them. In Chinese the heads are those of the
    import's workbook: what a full export holds goes in again as it is.
    """
    columns = [
        PeopleColumn(_("Member number"), 14),
        PeopleColumn(_("Name"), 20),
        PeopleColumn(_("Document type"), 26),
        PeopleColumn(_("Document number"), 24),
        PeopleColumn(_("Mobile number"), 16),
        PeopleColumn(_("Sex"), 8),
        PeopleColumn(_("Date of birth"), 12),
        PeopleColumn(_("Document expires on"), 12),
        PeopleColumn(_("Retirement class"), 10),
        PeopleColumn(_("Member tag"), 16),
        PeopleColumn(_("Work address in full"), 32),
        PeopleColumn(_("Code of the employer"), 22),
        PeopleColumn(_("Joined on"), 12),
        PeopleColumn(_("Remark"), 28),
        PeopleColumn(_("Kind of membership"), 16),
        PeopleColumn(_("Card status"), 14),
        PeopleColumn(_("Card number"), 18),
        PeopleColumn(_("Employment"), 16),
        PeopleColumn(_("Social security card"), 14),
    ]
    about = About(title=_("Members"), filters=filters, asked_at=asked_at, asked_by=asked_by)
    cells = (_member_cells(member, code, full=mark is not None) for member, code in rows)
    return exported(write_people(columns, cells, about, out, mark))


def _member_cells(member: Member, employer_code: str | None, *, full: bool) -> list[Cell]:
    return [
        member.member_no,
        member.name,
        str(label(member.id_type)),
        member.id_number if full else mask_id_number(member.id_number),
        member.phone if full else mask_phone(member.phone),
        str(label(member.sex)) if member.sex else None,
        member.birth_date,
        LONG_TERM_WORD if member.id_never_expires else member.id_expires_on,
        str(label(member.retirement_class)) if member.retirement_class else None,
        member.tag,
        member.work_address,
        employer_code,
        member.joined_on,
        member.remark,
        str(label(member.kind)),
        str(label(member.card_status)),
        mask_card_number(member.card_no),
        str(label(member.employment_status)),
        str(label(member.social_card_status)),
    ]
