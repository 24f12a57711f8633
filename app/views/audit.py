"""审计日志: three lists of one log, each searched and exported; nothing can be changed here, nor anywhere else.

业务日志 tells what people did, in the words of their work, and why. 数据变更 is written by the database itself and
tells every change from → to, past the services too. 访问日志 tells who came in, what left, and who was turned away.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import date
from typing import IO, Any

from flask import request, send_file
from flask_appbuilder import expose
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.clock import now
from app.documents import XLSX
from app.extensions import db
from app.labels import choices, label
from app.models import EventObject
from app.queries.audit import AuditFilter, entries_page, entries_to_export
from app.queries.events import EventFilter, events_page, events_to_export
from app.rules.auditing import AUDITED, AuditKind
from app.security.needs import needs
from app.security.roles import Permission
from app.transaction import transaction
from app.views.audit_events import action_words, facts_text, state_words
from app.views.audit_file import STREAMED, write_entries_file, write_events_file
from app.views.audit_names import TABLES
from app.views.audit_words import said_entries, tables_to_choose
from app.views.base import Screen, cursor_of_request, id_of_request
from reports.workbook import About

ACCESS = tuple(kind for kind in AuditKind if kind is not AuditKind.CHANGE)
WORDS_OF_FIELDS = {
    "kind": _("Kind"),
    "table": _("What it is about"),
    "object_id": _("Its number"),
    "thing": _("Number or code"),
    "person": _("Who"),
    "from": _("From"),
    "to": _("to"),
    "address": _("Network address"),
    "request_id": _("Request"),
}
"""What can be searched by, and what the workbook calls it."""


class Audit(Screen):
    route_base = "/audit"

    @expose("/")
    @needs(Permission.VIEW_AUDIT)
    def list(self) -> str:
        wanted = _events_wanted()
        return self.render(
            "audit/list.html",
            page=events_page(db.session(), self.actor, wanted, cursor_of_request()),
            asked=_asked() | {"object_id": wanted.object_id},
            kinds=choices(EventObject),
            action_words=action_words,
            state_words=state_words,
            facts_text=facts_text,
        )

    @expose("/export.xlsx")
    @needs(Permission.VIEW_AUDIT)
    def export(self) -> Any:
        with transaction() as session:
            rows = session.execute(
                events_to_export(session, self.actor, _events_wanted()), execution_options=STREAMED
            )
            out = write_events_file(rows, self._about(_("Business log")))
        return _sent(out, gettext("Business log"))

    @expose("/changes")
    @needs(Permission.VIEW_AUDIT)
    def changes(self) -> str:
        return self._entries("audit/changes.html", (AuditKind.CHANGE,))

    @expose("/changes.xlsx")
    @needs(Permission.VIEW_AUDIT)
    def export_changes(self) -> Any:
        return self._entries_file((AuditKind.CHANGE,), _("Data changes"))

    @expose("/access")
    @needs(Permission.VIEW_AUDIT)
    def access(self) -> str:
        return self._entries("audit/access.html", _kinds_wanted())

    @expose("/access.xlsx")
    @needs(Permission.VIEW_AUDIT)
    def export_access(self) -> Any:
        return self._entries_file(_kinds_wanted(), _("Access log"))

    def _entries(self, template: str, kinds: Collection[AuditKind]) -> str:
        session = db.session()
        page = entries_page(session, self.actor, _entries_wanted(kinds), cursor_of_request())
        return self.render(
            template,
            page=replace(page, rows=said_entries(session, page.rows)),
            asked=_asked(),
            kinds=[(kind.value, label(kind)) for kind in ACCESS],
            tables=tables_to_choose(),
        )

    def _entries_file(self, kinds: Collection[AuditKind], title: Any) -> Any:
        with transaction() as session:
            found = entries_to_export(session, self.actor, _entries_wanted(kinds))
            out = write_entries_file(
                session, session.execute(found, execution_options=STREAMED), self._about(title)
            )
        return _sent(out, str(title))

    def _about(self, title: Any) -> About:
        filters = tuple(
            (str(WORDS_OF_FIELDS[name]), _said(name, value)) for name, value in _asked().items() if value
        )
        return About(title=str(title), filters=filters, asked_at=now(), asked_by=self.actor.name)


def _sent(out: IO[bytes], title: str) -> Any:
    return send_file(out, XLSX, as_attachment=True, download_name=f"{title}.xlsx")


def _said(name: str, value: str) -> str:
    """What was chosen from a list, in its words."""
    listed = {"kind": [*AuditKind, *EventObject]}.get(name, [])
    words = {member.value: label(member) for member in listed} | (TABLES if name == "table" else {})
    return str(words.get(value, value))


def _asked() -> dict[str, str]:
    return {name: request.args.get(name, "").strip()[:100] for name in WORDS_OF_FIELDS}


def _events_wanted() -> EventFilter:
    asked = _asked()
    return EventFilter(
        kind=next((kind for kind in EventObject if kind.value == asked["kind"]), None),
        object_id=id_of_request("object_id"),
        person=asked["person"],
        first_day=_day(asked["from"]),
        last_day=_day(asked["to"]),
    )


def _kinds_wanted() -> Collection[AuditKind]:
    return tuple(kind for kind in ACCESS if kind.value == request.args.get("kind")) or ACCESS


def _entries_wanted(kinds: Collection[AuditKind]) -> AuditFilter:
    asked = _asked()
    return AuditFilter(
        kinds,
        table=asked["table"] if asked["table"] in AUDITED else "",
        thing=asked["thing"],
        person=asked["person"],
        first_day=_day(asked["from"]),
        last_day=_day(asked["to"]),
        address=asked["address"],
        request_id=asked["request_id"],
    )


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year < 3000 else None
