"""Statistics as a workbook, and the figures of the live monitor."""

from __future__ import annotations

import io
from typing import Any

from flask import request, send_file
from flask_appbuilder.api import expose
from sqlalchemy.orm import Session

from app.api.answers import union_ref
from app.api.base import Api, whole
from app.clock import now
from app.documents import XLSX
from app.models import Union
from app.queries.monitor import Standing, total_of
from app.queries.statistics import levels_for
from app.queries.years import get_year
from app.replica import reading
from app.rules.organisation import UnionLevel
from app.rules.violations import RuleViolation, not_found
from app.security.actor import Actor, current_actor
from app.security.needs import needs
from app.security.roles import Permission
from app.security.visible import get_visible
from app.services.shared_figures import shared_standings
from app.statistics import file_name, statistics_of, statistics_workbook
from app.transaction import transaction


class FiguresApi(Api):
    @expose("/years/<int:year>/statistics.xlsx", methods=["GET"])
    @needs(Permission.STATISTICS)
    def statistics(self, year: int) -> Any:
        """集中参保统计表
        ---
        get:
          summary: The statistics workbook (集中参保统计表)
          parameters:
          - year
          - {in: query, name: level, schema: {type: string, enum: [district, second, grassroots]}}
          - {in: query, name: district_id, schema: {type: integer}}
          responses:
            200:
              description: One row per union of the level, by default the caller's own or the districts
              content:
                application/vnd.openxmlformats-officedocument.spreadsheetml.sheet:
                  schema: {type: string, format: binary}
            404: {description: 'No such year, or a district that is not for the caller to see'}
            422: {description: The level is above the caller's union}
        """
        actor = current_actor()
        with transaction() as primary, reading(primary) as session:
            found = get_year(session, year)
            asked = statistics_of(session, actor, found, _level(actor), _district(session, actor))
            content, name = statistics_workbook(asked, actor, now()), file_name(asked)
        return send_file(io.BytesIO(content), XLSX, as_attachment=True, download_name=name)

    @expose("/years/<int:year>/monitor", methods=["GET"])
    @needs(Permission.MONITOR)
    def monitor(self, year: int) -> Any:
        """集中参保实时监控
        ---
        get:
          summary: The figures of the live monitor, for the unions directly below
          parameters:
          - year
          - {in: query, name: district_id, schema: {type: integer}, description: By default the caller's own union}
          responses:
            200: {description: 'Each union with its grassroots unions by stage, people and money; and their total'}
            404: {description: 'No such year, or a district that is not for the caller to see'}
        """
        actor = current_actor()
        with transaction() as session:
            found = get_year(session, year)
            place = _district(session, actor) or get_visible(session, actor, Union, actor.union_id)
            rows = shared_standings(session, actor, found.year, place).rows
            return self.answer(
                200,
                {
                    "year": found.year,
                    "union": union_ref(place),
                    "result": [_figures(row) for row in rows],
                    "total": _figures(total_of(rows)),
                },
            )


def _level(actor: Actor) -> UnionLevel:
    sent = request.args.get("level")
    if sent is None:
        return levels_for(actor)[0]
    try:
        return UnionLevel(sent)
    except ValueError:
        raise RuleViolation("statistics_level_unknown", field="level", status=400) from None


def _district(session: Session, actor: Actor) -> Union | None:
    """The district that the address names; ``None`` where it names none."""
    if "district_id" not in request.args:
        return None
    district = get_visible(session, actor, Union, whole("district_id", 0))
    if district.level is not UnionLevel.DISTRICT:
        raise not_found("trade_union")
    return district


def _figures(row: Standing) -> dict[str, Any]:
    return {
        "union": union_ref(row.union) if row.union else None,
        "unions": row.unions,
        "stages": {stage.value: unions for stage, unions in row.stages.items()},
        "members": row.members,
        "people": row.people,
        "fee": f"{row.fee:.2f}",
        "owed": f"{row.owed:.2f}",
        "paid": f"{row.paid:.2f}",
    }
