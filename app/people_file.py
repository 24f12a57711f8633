"""导出名单 as a workbook: what the list shows, numbers masked."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, BinaryIO

from flask_babel import gettext as _

from app.labels import label
from app.models import ProtectionYear
from app.people_words import remark_of, retirement_words
from app.rules.enrolment import Bucket, Term
from app.security.access_log import exported
from app.security.masking import mask_card_number, mask_id_number
from reports.people_workbook import PeopleColumn, write_people
from reports.workbook import About, Cell, Watermark

COVERED = frozenset({Bucket.ELIGIBLE, Bucket.SUBMITTED})
Filters = tuple[tuple[str, str], ...]


def write_people_file(
    out: BinaryIO,
    rows: Iterable[Any],
    year: ProtectionYear,
    *,
    filters: Filters,
    asked_by: str,
    asked_at: datetime,
    mark: Watermark | None = None,
) -> int:
    """The people behind a counter; ``rows`` as ``app.queries.enrolment.people_query`` selects them.

    Masked, or under a watermark with full document numbers.
    """
    columns = [
        PeopleColumn(_("Member number"), 14),
        PeopleColumn(_("Name"), 20),
        PeopleColumn(_("Document type"), 26),
        PeopleColumn(_("Document number"), 24),
        PeopleColumn(_("Card number"), 18),
        PeopleColumn(_("Social security card"), 14),
        PeopleColumn(_("Employment"), 16),
        PeopleColumn(_("Member tag"), 16),
        PeopleColumn(_("Retirement month · class"), 28),
        PeopleColumn(_("Standing"), 18),
        PeopleColumn(_("Remark"), 40),
        PeopleColumn(_("Cover from"), 12),
        PeopleColumn(_("Cover to"), 12),
        PeopleColumn(_("Half or full year"), 12),
    ]
    about = About(
        title=_("People of the protection year %(year)s", year=year.year),
        filters=((_("Protection year"), str(year.year)), *filters),
        asked_at=asked_at,
        asked_by=asked_by,
    )
    cells = (_cells(row, year, full=mark is not None) for row in rows)
    return exported(write_people(columns, cells, about, out, mark))


def _cells(row: Any, year: ProtectionYear, *, full: bool) -> list[Cell]:
    member, bucket = row.Member, Bucket(row.bucket)
    cover: list[Cell] = [None, None, None]
    if bucket in COVERED:
        cover = [year.cover_start, year.cover_end, str(label(Term.FULL))]
    return [
        member.member_no,
        member.name,
        str(label(member.id_type)),
        member.id_number if full else mask_id_number(member.id_number),
        mask_card_number(member.card_no),
        str(label(member.social_card_status)),
        str(label(member.employment_status)),
        member.tag,
        retirement_words(member, year),
        str(label(bucket)),
        remark_of(row),
        *cover,
    ]
