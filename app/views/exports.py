"""导出任务: a large file is written in the background; whoever asked sees how far it is and downloads it."""

from __future__ import annotations

from tempfile import TemporaryFile
from typing import Any

from flask import flash, redirect, request, send_file, url_for
from flask_appbuilder import expose
from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.clock import now
from app.documents import XLSX
from app.exports import by_number, how_many, members_asked, progress_asked
from app.extensions import db
from app.forms.members import MemberFilterForm
from app.labels import label
from app.models import Union
from app.progress_file import progress_file_name
from app.queries.exports import exports_page, progress_of, statistics_rows
from app.queries.members import members_matching
from app.queries.progress import progress_query
from app.queries.statistics import levels_for
from app.queries.years import get_year
from app.rules.enrolment import Channel
from app.rules.exports import AT_WORK, IN_FULL, LARGE, ExportKind, ExportState
from app.rules.organisation import UnionLevel
from app.rules.violations import RuleViolation, not_found
from app.security.access_log import about, exported
from app.security.needs import needs
from app.security.roles import Permission
from app.security.visible import get_visible
from app.sentences import sentence
from app.services.exports import cancel_export, own_export, pieces_of, require_for, start_export
from app.statistics import TITLE
from app.transaction import transaction
from app.views.base import Screen, cursor_of_request, id_of_request
from app.views.choices import ROW_ID
from app.views.confirmation import list_asked
from app.views.members import filter_of, filter_words
from app.views.progress import progress_filter, year_to_export


class Exports(Screen):
    route_base = "/exports"

    @expose("/")
    @needs(Permission.VIEW_MEMBERS)
    def list(self) -> Any:
        page = exports_page(db.session(), self.actor, cursor_of_request())
        return self.render("exports/list.html", page=page)

    @expose("/new/<what>", methods=["GET", "POST"])
    @needs(Permission.VIEW_MEMBERS)
    def ask(self, what: str) -> Any:
        """GET says how long the list is; POST has it written."""
        wanted, at = _kind_asked(what), now()
        require_for(self.actor, wanted)
        with transaction() as session:
            asked, expected, name = self._asked(session, wanted)
        if request.method == "GET":
            return self.render("exports/ask.html", expected=expected, name=name, limit=LARGE)
        run_id = self.made_once(
            lambda session: (
                start_export(
                    session,
                    self.actor,
                    kind=wanted,
                    asked=asked,
                    expected=expected,
                    file_name=name,
                    language=str(get_locale()),
                    now=at,
                ).id
            ),
            at,
        )
        return redirect(url_for("Exports.show", row_id=run_id))

    @expose(f"/{ROW_ID}")
    @needs(Permission.VIEW_MEMBERS)
    def show(self, row_id: int) -> Any:
        return self._show("exports/show.html", row_id)

    @expose(f"/{ROW_ID}/part")
    @needs(Permission.VIEW_MEMBERS)
    def part(self, row_id: int) -> Any:
        """The part of the page that renews itself while the file is written, then the whole page once."""
        if own_export(db.session(), self.actor, row_id).state not in AT_WORK:
            return redirect(url_for("Exports.show", row_id=row_id))
        return self._show("exports/_progress.html", row_id)

    @expose(f"/{ROW_ID}/cancel", methods=["POST"])
    @needs(Permission.VIEW_MEMBERS)
    def cancel(self, row_id: int) -> Any:
        with transaction() as session:
            cancelled = cancel_export(session, self.actor, row_id, now()).state is ExportState.CANCELLED
        if cancelled:
            flash(_("The export was cancelled; nothing of it is kept."), "ok")
        return redirect(url_for("Exports.show", row_id=row_id))

    @expose(f"/{ROW_ID}/file.xlsx")
    @needs(Permission.VIEW_MEMBERS)
    def file(self, row_id: int) -> Any:
        """The file from its pieces, by way of a file of this machine: the whole is never in memory."""
        out = TemporaryFile(prefix="canbao-download-")  # noqa: SIM115  (closed with the answer)
        try:
            with transaction() as session:
                run = own_export(session, self.actor, row_id)
                about("export_run", run.id)
                for piece in pieces_of(session, self.actor, row_id, now()):
                    out.write(piece)
                exported(run.rows)
                size, name = run.size, run.file_name
        except BaseException:
            out.close()
            raise
        out.seek(0)
        answer = send_file(out, XLSX, as_attachment=True, download_name=name)
        answer.content_length = size
        return answer

    def _show(self, template: str, row_id: int) -> Any:
        session = db.session()
        run = own_export(session, self.actor, row_id)
        told = progress_of(session, run)
        share = told.rows_written / told.rows_expected if told.rows_expected else 0
        return self.render(
            template,
            run=run,
            told=told,
            percent=min(99, int(100 * share)),
            at_work=run.state in AT_WORK,
            problem=sentence(run.problem_code) if run.problem_code else "",
        )

    def _asked(self, session: Session, kind: ExportKind) -> tuple[dict[str, Any], int, str]:
        """The filter of the address, about how many rows it finds, and the file's name."""
        if kind is ExportKind.MEMBERS:
            form = MemberFilterForm(request.args)
            form.validate()
            wanted = filter_of(form)
            if by_number(wanted):
                raise not_found("export_run")
            found = how_many(session, members_matching(self.actor, wanted))
            return members_asked(wanted, filter_words(form)), found, f"{_('Members')}.xlsx"
        if kind is ExportKind.PROGRESS:
            board = progress_filter(session, self.actor, year_to_export(session))
            found = how_many(session, progress_query(self.actor, board))
            return progress_asked(board), found, progress_file_name(board)
        if kind is ExportKind.PEOPLE:
            channel = request.args.get("channel", "")
            if channel not in set(Channel):
                raise not_found("export_run")
            going = list_asked(session, self.actor, _number("year"), Channel(channel))
            if going.by_number:
                raise not_found("export_run")
            return going.asked, how_many(session, going.matching), going.file_name
        year = get_year(session, _number("year"))
        level = request.args.get("level", "")
        if level not in set(levels_for(self.actor)):
            raise RuleViolation("statistics_level_unknown", field="level", status=404)
        district_id = id_of_request("district_id")
        district = get_visible(session, self.actor, Union, district_id) if district_id else None
        if district is not None and district.level is not UnionLevel.DISTRICT:
            raise not_found("trade_union")
        asked = {"year": year.year, "level": level, **({"district_id": district.id} if district else {})}
        where = f"-{district.name}" if district else ""
        name = f"{year.year}年度{TITLE}-{label(UnionLevel(level))}{where}.xlsx"
        return asked, statistics_rows(session, self.actor, UnionLevel(level), district), name


def _kind_asked(what: str) -> ExportKind:
    """What may be asked for here; full numbers are asked for with a reason, elsewhere."""
    if what not in set(ExportKind) - IN_FULL:
        raise not_found("export_run")
    return ExportKind(what)


def _number(name: str) -> int:
    asked = request.args.get(name, "")
    if not (asked.isascii() and asked.isdigit() and len(asked) == 4):
        raise not_found(name)
    return int(asked)
