"""查看完整号码 and 完整号码导出: by permission, with a reason, and logged."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from flask import request, send_file
from flask_appbuilder import expose
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.clock import now
from app.forms.members import MemberFilterForm
from app.forms.reasons import WhyForm
from app.models import Member
from app.queries.members import members_matching
from app.queries.paging import Cursor, page_of
from app.rules.violations import RuleViolation
from app.security.needs import needs
from app.security.roles import Permission
from app.security.visible import get_visible
from app.services.reveal import begin_full_export, reveal_number
from app.transaction import transaction
from app.views.base import Screen
from app.views.choices import ROW_ID
from app.views.members import filter_of, filter_words
from app.views.people_file import write_member_file
from reports.workbook import Watermark


class Numbers(Screen):
    route_base = "/members"

    @expose(f"/{ROW_ID}/number", methods=["GET", "POST"])
    @needs(Permission.REVEAL_NUMBERS)
    def member(self, row_id: int) -> Any:
        """Ask why, then show the number on this one page; nothing keeps it."""
        form = WhyForm()
        if request.method == "GET":
            return self._member(form, row_id)
        try:
            with transaction() as session:
                shown = reveal_number(
                    session, self.actor, member_id=row_id, reason=form.reason.data or "", now=now()
                )
                return self.render("members/number.html", member=shown, number=shown.id_number, form=form)
        except RuleViolation as refusal:
            if refusal.status == 404:
                raise
            return self._member(form, row_id, refusal), refusal.status

    def _member(self, form: WhyForm, row_id: int, refusal: RuleViolation | None = None) -> str:
        with transaction() as session:
            member = get_visible(session, self.actor, Member, row_id)
            return self.render("members/number.html", member=member, number=None, form=form, refusal=refusal)

    @expose("/export-full", methods=["GET", "POST"])
    @needs(Permission.REVEAL_NUMBERS)
    def export(self) -> Any:
        """The current filter's members with their numbers in full, marked as such on every page."""
        form, asked = WhyForm(), MemberFilterForm(request.args)
        asked.validate()
        if request.method == "GET":
            return self._export(form, asked)
        out, at = BytesIO(), now()
        try:
            with transaction() as session:
                self._write(session, form.reason.data or "", asked, out, at)
        except RuleViolation as refusal:
            return self._export(form, asked, refusal), refusal.status
        out.seek(0)
        return send_file(out, as_attachment=True, download_name=_("Members with full numbers") + ".xlsx")

    def _write(self, session: Session, reason: str, asked: MemberFilterForm, out: BytesIO, at: Any) -> None:
        wanted, words = filter_of(asked), filter_words(asked)
        people = begin_full_export(session, self.actor, wanted, reason=reason, filters=words, now=at)
        rows = session.scalars(
            members_matching(self.actor, wanted).order_by(Member.id).execution_options(yield_per=1000)
        )
        mark = Watermark(
            account=self.actor.username,
            union=self.actor.union_name,
            reason=" ".join(reason.split()),
            people=people,
        )
        write_member_file(out, rows, filters=words, asked_by=self.actor.name, asked_at=at, mark=mark)

    def _export(self, form: WhyForm, asked: MemberFilterForm, refusal: RuleViolation | None = None) -> str:
        with transaction() as session:
            matching = members_matching(self.actor, filter_of(asked))
            page = page_of(session, matching, [Member.id], Cursor(size=1))
        return self.render(
            "members/export_full.html",
            form=form,
            page=page,
            filters=filter_words(asked),
            refusal=refusal,
        )
