"""集中参保统计表: choose year, level and district, look at the rows, download the workbook."""

from __future__ import annotations

import io
from typing import Any

from flask import redirect, request, send_file, url_for
from flask_appbuilder import expose

from app.clock import now
from app.documents import XLSX
from app.extensions import db
from app.labels import label
from app.models import ProtectionYear, Union
from app.queries.exports import is_large_statistics, statistics_rows
from app.queries.statistics import districts, levels_for
from app.queries.years import get_year, year_in_work, years
from app.replica import reading
from app.rules.enrolment import Channel
from app.rules.organisation import UnionLevel
from app.rules.violations import RuleViolation, not_found
from app.security.needs import needs
from app.security.roles import Permission
from app.security.visible import get_visible
from app.statistics import file_name, statistics_of, statistics_workbook, total_of
from app.templating import percent
from app.views.base import Screen

ROWS_SHOWN = 50
"""On the screen; the workbook has them all."""


class Statistics(Screen):
    route_base = "/statistics"

    @expose("/")
    @needs(Permission.STATISTICS)
    def form(self) -> Any:
        session, actor = db.session(), self.actor
        if year_in_work(session) is None:
            return self.render("statistics/no_year.html")
        level, district, year = _level(levels_for(actor)[0]), self._district(), _year()
        count = statistics_rows(session, actor, level, district)
        large = is_large_statistics(session, actor, count)
        # The sums are the same at every level, and the highest has few rows.
        summed_above = large and level is not levels_for(actor)[0]
        with reading(session) as reader:
            # Who can be enrolled is asked of each member: of many, the workbook of the background does that.
            asked = statistics_of(
                reader,
                actor,
                year,
                level,
                district,
                one_by_one=not large,
                most=ROWS_SHOWN if summed_above else None,
            )
            rows = summed = list(asked.rows)
            if summed_above:
                above = statistics_of(
                    reader,
                    actor,
                    year,
                    levels_for(actor)[0],
                    district,
                    one_by_one=False,
                    plans=asked.plans,
                )
                summed = list(above.rows)
        chosen = {
            "year": asked.year.year,
            "level": asked.level.value,
            "district_id": asked.district.id if asked.district else "",
        }
        return self.render(
            "statistics/form.html",
            asked=asked,
            chosen=chosen,
            rows=rows[:ROWS_SHOWN],
            total=total_of(summed, asked.plans),
            count=count,
            large=large,
            years=[(year, year) for year in years(session)],
            levels=[(level.value, label(level)) for level in levels_for(actor)],
            districts=[(each.id, each.name) for each in districts(session, actor)],
            channels=list(Channel),
            percent=percent,
            download=url_for(".download", **chosen),
        )

    @expose("/workbook.xlsx")
    @needs(Permission.STATISTICS)
    def download(self) -> Any:
        level, district = _level(levels_for(self.actor)[0]), self._district()
        rows = statistics_rows(db.session(), self.actor, level, district)
        if is_large_statistics(db.session(), self.actor, rows):
            chosen = {"year": _year().year, "level": level.value}
            if district is not None:
                chosen["district_id"] = district.id
            return redirect(url_for("Exports.ask", what="statistics", **chosen))
        with reading(db.session()) as reader:
            asked = statistics_of(reader, self.actor, _year(), level, district)
            out = io.BytesIO(statistics_workbook(asked, self.actor, now()))
        return send_file(out, XLSX, as_attachment=True, download_name=file_name(asked))

    def _district(self) -> Union | None:
        district_id = request.args.get("district_id", type=int)
        district = get_visible(db.session(), self.actor, Union, district_id) if district_id else None
        if district is not None and district.level is not UnionLevel.DISTRICT:
            raise not_found("trade_union")
        return district


def _year() -> ProtectionYear:
    asked = request.args.get("year", type=int)
    year = get_year(db.session(), asked) if asked else year_in_work(db.session())
    if year is None:
        raise not_found("year")
    return year


def _level(default: UnionLevel) -> UnionLevel:
    text = request.args.get("level", "")
    if not text:
        return default
    try:
        return UnionLevel(text)
    except ValueError:
        raise RuleViolation("statistics_level_unknown", field="level") from None
