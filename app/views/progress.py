"""参保进度与催办: who has not begun, who stands still where and since when, and one click that reminds them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from io import BytesIO
from typing import Any

from flask import flash, redirect, request, send_file
from flask_appbuilder import expose
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.addresses import asked_of
from app.clock import SHANGHAI, now
from app.documents import XLSX
from app.exports import has_many
from app.labels import label
from app.models import ProtectionWindow, ProtectionYear, Union
from app.progress_file import progress_file_name, waits_for, write_progress_file
from app.queries.monitor import total_of
from app.queries.progress import ProgressFilter, places_below, progress_page, progress_query
from app.queries.years import get_year, year_in_work, years
from app.rules.monitor import STUCK, Cause, Stage
from app.rules.organisation import UnionLevel
from app.rules.violations import RuleViolation, not_found
from app.rules.years import WindowName
from app.security.actor import Actor
from app.security.needs import needs
from app.security.roles import Permission, may
from app.security.visible import get_visible
from app.services.progress import Reminded, remind
from app.services.shared_figures import shared_standings
from app.templating import here, number
from app.transaction import transaction
from app.views.base import Screen, cursor_of_request, id_of_request
from app.views.choices import ids_of


class Progress(Screen):
    route_base = "/progress"

    @expose("/")
    @needs(Permission.MONITOR)
    def list(self) -> Any:
        """Below ``?place=``, by default the actor's own; ``?stage=`` and ``?name=`` filter."""
        return self._list()

    @expose("/remind", methods=["POST"])
    @needs(Permission.REMIND)
    def remind(self) -> Any:
        """催办 of the ticked, of all that the filter shows, or of the one whose button was pressed."""
        what = request.form.get("what", "")
        one = [int(what)] if what.isascii() and what.isdigit() and len(what) < 19 else None
        ids = None if what == "all" else one or ids_of(request.form, "ids")
        try:
            with transaction() as session:
                year = _year_asked(session)
                if year is None:
                    raise not_found("year")
                wanted = progress_filter(session, self.actor, year)
                # A row's own button means that union, whatever the list shows meanwhile.
                done = remind(session, self.actor, wanted, ids, now())
                windows = {window.name: window for window in year.windows}
        except RuleViolation as refusal:
            if refusal.status in (403, 404):
                raise
            return self._list(refusal), refusal.status
        _tell(done, windows)
        return redirect(asked_of("Progress.list", request.args))

    @expose("/workbook.xlsx")
    @needs(Permission.MONITOR)
    def export(self) -> Any:
        out = BytesIO()
        with transaction() as session:
            wanted = progress_filter(session, self.actor, year_to_export(session))
            if has_many(session, progress_query(self.actor, wanted)):
                return redirect(asked_of("Exports.ask", request.args, what="progress"))
            rows = session.execute(progress_query(self.actor, wanted).order_by(Union.id))
            write_progress_file(out, rows, wanted, asked_by=self.actor.name, asked_at=now())
        out.seek(0)
        return send_file(out, XLSX, as_attachment=True, download_name=progress_file_name(wanted))

    def _list(self, refusal: RuleViolation | None = None) -> Any:
        with transaction() as session:
            year = _year_asked(session)
            if year is None:
                return self.render("progress/no_year.html")
            wanted = progress_filter(session, self.actor, year)
            total = total_of(shared_standings(session, self.actor, year.year, wanted.place).rows)
            stages = [wanted.stage] if wanted.stage else list(STUCK)
            return self.render(
                "progress/list.html",
                year=year,
                years=years(session),
                wanted=wanted,
                figures=[
                    (
                        number(total.stages[stage]),
                        label(stage),
                        here(stage=stage.value, after=None, before=None),
                    )
                    for stage in STUCK
                ],
                stages=[(stage.value, label(stage)) for stage in Stage],
                places=[(place.id, place.name) for place in places_below(session, self.actor)],
                page=progress_page(
                    session,
                    self.actor,
                    wanted,
                    cursor_of_request(),
                    sum(total.stages[stage] for stage in stages),
                ),
                causes={cause.value for cause in Cause},
                stage_of=Stage,
                waits_for=waits_for,
                may_remind=may(self.actor, Permission.REMIND),
                ticked=set(ids_of(request.form, "ids")),
                refusal=refusal,
            )


def progress_filter(session: Session, actor: Actor, year: ProtectionYear) -> ProgressFilter:
    """What the address asks for."""
    asked = id_of_request("place")
    place = get_visible(session, actor, Union, asked if asked is not None else actor.union_id)
    if place.level is None or place.level is UnionLevel.GRASSROOTS and asked is not None:
        raise not_found("trade_union")
    stage = request.args.get("stage", "")
    return ProgressFilter(
        year=year.year,
        place=place,
        stage=Stage(stage) if stage in set(Stage) else None,
        name=request.args.get("name", "").strip().replace("\0", "")[:100],
    )


def year_to_export(session: Session) -> ProtectionYear:
    """The year of the address, or the one in work; 404 where there is none."""
    year = _year_asked(session)
    if year is None:
        raise not_found("year")
    return year


def _year_asked(session: Session) -> ProtectionYear | None:
    """The year that the address names, else the one in work; 404 for one that nobody set."""
    asked = request.args.get("year", "")
    if not asked:
        return year_in_work(session)
    if not (asked.isascii() and asked.isdigit() and len(asked) == 4):
        raise not_found("year")
    return get_year(session, int(asked))


def _tell(done: Reminded, windows: Mapping[WindowName, ProtectionWindow]) -> None:
    if done.unions:
        flash(
            _(
                "%(unions)s unions were reminded; the message went to %(accounts)s accounts.",
                unions=number(done.unions),
                accounts=number(done.accounts),
            ),
            "ok",
        )
    if done.earlier is not None:
        flash(
            _(
                "%(unions)s unions had been reminded of this today already, last by %(name)s at %(at)s. "
                "Once a day is enough.",
                unions=number(done.before),
                name=done.earlier.reminded_name,
                at=_time(done.earlier.reminded_at),
            ),
            "warning",
        )
    for name, unions in done.closed.items():
        window = windows[name]
        flash(
            _(
                "%(unions)s unions were not reminded: they could do nothing now. “%(window)s” is open from %(opens)s "
                "to %(closes)s.",
                unions=number(unions),
                window=label(name),
                opens=_moment(window.opens_at),
                closes=_moment(window.closes_at),
            ),
            "warning",
        )
    if not (done.unions or done.before or done.nothing or done.closed):
        flash(
            _("There is nobody to remind here: nothing that the filter shows waits for somebody."), "warning"
        )
    if done.nothing:
        flash(
            _(
                "Of %(unions)s unions there is nothing to remind: they have gone on meanwhile.",
                unions=number(done.nothing),
            ),
            "warning",
        )


def _moment(at: datetime) -> str:
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def _time(at: Any) -> str:
    return at.astimezone(SHANGHAI).strftime("%H:%M")
