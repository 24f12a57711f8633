"""批量导入: choose, upload, look at what was understood, take it over, mend the rest."""

from __future__ import annotations

import io
from pathlib import PurePath
from typing import Any

from flask import current_app, redirect, request, send_file, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.clock import now
from app.documents import XLSX, errors_workbook
from app.extensions import db
from app.forms.imports import KIND_NOTES, ImportForm
from app.labels import choices, label
from app.models import Account, Employer, ImportRun
from app.queries.imports import errors_of_rows, frequent_reasons, imports_page, rows_page
from app.queries.organisation import employers_to_choose
from app.queries.paging import Page
from app.rules.import_tables import table_of
from app.rules.imports import AT_WORK, SIZE_LIMIT, ImportKind, ImportState, RowOutcome
from app.rules.members import MembershipKind
from app.rules.organisation import UnionLevel
from app.rules.violations import RuleViolation, not_found
from app.security.actor import Actor
from app.security.needs import needs
from app.security.roles import Permission, may
from app.security.visible import get_visible
from app.sentences import sentence
from app.services.imports import PERMISSIONS, commit_import, start_import
from app.transaction import transaction
from app.views.base import Screen, cursor_of_request
from app.views.change_words import said_changes
from app.views.choices import ROW_ID
from app.views.import_preview import SheetPart, naming_cells, sheet_part
from reports.template_workbook import write_template

EMPLOYERS_OFFERED = 200
ASK_FOR_TRANSFER = "Transfers.ask"
"""The page that asks for a person of another union; given the import and the row, never the number."""

SHOWS_ROWS = frozenset({ImportState.READY, ImportState.DONE})


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
            content = upload.read()
            run_id = self.made_once(
                lambda session: (
                    start_import(
                        session,
                        self.actor,
                        kind=ImportKind(form.kind.data),
                        file_name=upload.filename or "",
                        content=content,
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
        return self._show(row_id)

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
            return self._show(row_id, refusal=refusal), refusal.status
        return redirect(url_for("Imports.show", row_id=row_id))

    @expose(f"/{ROW_ID}/errors.xlsx")
    @needs(Permission.IMPORT_MEMBERS)
    def errors(self, row_id: int) -> Any:
        with transaction() as session:
            run, content = errors_workbook(session, self.actor, row_id)
            name = _("To mend %(file)s", file=PurePath(run.file_name).stem)
        return send_file(io.BytesIO(content), XLSX, as_attachment=True, download_name=f"{name}.xlsx")

    def _kinds(self) -> tuple[ImportKind, ...]:
        """What the actor may bring in."""
        return tuple(kind for kind in ImportKind if may(self.actor, PERMISSIONS[kind]))

    def _list(self, form: ImportForm, **context: Any) -> str:
        session, asked = db.session(), request.args
        kind, state = asked.get("of", ""), asked.get("state", "")
        return self.render(
            "imports/list.html",
            form=form,
            kinds=self._kinds(),
            kind_notes=KIND_NOTES,
            employers=_employer_choices(session, self.actor, form.employer_code.data or ""),
            size_limit=SIZE_LIMIT,
            all_kinds=choices(ImportKind),
            all_states=choices(ImportState),
            page=imports_page(
                session,
                self.actor,
                cursor_of_request(),
                kind=ImportKind(kind) if kind in set(ImportKind) else None,
                state=ImportState(state) if state in set(ImportState) else None,
            ),
            **context,
        )

    def _show(self, run_id: int, **context: Any) -> str:
        session = db.session()
        run = get_visible(session, self.actor, ImportRun, run_id)
        if run.state in SHOWS_ROWS:
            context |= self._rows(session, run)
        above = self.actor.level is not UnionLevel.GRASSROOTS
        return self.render(
            "imports/show.html",
            run=run,
            at_work=run.state in AT_WORK,
            may_commit=may(self.actor, PERMISSIONS[run.kind]),
            uploader=session.get(Account, run.uploaded_by),
            employer=session.get(Employer, run.employer_id) if run.employer_id else None,
            needed=[c.header for c in table_of(run.kind, above_grassroots=above).columns if c.required],
            problem=sentence(run.problem_code, **run.problem_facts) if run.problem_code else "",
            remarks=[_remark(remark) for remark in run.remarks],
            **context,
        )

    def _rows(self, session: Session, run: ImportRun) -> dict[str, Any]:
        """The rows behind the figure that was asked for; first of all those that are wrong."""
        counts = {
            RowOutcome.CREATED: run.created,
            RowOutcome.UPDATED: run.updated,
            RowOutcome.UNCHANGED: run.unchanged,
            RowOutcome.WRONG: run.invalid,
        }
        asked = request.args.get("show", "")
        first = (RowOutcome.WRONG, RowOutcome.UPDATED, RowOutcome.CREATED)
        shown = next((outcome for outcome in first if counts[outcome]), RowOutcome.UNCHANGED)
        if asked in set(RowOutcome):
            shown = RowOutcome(asked)
        column, code = request.args.get("column", ""), request.args.get("code", "")
        known = None if code else counts[shown]
        page = rows_page(
            session, run.id, shown, cursor_of_request(), column=column, code=code, known_total=known
        )
        told: dict[str, Any] = {"counts": counts, "shown": shown, "page": page}
        if shown is RowOutcome.UPDATED:
            changes = said_changes(session, self.actor, run.kind, (row.changes or {} for row in page.rows))
            named = (naming_cells(run, row) for row in page.rows)
            return told | {"changed": list(zip(page.rows, named, changes, strict=True))}
        if shown is RowOutcome.WRONG and (code or run.invalid > page.size):
            told["reasons"] = [
                (
                    reason,
                    sentence(reason.code, **reason.facts),
                    (reason.column_name, reason.code) == (column, code),
                )
                for reason in frequent_reasons(session, run.id)
            ]
        return told | {"sheet": self._sheet(session, run, page), "may_ask": _may_ask_for_transfer(self.actor)}

    def _sheet(self, session: Session, run: ImportRun, page: Page) -> SheetPart:
        errors = errors_of_rows(session, run.id, [row.row for row in page.rows])
        mine = run.uploaded_by == self.actor.account_id
        return sheet_part(run, page.rows, errors, unreadable_shown=mine)


def _employer_choices(session: Session, actor: Actor, chosen: str) -> list[tuple[str, str]]:
    """Codes and names to choose from, with what was sent; none where there are too many, or nothing to choose."""
    known = [(e.code, e.name) for e in employers_to_choose(session, actor, EMPLOYERS_OFFERED)]
    if not known:
        return []
    sent = [(chosen, chosen)] if chosen and chosen not in dict(known) else []
    return [("", _("None in particular")), *known, *sent]


def _may_ask_for_transfer(actor: Actor) -> bool:
    ask = current_app.view_functions.get(ASK_FOR_TRANSFER)
    needed = getattr(ask, "needs", None)
    return needed is not None and may(actor, needed)


def _remark(remark: Any) -> str:
    """What was left unread, as a sentence; the check keeps a code with its facts."""
    return sentence(remark["code"], **remark["facts"])
