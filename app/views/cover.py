"""参保信息查询: who is covered by what, and 参保日志."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_appbuilder import expose

from app.forms.members import CoverFilterForm
from app.models import Enrolment, EventObject
from app.queries.cover import cover_query
from app.queries.log import log_of
from app.queries.members import MemberFilter
from app.queries.paging import Page, page_of
from app.queries.years import years
from app.rules.violations import not_found
from app.security.needs import needs
from app.security.roles import Permission
from app.transaction import transaction
from app.views.base import Screen, cursor_of_request
from app.views.choices import ROW_ID, reason_words
from app.views.log import log_lines


class Cover(Screen):
    route_base = "/cover"

    @expose("/")
    @needs(Permission.VIEW_COVER)
    def search(self) -> Any:
        """Find covers by name, document, member number, phone and year; nothing is listed before something is asked."""
        form = CoverFilterForm(request.args)
        form.validate()
        wanted = MemberFilter(
            name=form.name.data or "",
            id_number=form.id_number.data or "",
            member_no=form.member_no.data or "",
            phone=form.phone.data or "",
        )
        asked = wanted != MemberFilter()
        with transaction() as session:
            offered = years(session)
            year = next((year for year in offered if str(year) == form.year.data), None)
            page: Page | None = None
            if asked:
                query = cover_query(self.actor, wanted, year)
                page = page_of(
                    session,
                    query,
                    [Enrolment.year, Enrolment.batch_id, Enrolment.member_id],
                    cursor_of_request(),
                )
            return self.render(
                "cover/search.html",
                form=form,
                years=[(str(y), str(y)) for y in offered],
                year=year,
                page=page,
            )

    @expose(f"/{ROW_ID}/<int(max=9223372036854775807):member_id>")
    @needs(Permission.VIEW_COVER)
    def log(self, row_id: int, member_id: int) -> Any:
        """参保日志 of one person in one batch."""
        with transaction() as session:
            query = cover_query(self.actor, MemberFilter()).where(
                Enrolment.batch_id == row_id, Enrolment.member_id == member_id
            )
            row = session.execute(query).first()
            if row is None:
                raise not_found("enrolment")
            events = [
                *log_of(session, self.actor, EventObject.ENROLMENT_BATCH, row_id),
                *log_of(session, self.actor, EventObject.MEMBER, member_id),
            ]
            if row.EnrolmentBatch.district_batch_id:
                filed = row.EnrolmentBatch.district_batch_id
                events += log_of(session, self.actor, EventObject.DISTRICT_BATCH, filed)
            events.sort(key=lambda event: (event.at, event.id), reverse=True)
            return self.render("cover/log.html", row=row, log=log_lines(events, reason_words(session)))
