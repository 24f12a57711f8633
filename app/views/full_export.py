"""完整号码导出: one way for every list, by permission, with a reason, logged, and marked as such."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any, BinaryIO

from flask import request, send_file
from flask_babel import gettext as _
from sqlalchemy import Select
from sqlalchemy.orm import Session

from app.clock import now
from app.forms.reasons import WhyForm
from app.models import Member
from app.queries.paging import Cursor, page_of
from app.rules.violations import RuleViolation
from app.services.reveal import begin_full_export
from app.transaction import transaction
from app.views.base import Screen
from app.views.people_file import Filters
from reports.workbook import Watermark


@dataclass(frozen=True, slots=True)
class FullList:
    """A list that may go out with full numbers. ``matching`` is unordered; ``at``: its entry of the menu."""

    matching: Select[Any]
    filters: Filters
    write: Callable[[BinaryIO, Watermark, datetime], object]
    file_name: str
    back: str
    at: str


def export_full(screen: Screen, the_list: Callable[[Session], FullList]) -> Any:
    """GET asks why; POST writes it down, then sends the workbook."""
    form, refusal = WhyForm(), None
    if request.method == "POST":
        try:
            return _sent(screen, the_list, form.reason.data or "")
        except RuleViolation as refused:
            if refused.status in (403, 404):
                raise
            refusal = refused
    with transaction() as session:
        shown = the_list(session)
        page = screen.render(
            "members/export_full.html",
            form=form,
            people=page_of(session, shown.matching, [Member.id], Cursor(size=1, counted=True)),
            filters=[(_("Filter: %(name)s", name=name), value) for name, value in shown.filters],
            back=shown.back,
            at=shown.at,
            refusal=refusal,
        )
    return page, refusal.status if refusal else 200


def _sent(screen: Screen, the_list: Callable[[Session], FullList], reason: str) -> Any:
    out, at, actor = BytesIO(), now(), screen.actor
    with transaction() as session:
        going = the_list(session)
        said, people = begin_full_export(
            session, actor, going.matching, reason=reason, filters=going.filters, now=at
        )
        mark = Watermark(account=actor.username, union=actor.union_name, reason=said, people=people)
        going.write(out, mark, at)
    out.seek(0)
    return send_file(out, as_attachment=True, download_name=f"{going.file_name}.xlsx")
