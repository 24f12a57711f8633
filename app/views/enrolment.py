"""会员卡参保信息管理 and 社保卡参保信息管理: the union's batches, one batch, and the page after a submit."""

from __future__ import annotations

from typing import Any

from flask import request, url_for
from flask_appbuilder import expose

from app.clock import now
from app.extensions import db
from app.forms.enrolment import BatchFilterForm
from app.models import EnrolmentBatch, EventObject, Plan, Union
from app.queries.batches import (
    BatchFilter,
    batches,
    grassroots_notice,
    marked_people,
    notice_versions,
)
from app.queries.lapsed import lapsed_totals
from app.queries.log import log_of
from app.queries.review import changed_since_submit, people_in_batch
from app.rules.enrolment import BatchStatus, Channel, EnrolmentKind
from app.rules.organisation import UnionLevel
from app.security.needs import needs
from app.security.roles import Permission, may
from app.security.visible import get_visible
from app.transaction import transaction
from app.views.base import Screen, cursor_of_request
from app.views.calendar import year_at_work, year_steps
from app.views.choices import ROW_ID, reason_words
from app.views.log import log_lines


class Enrolment(Screen):
    route_base = "/enrolment"

    @expose("/member-card/")
    @needs(Permission.ENROL)
    def member_card(self) -> Any:
        """会员卡参保信息管理."""
        return self._list(Channel.MEMBER_CARD)

    @expose("/social-card/")
    @needs(Permission.ENROL)
    def social_card(self) -> Any:
        """社保卡参保信息管理."""
        return self._list(Channel.SOCIAL_CARD)

    @expose(f"/batches/{ROW_ID}")
    @needs(Permission.VIEW_ENROLMENT)
    def batch(self, row_id: int) -> Any:
        """One batch: its people, its log, why it came back, and the versions of the notice."""
        with transaction() as session:
            batch = get_visible(session, self.actor, EnrolmentBatch, row_id)
            notice = grassroots_notice(session, self.actor, batch.union_id, batch.year)
            name = request.args.get("name", "").strip()[:100]
            reasons = reason_words(session)
            return self.render(
                "enrolment/batch.html",
                batch=batch,
                plan_name=session.get_one(Plan, batch.plan).name,
                union=session.get_one(Union, batch.union_id),
                name=name,
                reads_papers=may(self.actor, Permission.VIEW_MEMBERS),
                page=people_in_batch(session, batch, cursor_of_request(), name=name),
                changed=changed_since_submit(session, batch),
                marked=marked_people(session, self.actor, batch),
                reasons=reasons,
                log=log_lines(log_of(session, self.actor, EventObject.ENROLMENT_BATCH, batch.id), reasons),
                notice=notice,
                versions=notice_versions(session, notice),
                list_url=self._list_url(batch.channel),
                again_url=self._again_url(batch),
            )

    @expose(f"/batches/{ROW_ID}/submitted")
    @needs(Permission.ENROL)
    def submitted(self, row_id: int) -> Any:
        """What a submit did; the notice downloads from here by itself, once (M3.1.8)."""
        session = db.session()
        batch = get_visible(session, self.actor, EnrolmentBatch, row_id)
        notice = grassroots_notice(session, self.actor, batch.union_id, batch.year)
        versions = [v for v in notice_versions(session, notice) if v.batch_id == batch.id]
        return self.render(
            "enrolment/submitted.html",
            batch=batch,
            plan_name=session.get_one(Plan, batch.plan).name,
            notice=notice,
            version=versions[0] if versions else None,
            list_url=self._list_url(batch.channel),
        )

    def _list(self, channel: Channel) -> Any:
        form = BatchFilterForm(request.args)
        form.validate()
        with transaction() as session:
            year = year_at_work()
            notice = grassroots_notice(session, self.actor, self.actor.union_id, year.year) if year else None
            return self.render(
                "enrolment/list.html",
                channel=channel,
                year=year,
                steps=year_steps(year, now()) if year else [],
                form=form,
                page=batches(session, self.actor, _filter(form, channel), cursor_of_request()),
                notice=notice,
                lapsed=lapsed_totals(session, self.actor, year.year) if year else [],
            )

    def _list_url(self, channel: Channel) -> str:
        """Back to the list, for those who have one."""
        return url_for(f"Enrolment.{channel}") if may(self.actor, Permission.ENROL) else ""

    def _again_url(self, batch: EnrolmentBatch) -> str:
        """Where a returned batch is submitted anew."""
        again = batch.status in (BatchStatus.RETURNED, BatchStatus.LAPSED)
        own = self.actor.level is UnionLevel.GRASSROOTS and may(self.actor, Permission.ENROL)
        if not (again and own and batch.kind is EnrolmentKind.COLLECTIVE):
            return ""
        return url_for("Confirmation.screen", year=batch.year, channel=batch.channel.value)


def _filter(form: BatchFilterForm, channel: Channel) -> BatchFilter:
    return BatchFilter(
        channel=channel,
        number=(form.number.data or "").strip(),
        submitted_from=form.submitted_from.day,
        submitted_to=form.submitted_to.day,
        status=BatchStatus(form.status.data) if form.status.data in set(BatchStatus) else None,
        kind=EnrolmentKind(form.kind.data) if form.kind.data in set(EnrolmentKind) else None,
    )
