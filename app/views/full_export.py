"""完整号码导出: one way for every list, by permission, with a reason, logged, and marked as such."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any, BinaryIO

from flask import redirect, request, send_file, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy import Select
from sqlalchemy.orm import Session

from app.clock import now
from app.exports import REASON, has_many
from app.forms.reasons import WhyForm
from app.models import Member
from app.people_file import Filters
from app.queries.paging import Cursor, page_of
from app.rules.exports import ExportKind
from app.rules.violations import RuleViolation
from app.security.actor import Actor
from app.services.exports import start_export
from app.services.reveal import begin_full_export
from app.transaction import transaction
from app.views.base import Screen
from reports.workbook import Watermark


@dataclass(frozen=True, slots=True)
class FullList:
    """A list that may go out with full numbers. ``matching`` is unordered; ``at``: its entry of the menu.

    ``kind`` and ``asked``: as what, and by which filter, a long one is written in the background; without ``asked`` the
    filter holds a number, and the list is never long.
    """

    matching: Select[Any]
    filters: Filters
    kind: ExportKind
    asked: dict[str, Any] | None
    write: Callable[[BinaryIO, Watermark, datetime], object]
    file_name: str
    back: str
    at: str


def export_full(screen: Screen, the_list: Callable[[Session], FullList]) -> Any:
    """GET asks why; POST writes it down, then sends the workbook, or has a long one written in the background."""
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
            long=_is_long(session, shown),
            refusal=refusal,
        )
    return page, refusal.status if refusal else 200


def _is_long(session: Session, going: FullList) -> bool:
    return going.asked is not None and has_many(session, going.matching)


def _sent(screen: Screen, the_list: Callable[[Session], FullList], reason: str) -> Any:
    out, at, actor = BytesIO(), now(), screen.actor
    with transaction() as session:
        going = the_list(session)
        long = _is_long(session, going)
    if long:
        made = screen.made_once(lambda session: _begun(session, actor, the_list(session), reason, at), at)
        return redirect(url_for("Exports.show", row_id=made))
    with transaction() as session:
        going = the_list(session)
        said, people = begin_full_export(
            session, actor, going.matching, reason=reason, filters=going.filters, now=at
        )
        mark = Watermark(account=actor.username, union=actor.union_name, reason=said, people=people)
        going.write(out, mark, at)
    out.seek(0)
    return send_file(out, as_attachment=True, download_name=f"{going.file_name}.xlsx")


def _begun(session: Session, actor: Actor, going: FullList, reason: str, at: datetime) -> int:
    """The run that writes a long list; it is in the log from now on that the numbers leave."""
    said, people = begin_full_export(
        session, actor, going.matching, reason=reason, filters=going.filters, now=at
    )
    return start_export(
        session,
        actor,
        kind=going.kind,
        asked={**(going.asked or {}), REASON: said},
        expected=people,
        file_name=f"{going.file_name}.xlsx",
        language=str(get_locale()),
        now=at,
    ).id
