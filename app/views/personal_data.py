"""个人信息: what is held about a person on one page, the file of it, and asking for its erasure."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from flask import flash, redirect, send_file, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.clock import now
from app.forms.personal_data import ErasureForm, ExportForm
from app.models import Member
from app.queries.personal_data import PersonalData, personal_data
from app.rules.erasure import ErasureAsker, ErasureGround
from app.rules.violations import RuleViolation
from app.security.needs import needs
from app.security.roles import Permission, may
from app.security.visible import get_visible
from app.services.erasure import obstacle_to_erasure, request_erasure
from app.services.personal_data import export_personal_data
from app.transaction import transaction
from app.views.base import Screen
from app.views.choices import ROW_ID, reason_words
from app.views.personal_sections import sections_of, shown
from reports.sections_workbook import SectionSheet, write_sections
from reports.workbook import About

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class PersonalDataScreen(Screen):
    route_base = "/personal-data"

    @expose(f"/{ROW_ID}/")
    @needs(Permission.VIEW_PERSONAL_DATA)
    def show(self, row_id: int) -> Any:
        return self._show(row_id)

    @expose(f"/{ROW_ID}/export", methods=["POST"])
    @needs(Permission.EXPORT_PERSONAL_DATA)
    def export(self, row_id: int) -> Any:
        """The page as a workbook, for the person who asked for a copy."""
        form = ExportForm()
        try:
            with transaction() as session:
                data = export_personal_data(
                    session, self.actor, member_id=row_id, reason=form.reason.data or "", now=now()
                )
                content = self._workbook(session, data, (form.reason.data or "").strip())
                number = data.records[0].Member.member_no
        except RuleViolation as refusal:
            if refusal.status == 404:
                raise
            return self._show(row_id, refusal, export_form=form), refusal.status
        name = _("Personal data %(number)s", number=number)
        return send_file(content, XLSX, as_attachment=True, download_name=f"{name}.xlsx")

    @expose(f"/{ROW_ID}/erasure", methods=["POST"])
    @needs(Permission.REQUEST_ERASURE)
    def ask(self, row_id: int) -> Any:
        """Ask for the erasure; a level above decides."""
        form = ErasureForm()
        try:
            with transaction() as session:
                request = request_erasure(
                    session,
                    self.actor,
                    member_id=row_id,
                    ground=_ground(form.ground.data),
                    asker=_asker(form.asker.data),
                    note=form.note.data or "",
                    now=now(),
                )
                request_id = request.id
        except RuleViolation as refusal:
            if refusal.status == 404:
                raise
            return self._show(row_id, refusal, erasure_form=form), refusal.status
        flash(_("The erasure has been asked for; the district or the municipal union decides."), "ok")
        return redirect(url_for("Erasures.show", row_id=request_id))

    def _show(self, row_id: int, refusal: RuleViolation | None = None, **forms: Any) -> str:
        with transaction() as session:
            member = get_visible(session, self.actor, Member, row_id)
            data = personal_data(session, self.actor, member)
            context = {"export_form": ExportForm(formdata=None), "erasure_form": ErasureForm(formdata=None)}
            return self.render(
                "personal_data/show.html",
                member=member,
                sections=sections_of(data, reason_words(session)),
                may_export=may(self.actor, Permission.EXPORT_PERSONAL_DATA),
                may_ask=may(self.actor, Permission.REQUEST_ERASURE),
                obstacle=obstacle_to_erasure(session, member, now()),
                refusal=refusal,
                shown=shown,
                **(context | forms),
            )

    def _workbook(self, session: Session, data: PersonalData, reason: str) -> BytesIO:
        out = BytesIO()
        sheets = [
            SectionSheet(section.title, section.heads, [line.cells for line in section.lines])
            for section in sections_of(data, reason_words(session))
        ]
        about = About(
            title=_("What is held about a person"),
            filters=((_("Member number"), data.records[0].Member.member_no), (_("Reason"), reason)),
            asked_at=now(),
            asked_by=self.actor.name,
            remarks=(_("Numbers of documents, cards and telephones are masked."),),
        )
        write_sections(sheets, about, out)
        out.seek(0)
        return out


def _ground(chosen: str | None) -> ErasureGround:
    if chosen not in set(ErasureGround):
        raise RuleViolation("erasure_ground_missing", field="ground")
    return ErasureGround(chosen)


def _asker(chosen: str | None) -> ErasureAsker:
    if chosen not in set(ErasureAsker):
        raise RuleViolation("erasure_asker_missing", field="asker")
    return ErasureAsker(chosen)
