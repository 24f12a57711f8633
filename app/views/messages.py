"""消息提醒: the inbox, what of it is done, and what comes quietly."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _

from app.clock import now
from app.extensions import db
from app.labels import label
from app.queries.messages import UNREAD_MOST, MessageFilter, Shown, messages, muted_kinds
from app.rules.messages import ALWAYS_KINDS, NATURES, TODO_KINDS, MessageKind, Way, kinds_for
from app.rules.violations import RuleViolation
from app.security.needs import needs
from app.security.roles import Permission
from app.sentences.messages import line_text, told_text
from app.services.inbox import Mark, mark_messages, mute_kinds, open_message, read_all, undo
from app.transaction import transaction
from app.views.base import Screen, cursor_of_request, own_page
from app.views.calendar import frame
from app.views.choices import ROW_ID, ids_of
from app.views.message_links import link_of, link_of_line


class Messages(Screen):
    route_base = "/messages"

    @expose("/")
    @needs(Permission.VIEW_HOME)
    def list(self) -> Any:
        return self._list()

    @expose(f"/{ROW_ID}/open", methods=["POST"])
    @needs(Permission.VIEW_HOME)
    def open(self, row_id: int) -> Any:
        """Read it and go where it leads: a POST, because it changes something."""
        with transaction() as session:
            message = open_message(session, self.actor, row_id, now())
            line = request.form.get("line", type=int)
            lines = message.facts.get("lines", [])
            wanted = line is not None and 0 <= line < len(lines)
            return redirect(link_of_line(lines[line]) if wanted else link_of(message))

    @expose("/mark", methods=["POST"])
    @needs(Permission.VIEW_HOME)
    def mark(self) -> Any:
        """Mark the ticked ones, or the one whose button was pressed."""
        asked, _colon, one = request.form.get("mark", "").partition(":")
        ids = [int(one)] if one.isascii() and one.isdigit() and len(one) < 19 else ids_of(request.form, "ids")
        if asked not in set(Mark):
            return self._list(RuleViolation("mark_unknown", status=400)), 400
        mark, at = Mark(asked), now()
        try:
            with transaction() as session:
                changed = mark_messages(session, self.actor, ids, mark, at)
        except RuleViolation as refusal:
            if refusal.status == 404:
                raise
            return self._list(refusal), refusal.status
        return self._back(mark, changed, at)

    @expose("/read-all", methods=["POST"])
    @needs(Permission.VIEW_HOME)
    def read_all(self) -> Any:
        at = now()
        with transaction() as session:
            changed = read_all(session, self.actor, at)
        return self._back(Mark.READ, changed, at)

    @expose("/undo", methods=["POST"])
    @needs(Permission.VIEW_HOME)
    def undo(self) -> Any:
        mark, _colon, at = request.form.get("undo", "").partition(":")
        try:
            done, moment = Mark(mark), datetime.fromisoformat(at)
            with_zone = moment.tzinfo is not None
        except ValueError:
            with_zone = False
        if not with_zone:
            return self._list(RuleViolation("mark_unknown", status=400)), 400
        with transaction() as session:
            changed = undo(session, self.actor, done, moment)
        flash(_("Taken back for %(number)s messages.", number=changed), "ok")
        return redirect(_where_from())

    @expose("/settings", methods=["GET", "POST"])
    @needs(Permission.VIEW_HOME)
    def settings(self) -> Any:
        """What comes quietly: ticked is what calls, so that nothing ticked is what nobody wants."""
        if request.method == "GET":
            return self._settings()
        kinds = set(kinds_for(self.actor.roles))
        called = {way: _kinds(request.form.getlist(way)) for way in Way}
        with transaction() as session:
            mute_kinds(
                session,
                self.actor,
                inbox=kinds - ALWAYS_KINDS - called[Way.INBOX],
                mail={kind for kind in kinds if NATURES[kind].mailed} - called[Way.MAIL],
            )
        flash(_("Saved. It holds from the next message on."), "ok")
        return redirect(url_for("Messages.settings"))

    def _settings(self) -> str:
        session = db.session()
        return self.render(
            "messages/settings.html",
            kinds=kinds_for(self.actor.roles),
            natures=NATURES,
            quiet={way.value: muted_kinds(session, self.actor, way) for way in Way},
        )

    def _back(self, mark: Mark, changed: int, at: datetime) -> Any:
        words = {
            Mark.READ: _("%(number)s messages are read.", number=changed),
            Mark.UNREAD: _("%(number)s messages are unread again.", number=changed),
            Mark.DONE: _("%(number)s messages are done.", number=changed),
            Mark.UNDONE: _("%(number)s messages are to do again.", number=changed),
        }
        flash(words[mark], "ok")
        undone = f"{mark}:{at.isoformat()}" if changed and mark in (Mark.READ, Mark.DONE) else None
        back = _where_from()
        if undone is not None:
            return redirect(f"{back}{'&' if '?' in back else '?'}undo={undone.replace('+', '%2B')}")
        return redirect(back)

    def _list(self, refusal: RuleViolation | None = None) -> str:
        shown, kind = request.args.get("list", ""), request.args.get("kind", "")
        wanted = MessageFilter(
            Shown(shown) if shown in set(Shown) else Shown.ALL,
            MessageKind(kind) if kind in set(MessageKind) else None,
        )
        session = db.session()
        return self.render(
            "messages/list.html",
            page=messages(session, self.actor, wanted, cursor_of_request()),
            wanted=wanted,
            shown=Shown,
            kinds=[(kind.value, label(kind)) for kind in kinds_for(self.actor.roles)],
            todo_kinds=TODO_KINDS,
            undone=request.args.get("undo", "")[:60],
            text_of=lambda message: told_text(message.kind, message.facts),
            line_text=line_text,
            refusal=refusal,
        )


def frame_unread() -> str:
    """How many messages the bar calls unread: ``3``, ``99+`` or nothing."""
    asked = frame()
    if asked is None or not asked.unread:
        return ""
    return f"{UNREAD_MOST}+" if asked.unread > UNREAD_MOST else str(asked.unread)


def _kinds(sent: list[str]) -> set[MessageKind]:
    return {MessageKind(value) for value in sent if value in set(MessageKind)}


def _where_from() -> str:
    return own_page(request.form.get("back"), url_for("Messages.list"))
