"""参保进度 as a workbook: every union that the filter shows, with what the screen says of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, BinaryIO

from flask_babel import gettext as _

from app.labels import label
from app.queries.progress import ProgressFilter
from app.rules.monitor import Stage
from app.security.access_log import exported
from reports.people_workbook import PeopleColumn, write_people
from reports.workbook import About, Cell


def write_progress_file(
    out: BinaryIO, rows: Iterable[Any], wanted: ProgressFilter, *, asked_by: str, asked_at: datetime
) -> int:
    """``rows`` as ``app.queries.progress.progress_query`` selects them; answers how many there were."""
    columns = [
        PeopleColumn(_("Name of the unit"), 36),
        PeopleColumn(_("Organisation code"), 22),
        PeopleColumn(_("Superior union"), 28),
        PeopleColumn(_("State"), 14),
        PeopleColumn(_("Waits for"), 30),
        PeopleColumn(_("Stands there since"), 18),
        PeopleColumn(_("People enrolled"), 12),
        PeopleColumn(_("Contact person"), 14),
        PeopleColumn(_("Contact phone"), 16),
        PeopleColumn(_("Reminded by"), 16),
        PeopleColumn(_("Reminded at"), 18),
    ]
    about = About(
        title=_("Progress of enrolment"),
        filters=(
            (_("Protection year"), str(wanted.year)),
            (_("Union"), wanted.place.name),
            (_("State"), str(label(wanted.stage)) if wanted.stage else _("All that stand still")),
            *(((_("Name of the unit"), wanted.name),) if wanted.name else ()),
        ),
        asked_at=asked_at,
        asked_by=asked_by,
    )
    return exported(write_people(columns, (_cells(row) for row in rows), about, out))


def progress_file_name(wanted: ProgressFilter) -> str:
    return f"{_('Progress of enrolment')}-{wanted.place.name}.xlsx"


def waits_for(stage: Stage, reviewer: str | None) -> str:
    """For whom a union waits, in words."""
    if stage in (Stage.NOT_STARTED, Stage.RETURNED):
        return str(_("its own operators"))
    return reviewer or "—"


def _cells(row: Any) -> list[Cell]:
    stage = Stage(row.stage)
    return [
        row.Union.name,
        row.Union.code,
        row.parent_name,
        str(label(stage)),
        waits_for(stage, row.waits_for),
        row.since,
        int(row.people) if row.people is not None else None,
        row.Union.contact_name or None,
        row.Union.contact_phone or None,
        row.reminded_name,
        row.reminded_at,
    ]
