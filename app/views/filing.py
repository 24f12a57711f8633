"""提交列表中的参保信息: the district files its list with the centre, and its 告知书 downloads (M4.4–4.5)."""

from __future__ import annotations

from typing import Any

from flask import redirect, request, url_for
from flask import session as cookie
from flask_appbuilder import expose

from app.clock import now
from app.extensions import db
from app.forms.review import HandlerForm
from app.models import DistrictBatch, Union
from app.queries.review import last_handler, list_totals, plan_lines
from app.queries.settlement import plans_filed, waiting_rejections
from app.queries.years import get_year, require_window, year_in_work, years
from app.rules.contacts import check_handler
from app.rules.enrolment import BatchStatus
from app.rules.violations import RuleViolation
from app.rules.years import WindowName
from app.security.needs import needs
from app.security.roles import Permission
from app.security.visible import get_visible
from app.services.filing import file_district_batch
from app.views.base import Screen
from app.views.choices import ROW_ID, reason_words, yuan

DOWNLOAD_ONCE = "district_notice_to_download"


class Filing(Screen):
    route_base = "/filing"

    @expose("/", methods=["GET", "POST"])
    @needs(Permission.FILE_DISTRICT)
    def file(self) -> Any:
        """经办人信息, the totals, and 确认提交至职保中心."""
        form = HandlerForm()
        if not form.validate_on_submit():
            return self._page(form, status=422 if form.is_submitted() else 200)
        expected, year, at = form.expected_headcount.data or "", _year(), now()
        try:
            handler = check_handler(form.name.data, form.phone.data, form.email.data)
            batch_id = self.made_once(
                lambda session: (
                    file_district_batch(
                        session,
                        self.actor,
                        year=year,
                        handler=handler,
                        expected_headcount=int(expected)
                        if expected.isdigit() and len(expected) < 10
                        else None,
                        now=at,
                    ).id
                ),
                at,
            )
        except RuleViolation as refusal:
            return self._page(form, refusal=refusal, status=refusal.status)
        cookie[DOWNLOAD_ONCE] = batch_id
        return redirect(url_for("Filing.filed", row_id=batch_id))

    @expose(f"/{ROW_ID}/filed")
    @needs(Permission.FILE_DISTRICT)
    def filed(self, row_id: int) -> Any:
        """What was filed; the notice downloads by itself the first time this page opens."""
        session = db.session()
        batch = get_visible(session, self.actor, DistrictBatch, row_id)
        return self.render(
            "review/filed.html",
            batch=batch,
            plans=plans_filed(session, batch),
            year=get_year(session, batch.year),
            download=cookie.pop(DOWNLOAD_ONCE, None) == row_id,
        )

    def _page(self, form: HandlerForm, *, refusal: RuleViolation | None = None, status: int = 200) -> Any:
        session, actor = db.session(), self.actor
        year = _year()
        totals = list_totals(session, actor, BatchStatus.APPROVED, year)
        previous = last_handler(session, actor)
        if request.method == "GET":
            form.name.data = previous.handler_name if previous else actor.name
            form.phone.data = previous.handler_phone if previous else ""
            form.email.data = previous.handler_email if previous else ""
        # Refused because the list has changed: the page shows the new one, and asks again.
        form.expected_headcount.data = str(totals.headcount)
        page = self.render(
            "review/file.html",
            form=form,
            year=get_year(session, year),
            totals=totals,
            plans=plan_lines(session, actor, BatchStatus.APPROVED, year),
            waiting=list_totals(session, actor, BatchStatus.SUBMITTED, year),
            rejections=waiting_rejections(session, actor, year),
            reasons=reason_words(session),
            closed=self._closed(year),
            yuan=yuan,
            refusal=refusal,
        )
        return page, status

    def _closed(self, year: int) -> RuleViolation | None:
        session = db.session()
        try:
            union = session.get_one(Union, self.actor.union_id)
            require_window(session, year, WindowName.DISTRICT_SUBMIT, union, now())
        except RuleViolation as refusal:
            return refusal
        return None


def _year() -> int:
    """The year in the address, or the one in work; 404 while no year is set."""
    session = db.session()
    asked = request.args.get("year", type=int)
    if asked in years(session):
        return int(asked or 0)
    latest = year_in_work(session)
    return latest.year if latest else get_year(session, 0).year
