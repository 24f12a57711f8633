"""批量导入: choose, upload, look at what was understood, take it over, mend the rest."""

from __future__ import annotations

import io
from typing import Any

from flask import redirect, request, send_file, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _

from app.clock import now
from app.documents import XLSX, errors_workbook
from app.extensions import db
from app.forms.imports import ImportForm
from app.labels import choices, label
from app.models import Employer, ImportRun
from app.queries.imports import ERRORS_SHOWN, first_errors, imports_page
from app.rules.imports import AT_WORK, ImportKind
from app.rules.members import MembershipKind
from app.rules.organisation import UnionLevel
from app.rules.violations import RuleViolation, not_found
from app.security.needs import needs
from app.security.roles import Permission, may
from app.security.visible import get_visible
from app.sentences import sentence
from app.services.imports import PERMISSIONS, commit_import, start_import
from app.transaction import transaction
from app.views.base import Screen, cursor_of_request
from app.views.choices import ROW_ID
from reports.template_workbook import write_template


class Imports(Screen):
    route_base = "/imports"

    @expose("/", methods=["GET", "POST"])
    @needs(Permission.IMPORT_MEMBERS)
    def list(self) -> Any:
        form = ImportForm()
        kinds = self._kinds()
        form.kind.choices = [(kind.value, label(kind)) for kind in kinds]
        form.member_kind.choices = choices(MembershipKind)
        if request.method == "GET":
            asked = request.args.get("kind", "")
            form.kind.data = asked if asked in set(kinds) else ImportKind.MEMBERS.value
        if not form.validate_on_submit():
            return self._list(form), 422 if form.is_submitted() else 200
        upload, at = form.file.data, now()
        try:
            run_id = self.made_once(
                lambda session: (
                    start_import(
                        session,
                        self.actor,
                        kind=ImportKind(form.kind.data),
                        file_name=upload.filename or "",
                        content=upload.read(),
                        member_kind=MembershipKind(form.member_kind.data or MembershipKind.EMPLOYED),
                        employer_code=(form.employer_code.data or "").strip() or None,
                        now=at,
                    ).id
                ),
                at,
            )
        except RuleViolation as refusal:
            return self._list(form, refusal=refusal), refusal.status
        return redirect(url_for("Imports.show", row_id=run_id))

    @expose("/template/<kind>.xlsx")
    @needs(Permission.IMPORT_MEMBERS)
    def template(self, kind: str) -> Any:
        asked = next((each for each in self._kinds() if each.value == kind), None)
        if asked is None:
            raise not_found("template")
        out = io.BytesIO()
        write_template(asked, out, above_grassroots=self.actor.level is not UnionLevel.GRASSROOTS)
        out.seek(0)
        name = _("%(kind)s template", kind=label(asked))
        return send_file(out, XLSX, as_attachment=True, download_name=f"{name}.xlsx")

    @expose(f"/{ROW_ID}")
    @needs(Permission.IMPORT_MEMBERS)
    def show(self, row_id: int) -> str:
        return self._show("imports/show.html", row_id)

    @expose(f"/{ROW_ID}/part")
    @needs(Permission.IMPORT_MEMBERS)
    def part(self, row_id: int) -> Any:
        """The part of the page that renews itself while the workbook is at work, then the whole page once."""
        run = get_visible(db.session(), self.actor, ImportRun, row_id)
        if run.state not in AT_WORK:
            return redirect(url_for("Imports.show", row_id=row_id))
        return self.render("imports/_progress.html", run=run)

    @expose(f"/{ROW_ID}/commit", methods=["POST"])
    @needs(Permission.IMPORT_MEMBERS)
    def commit(self, row_id: int) -> Any:
        try:
            with transaction() as session:
                commit_import(session, self.actor, row_id, now())
        except RuleViolation as refusal:
            if refusal.status in (403, 404):
                raise
            return self._show("imports/show.html", row_id, refusal=refusal), refusal.status
        return redirect(url_for("Imports.show", row_id=row_id))

    @expose(f"/{ROW_ID}/errors.xlsx")
    @needs(Permission.IMPORT_MEMBERS)
    def errors(self, row_id: int) -> Any:
        with transaction() as session:
            run = get_visible(session, self.actor, ImportRun, row_id)
            content, file_name = errors_workbook(session, run), run.file_name
        name = _("To mend %(file)s", file=file_name.removesuffix(".xlsx"))
        return send_file(io.BytesIO(content), XLSX, as_attachment=True, download_name=f"{name}.xlsx")

    def _kinds(self) -> tuple[ImportKind, ...]:
        """What the actor may bring in."""
        return tuple(kind for kind in ImportKind if may(self.actor, PERMISSIONS[kind]))

    def _list(self, form: ImportForm, **context: Any) -> str:
        return self.render(
            "imports/list.html",
            form=form,
            kinds=self._kinds(),
            page=imports_page(db.session(), self.actor, cursor_of_request()),
            above_grassroots=self.actor.level is not UnionLevel.GRASSROOTS,
            **context,
        )

    def _show(self, template: str, run_id: int, **context: Any) -> str:
        session = db.session()
        run = get_visible(session, self.actor, ImportRun, run_id)
        found = first_errors(session, run)
        return self.render(
            template,
            run=run,
            at_work=run.state in AT_WORK,
            employer=session.get(Employer, run.employer_id) if run.employer_id else None,
            errors=[(error, sentence(error.code, **error.facts)) for error in found],
            more_errors=len(found) == ERRORS_SHOWN,
            problem=sentence(run.problem_code, **run.problem_facts) if run.problem_code else "",
            remarks=[_remark(remark) for remark in run.remarks],
            **context,
        )


def _remark(remark: Any) -> str:
    """What was left unread, as a sentence; the check keeps a code with its facts."""
    return sentence(remark["code"], **remark["facts"])
