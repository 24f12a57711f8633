"""查看完整号码 and 完整号码导出: by permission, with a reason, and logged."""

from __future__ import annotations

from datetime import datetime
from typing import Any, BinaryIO

from flask import request
from flask_appbuilder import expose
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.addresses import asked_of
from app.clock import now
from app.exports import by_number, members_asked
from app.forms.members import MemberFilterForm
from app.forms.reasons import WhyForm
from app.member_file import write_member_file
from app.models import Member
from app.queries.members import members_matching, members_to_export
from app.rules.exports import ExportKind
from app.rules.violations import RuleViolation
from app.security.needs import needs
from app.security.roles import Permission
from app.security.visible import get_visible
from app.services.reveal import reveal_number
from app.transaction import transaction
from app.views.base import Screen
from app.views.choices import ROW_ID
from app.views.full_export import FullList, export_full
from app.views.members import filter_of, filter_words
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
        """The current filter's members with their numbers in full."""
        return export_full(self, self._members)

    def _members(self, session: Session) -> FullList:
        asked = MemberFilterForm(request.args)
        asked.validate()
        wanted, words = filter_of(asked), filter_words(asked)
        matching = members_matching(self.actor, wanted)

        def write(out: BinaryIO, mark: Watermark, at: datetime) -> None:
            rows = session.execute(members_to_export(self.actor, wanted))
            write_member_file(out, rows, filters=words, asked_by=self.actor.name, asked_at=at, mark=mark)

        return FullList(
            matching,
            words,
            ExportKind.MEMBERS_FULL,
            None if by_number(wanted) else members_asked(wanted, words),
            write,
            file_name=_("Members with full numbers"),
            back=asked_of("Members.list", request.args),
            at="Members.list",
        )
