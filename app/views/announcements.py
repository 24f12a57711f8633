"""公告与下载中心: the board for everybody, and publishing for the municipal union."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _

from app.clock import now
from app.extensions import db
from app.forms.announcements import AnnouncementForm
from app.forms.moments import beginning_of, end_of
from app.models import Announcement
from app.queries.announcements import all_announcements, board, offered_file, shown_and_read
from app.rules.announcements import DOWNLOADS, FILES_MAX, AnnouncementKind
from app.rules.organisation import UnionLevel
from app.rules.violations import RuleViolation, not_found
from app.security.needs import needs
from app.security.roles import Permission, may
from app.services.announcements import AnnouncementDraft, change, note_read, publish, take_down
from app.services.files import check_offer
from app.transaction import transaction
from app.views.base import Screen, cursor_of_request
from app.views.choices import ROW_ID, ids_of
from app.views.stored import hand_over


class Announcements(Screen):
    route_base = "/announcements"

    @expose("/")
    @needs(Permission.VIEW_HOME)
    def list(self) -> Any:
        return self._board("notices", [AnnouncementKind.NOTICE])

    @expose("/downloads")
    @needs(Permission.VIEW_HOME)
    def downloads(self) -> Any:
        return self._board("downloads", DOWNLOADS)

    @expose("/read", methods=["POST"])
    @needs(Permission.VIEW_HOME)
    def read(self) -> Any:
        """One of them, or all where none is named."""
        ids = ids_of(request.form, "ids")
        with transaction() as session:
            note_read(session, self.actor, ids or None, now())
        to_downloads = request.form.get("tab") == "downloads"
        return redirect(url_for("Announcements.downloads" if to_downloads else "Announcements.list"))

    @expose(f"/files/{ROW_ID}")
    @needs(Permission.VIEW_HOME)
    def file(self, row_id: int) -> Any:
        keeps = may(self.actor, Permission.MANAGE_ANNOUNCEMENTS)
        return hand_over(offered_file(db.session(), row_id, now(), actor=self.actor, keeps=keeps))

    @expose("/all")
    @needs(Permission.MANAGE_ANNOUNCEMENTS)
    def keep(self) -> Any:
        return self.render(
            "announcements/all.html",
            page=all_announcements(db.session(), cursor_of_request()),
            now=now(),
            levels=list(UnionLevel),
        )

    @expose("/new", methods=["GET", "POST"])
    @needs(Permission.MANAGE_ANNOUNCEMENTS)
    def create(self) -> Any:
        today = beginning_of(now())[0]
        form = AnnouncementForm(shown_from=today, levels=[level.value for level in UnionLevel])
        if request.method == "GET":
            return self._form(form)
        if not form.validate():
            return self._form(form), 422
        try:
            draft = _draft(form)
            self.made_once(lambda session: publish(session, self.actor, draft=draft, now=now()).id, now())
        except RuleViolation as refusal:
            return self._form(form, refusal=refusal), refusal.status
        flash(_("Published."), "ok")
        return redirect(url_for("Announcements.keep"))

    @expose(f"/{ROW_ID}/edit", methods=["GET", "POST"])
    @needs(Permission.MANAGE_ANNOUNCEMENTS)
    def edit(self, row_id: int) -> Any:
        found = db.session().get(Announcement, row_id) if row_id < 2**63 else None
        if found is None:
            raise not_found("announcement")
        if request.method == "GET":
            return self._form(AnnouncementForm(formdata=None, **_typed(found)), found)
        form = AnnouncementForm()
        if not form.validate():
            return self._form(form, found), 422
        try:
            draft = _draft(form, ids_of(request.form, "taken_off"))
            with transaction() as session:
                change(session, self.actor, announcement_id=row_id, draft=draft, now=now())
        except RuleViolation as refusal:
            if refusal.status == 404:
                raise
            return self._form(form, found, refusal), refusal.status
        flash(_("The changes are on the board."), "ok")
        return redirect(url_for("Announcements.keep"))

    @expose(f"/{ROW_ID}/take-down", methods=["POST"])
    @needs(Permission.MANAGE_ANNOUNCEMENTS)
    def take_down(self, row_id: int) -> Any:
        with transaction() as session:
            take_down(session, self.actor, announcement_id=row_id, now=now())
        flash(_("It is taken down; nobody sees it any more."), "ok")
        return redirect(url_for("Announcements.keep"))

    def _board(self, tab: str, kinds: Any) -> str:
        session, at = db.session(), now()
        read = shown_and_read(session, self.actor, at)
        return self.render(
            "announcements/board.html",
            page=board(session, self.actor, kinds, at, cursor_of_request()),
            tab=tab,
            unread=sum(1 for when in read.values() if when is None),
            keeps=may(self.actor, Permission.MANAGE_ANNOUNCEMENTS),
            templates=may(self.actor, Permission.IMPORT_MEMBERS),
        )

    def _form(
        self, form: AnnouncementForm, found: Announcement | None = None, refusal: RuleViolation | None = None
    ) -> str:
        return self.render("announcements/edit.html", form=form, found=found, refusal=refusal, most=FILES_MAX)


def _draft(form: AnnouncementForm, taken_off: list[int] | None = None) -> AnnouncementDraft:
    """What the form says; files are opened here, before any transaction begins."""
    sent = form.papers()
    if len(sent) > FILES_MAX:
        raise RuleViolation("announcement_files", field="file", limit=FILES_MAX)
    return AnnouncementDraft(
        kind=AnnouncementKind(form.kind.data),
        title=form.title.data or "",
        text=form.text.data or "",
        levels=[UnionLevel(level) for level in form.levels.data or []],
        shown_from=form.begins(),
        shown_until=form.ends(),
        pinned=form.pinned.data,
        everybody=form.everybody.data,
        papers=[check_offer(name, content) for name, content in sent],
        taken_off=taken_off or (),
    )


def _typed(found: Announcement) -> dict[str, Any]:
    return {
        "kind": found.kind.value,
        "title": found.title,
        "text": found.text,
        "levels": found.levels,
        "shown_from": beginning_of(found.shown_from)[0],
        "shown_until": end_of(found.shown_until)[0] if found.shown_until else None,
        "pinned": found.pinned,
        "everybody": found.everybody,
    }
