"""职保中心: accepting what the districts filed, and checking what they paid (Q39–Q43)."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _

from app.clock import now
from app.extensions import db
from app.forms.reasons import ReasonForm
from app.forms.settlement import DistrictBatchFilterForm
from app.labels import choices
from app.models import DistrictBatch, EventObject, PaymentVoucher, ReasonKind, Union
from app.queries.log import log_of
from app.queries.settlement import (
    batches_filed,
    count_overdue,
    district_batches,
    plans_filed,
    vouchers_of,
    vouchers_to_check,
)
from app.rules.settlement import DistrictBatchStatus, VoucherStatus
from app.rules.violations import RuleViolation
from app.security.needs import needs
from app.security.roles import Permission
from app.security.visible import get_visible
from app.services.settlement import (
    accept_district_batch,
    reject_district_batch,
    reject_voucher,
    settle_voucher,
)
from app.templating import date_text
from app.transaction import transaction
from app.views.base import Screen, cursor_of_request
from app.views.choices import ROW_ID, reason_choices, reason_words
from app.views.log import log_lines
from app.views.settlement import filter_of


class Centre(Screen):
    route_base = "/centre"

    @expose("/batches/")
    @needs(Permission.CENTRE)
    def queue(self) -> Any:
        """区局批次受理: what waits for the centre, first filed first; any state by the filter."""
        form = DistrictBatchFilterForm(request.args)
        form.validate()
        wanted = filter_of(form)
        if "status" not in request.args:
            form.status.data = DistrictBatchStatus.CENTRE_REVIEW.value
            wanted = filter_of(form)
        return self.render(
            "centre/queue.html",
            form=form,
            states=choices(DistrictBatchStatus),
            overdue=count_overdue(db.session(), self.actor, now().date()),
            today=now().date(),
            page=district_batches(db.session(), self.actor, wanted, cursor_of_request(), oldest_first=True),
        )

    @expose(f"/batches/{ROW_ID}")
    @needs(Permission.CENTRE)
    def batch(self, row_id: int) -> Any:
        return self._batch(row_id, ReasonForm())

    @expose(f"/batches/{ROW_ID}/accept", methods=["POST"])
    @needs(Permission.CENTRE)
    def accept(self, row_id: int) -> Any:
        try:
            with transaction() as session:
                batch = accept_district_batch(session, self.actor, batch_id=row_id, now=now())
                text = _(
                    "Batch %(number)s has been accepted; the voucher is due by %(day)s.",
                    number=batch.number,
                    day=date_text(batch.voucher_due_on),
                )
        except RuleViolation as refusal:
            return self._batch_refused(row_id, ReasonForm(), refusal)
        flash(text, "ok")
        return redirect(url_for("Centre.queue"))

    @expose(f"/batches/{ROW_ID}/reject", methods=["POST"])
    @needs(Permission.CENTRE)
    def reject(self, row_id: int) -> Any:
        form = ReasonForm()
        try:
            with transaction() as session:
                batch = reject_district_batch(
                    session,
                    self.actor,
                    batch_id=row_id,
                    reason_code=form.reason_code.data or "",
                    text=form.text.data or "",
                    now=now(),
                )
                text = _("Batch %(number)s went back to its district.", number=batch.number)
        except RuleViolation as refusal:
            return self._batch_refused(row_id, form, refusal)
        flash(text, "ok")
        return redirect(url_for("Centre.queue"))

    @expose("/vouchers/")
    @needs(Permission.CENTRE)
    def vouchers(self) -> Any:
        """缴费凭证审核."""
        number, name = (request.args.get(part, "").strip()[:100] for part in ("number", "district_name"))
        page = vouchers_to_check(
            db.session(), self.actor, cursor_of_request(), number=number, district_name=name
        )
        return self.render("centre/vouchers.html", page=page, number=number, name=name)

    @expose(f"/vouchers/{ROW_ID}")
    @needs(Permission.CENTRE)
    def voucher(self, row_id: int) -> Any:
        """One voucher: amount due beside amount paid."""
        return self._voucher(row_id, ReasonForm())

    @expose(f"/vouchers/{ROW_ID}/settle", methods=["POST"])
    @needs(Permission.CENTRE)
    def settle(self, row_id: int) -> Any:
        try:
            with transaction() as session:
                batch = settle_voucher(session, self.actor, voucher_id=row_id, now=now())
                text = _("Batch %(number)s has been settled; its cover is in force.", number=batch.number)
        except RuleViolation as refusal:
            return self._voucher_refused(row_id, ReasonForm(), refusal)
        flash(text, "ok")
        return redirect(url_for("Centre.vouchers"))

    @expose(f"/vouchers/{ROW_ID}/reject", methods=["POST"])
    @needs(Permission.CENTRE)
    def reject_voucher(self, row_id: int) -> Any:
        form = ReasonForm()
        try:
            with transaction() as session:
                voucher = reject_voucher(
                    session,
                    self.actor,
                    voucher_id=row_id,
                    reason_code=form.reason_code.data or "",
                    text=form.text.data or "",
                    now=now(),
                )
                text = _("The voucher “%(title)s” went back to its district.", title=voucher.title)
        except RuleViolation as refusal:
            return self._voucher_refused(row_id, form, refusal)
        flash(text, "ok")
        return redirect(url_for("Centre.vouchers"))

    def _batch_refused(self, batch_id: int, form: ReasonForm, refusal: RuleViolation) -> Any:
        if refusal.status == 404:
            raise refusal
        return self._batch(batch_id, form, refusal), refusal.status

    def _batch(self, batch_id: int, form: ReasonForm, refusal: RuleViolation | None = None) -> str:
        session, actor = db.session(), self.actor
        batch = get_visible(session, actor, DistrictBatch, batch_id)
        form.reason_code.choices = reason_choices(session, ReasonKind.CENTRE_REJECT)
        reasons = reason_words(session)
        return self.render(
            "centre/batch.html",
            batch=batch,
            district=session.get_one(Union, batch.union_id),
            plans=plans_filed(session, batch),
            page=batches_filed(session, batch, cursor_of_request()),
            vouchers=vouchers_of(session, batch),
            log=log_lines(log_of(session, actor, EventObject.DISTRICT_BATCH, batch.id), reasons),
            reasons=reasons,
            form=form,
            may_decide=batch.status is DistrictBatchStatus.CENTRE_REVIEW,
            refusal=refusal,
        )

    def _voucher_refused(self, voucher_id: int, form: ReasonForm, refusal: RuleViolation) -> Any:
        if refusal.status == 404:
            raise refusal
        return self._voucher(voucher_id, form, refusal), refusal.status

    def _voucher(self, voucher_id: int, form: ReasonForm, refusal: RuleViolation | None = None) -> str:
        session, actor = db.session(), self.actor
        voucher = get_visible(session, actor, PaymentVoucher, voucher_id)
        batch = get_visible(session, actor, DistrictBatch, voucher.district_batch_id)
        form.reason_code.choices = reason_choices(session, ReasonKind.VOUCHER_REJECT)
        differs = voucher.amount != batch.owed
        if differs and request.method == "GET":
            form.reason_code.data = "amount_differs"
        stored = next(row for row in vouchers_of(session, batch) if row.PaymentVoucher.id == voucher.id)
        return self.render(
            "centre/voucher.html",
            voucher=voucher,
            stored=stored,
            batch=batch,
            district=session.get_one(Union, batch.union_id),
            reasons=reason_words(session),
            form=form,
            differs=differs,
            may_decide=voucher.status is VoucherStatus.UNDER_REVIEW,
            refusal=refusal,
        )
