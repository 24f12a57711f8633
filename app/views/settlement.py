"""参保批次管理: what the district filed, its vouchers and its 告知书 (M4.7–4.8, Q42)."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from flask import current_app, flash, redirect, request, send_file, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _

from app.clock import now
from app.documents import notice_file_name, notice_pdf
from app.extensions import db
from app.forms.settlement import DistrictBatchFilterForm, VoucherForm
from app.labels import choices
from app.models import DistrictBatch, EventObject, Union
from app.queries.log import log_of
from app.queries.settlement import (
    DistrictBatchFilter,
    batches_filed,
    count_overdue,
    district_batches,
    district_notice,
    plans_filed,
    voucher_file,
    vouchers_of,
)
from app.queries.years import get_year
from app.rules.organisation import UnionLevel
from app.rules.papers import Paper, SafePaper
from app.rules.settlement import DistrictBatchStatus, parse_amount, voucher_problems
from app.rules.violations import RuleViolation
from app.security.needs import needs
from app.security.roles import Permission, may
from app.security.visible import get_visible
from app.services.files import check_paper
from app.services.settlement import VoucherDetails, upload_voucher
from app.templating import refusal_text
from app.views.base import Screen, cursor_of_request
from app.views.choices import ROW_ID, reason_words
from app.views.log import log_lines
from app.views.stored import hand_over

REGISTERED_ELSEWHERE = {"monitor": "Monitor.live", "statistics": "Statistics.form"}
"""Pages that this one leads to."""


class DistrictBatches(Screen):
    route_base = "/district-batches"

    @expose("/")
    @needs(Permission.VIEW_DISTRICT_BATCHES)
    def list(self) -> Any:
        form = DistrictBatchFilterForm(request.args)
        form.validate()
        page = district_batches(db.session(), self.actor, filter_of(form), cursor_of_request())
        return self.render(
            "settlement/list.html",
            form=form,
            states=choices(DistrictBatchStatus),
            page=page,
            overdue=count_overdue(db.session(), self.actor, now().date()),
            today=now().date(),
            own=self.actor.level is UnionLevel.DISTRICT,
            leads=_leads(self.actor),
        )

    @expose(f"/{ROW_ID}")
    @needs(Permission.VIEW_DISTRICT_BATCHES)
    def detail(self, row_id: int) -> Any:
        session, actor = db.session(), self.actor
        batch = get_visible(session, actor, DistrictBatch, row_id)
        reasons = reason_words(session)
        return self.render(
            "settlement/detail.html",
            batch=batch,
            district=session.get_one(Union, batch.union_id),
            year=get_year(session, batch.year),
            plans=plans_filed(session, batch),
            page=batches_filed(session, batch, cursor_of_request()),
            vouchers=vouchers_of(session, batch),
            log=log_lines(log_of(session, actor, EventObject.DISTRICT_BATCH, batch.id), reasons),
            reasons=reasons,
            leads=_leads(actor),
            at_centre=may(actor, Permission.CENTRE),
        )

    @expose(f"/{ROW_ID}/vouchers", methods=["GET"])
    @needs(Permission.VIEW_DISTRICT_BATCHES)
    def vouchers(self, row_id: int) -> Any:
        """缴费凭证管理."""
        return self._vouchers(row_id, VoucherForm())

    @expose(f"/{ROW_ID}/vouchers", methods=["POST"])
    @needs(Permission.UPLOAD_VOUCHER)
    def upload(self, row_id: int) -> Any:
        form, at = VoucherForm(), now()
        details, paper, status = _read_voucher(form)
        if details is None or paper is None:
            return self._vouchers(row_id, form, status=status)
        try:
            self.made_once(
                lambda session: (
                    upload_voucher(
                        session,
                        self.actor,
                        batch_id=row_id,
                        paper=paper,
                        details=details,
                        now=at,
                    ).id
                ),
                at,
            )
        except RuleViolation as refusal:
            if refusal.status in (403, 404):
                raise
            return self._vouchers(row_id, form, refusal=refusal, status=refusal.status)
        flash(_("The voucher has been uploaded; the centre checks it."), "ok")
        return redirect(url_for("DistrictBatches.vouchers", row_id=row_id))

    @expose(f"/vouchers/{ROW_ID}/file")
    @needs(Permission.VIEW_DISTRICT_BATCHES)
    def voucher(self, row_id: int) -> Any:
        """The uploaded file."""
        return hand_over(voucher_file(db.session(), self.actor, row_id))

    @expose(f"/{ROW_ID}/notice.pdf")
    @needs(Permission.VIEW_DISTRICT_BATCHES)
    def notice(self, row_id: int) -> Any:
        """下载集中参保告知书."""
        session = db.session()
        batch = get_visible(session, self.actor, DistrictBatch, row_id)
        notice, version = district_notice(session, self.actor, batch)
        return send_file(
            BytesIO(notice_pdf(notice, version)),
            mimetype="application/pdf",
            as_attachment=True,
            download_name=notice_file_name(notice, version),
        )

    def _vouchers(
        self, batch_id: int, form: VoucherForm, *, refusal: RuleViolation | None = None, status: int = 200
    ) -> Any:
        session, actor = db.session(), self.actor
        batch = get_visible(session, actor, DistrictBatch, batch_id)
        page = self.render(
            "settlement/vouchers.html",
            batch=batch,
            district=session.get_one(Union, batch.union_id),
            year=get_year(session, batch.year),
            vouchers=vouchers_of(session, batch),
            reasons=reason_words(session),
            form=form,
            may_upload=may(actor, Permission.UPLOAD_VOUCHER)
            and batch.status is DistrictBatchStatus.AWAITING_PAYMENT,
            today=now().date(),
            refusal=refusal,
        )
        return page, status


def filter_of(form: DistrictBatchFilterForm) -> DistrictBatchFilter:
    return DistrictBatchFilter(
        number=(form.number.data or "").strip()[:100],
        district_name=(form.district_name.data or "").strip()[:100],
        status=DistrictBatchStatus(form.status.data)
        if form.status.data in set(DistrictBatchStatus)
        else None,
        submitted_from=form.submitted_from.day,
        submitted_to=form.submitted_to.day,
    )


def _read_voucher(form: VoucherForm) -> tuple[VoucherDetails | None, SafePaper | None, int]:
    """What was typed and sent, or every field's sentence at once and the status to answer with."""
    complete = form.validate()
    refusals: list[RuleViolation] = []
    amount, paper, sent = None, None, form.file.data
    try:
        amount = parse_amount(form.amount.data) if form.amount.data else None
    except RuleViolation as refusal:
        refusals.append(refusal)
    try:
        if sent:
            paper = check_paper(Paper.VOUCHER, sent.filename or "", sent.read())
    except RuleViolation as refusal:
        refusals.append(refusal)
    title, paid_on = form.title.data or "", form.paid_on.data
    refusals += voucher_problems(title, amount, paid_on, now().date())
    for refusal in refusals:
        field = form[refusal.field or "file"]
        field.errors = [*field.errors, refusal_text(refusal)]
    if not complete or refusals or amount is None:
        refused = next((refusal.status for refusal in refusals if refusal.status != 422), 422)
        return None, None, refused
    return VoucherDetails(title, amount, paid_on), paper, 200


def _leads(actor: Any) -> dict[str, str]:
    """The pages beside this one that exist and that the actor may open."""
    permissions = {"monitor": Permission.MONITOR, "statistics": Permission.STATISTICS}
    return {
        name: url_for(endpoint)
        for name, endpoint in REGISTERED_ELSEWHERE.items()
        if endpoint in current_app.view_functions and may(actor, permissions[name])
    }
