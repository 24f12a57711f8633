"""集中参保审核: the two lists of second-level and district reviewers, and one batch with its people (M4.3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.addresses import asked_of
from app.clock import now
from app.extensions import db
from app.forms.reasons import ReasonForm
from app.forms.review import PaymentDayForm, PaymentForm, ReviewFilterForm
from app.labels import label
from app.models import EnrolmentBatch, EventObject, ProtectionYear, ReasonKind, Union
from app.queries.lapse import paid_among, payment_of
from app.queries.log import log_of
from app.queries.review import (
    ReviewFilter,
    batch_heads,
    batches_for_review,
    changed_counts,
    changed_since_submit,
    list_totals,
    names_in_batch,
    people_in_batch,
    shares_owed,
)
from app.queries.settlement import waiting_rejections
from app.queries.years import get_year, plans_of, require_window, years
from app.rules.enrolment import BatchAction, BatchStatus, Channel, sources
from app.rules.organisation import UnionLevel
from app.rules.payments import owes_a_share
from app.rules.settlement import parse_amount
from app.rules.violations import RuleViolation
from app.rules.years import WindowName
from app.security.needs import needs
from app.security.roles import Permission, may
from app.security.visible import get_visible
from app.services.payments import record_payment, record_payments, withdraw_payment
from app.services.review import Decision, approve_batches, return_batch, unapprove_batches
from app.templating import number
from app.transaction import transaction
from app.views.base import Screen, cursor_of_request
from app.views.calendar import year_at_work
from app.views.choices import ROW_ID, ids_of, reason_choices, reason_words, yuan
from app.views.log import log_lines

MARKS_MAX = 200
"""Marks travel in the address from page to page; a batch with more wrong people is simply wrong."""


class Review(Screen):
    route_base = "/review"

    @expose("/collective/", methods=["GET", "POST"])
    @needs(Permission.REVIEW)
    def collective(self) -> Any:
        """待审批参保列表; POST is 添加至待提交 of the ticked."""
        return self._decide(BatchAction.APPROVE, approve_batches)

    @expose("/approved/", methods=["GET", "POST"])
    @needs(Permission.REVIEW)
    def approved(self) -> Any:
        """待提交参保列表; POST is 移除 of the ticked."""
        return self._decide(BatchAction.UNAPPROVE, unapprove_batches)

    @expose(f"/batch/{ROW_ID}", methods=["GET", "POST"])
    @needs(Permission.REVIEW)
    def batch(self, row_id: int) -> Any:
        """One batch and its people; POST is 退回."""
        form = ReasonForm()
        if request.method == "GET":
            return self._batch(row_id, form)
        try:
            with transaction() as session:
                returned = return_batch(
                    session,
                    self.actor,
                    batch_id=row_id,
                    reason_code=form.reason_code.data or "",
                    text=form.text.data or "",
                    member_ids=ids_of(request.form, "member_ids"),
                    now=now(),
                )
                text = _("Batch %(number)s went back to its union.", number=returned.number)
        except RuleViolation as refusal:
            if refusal.status == 404:
                raise
            return self._batch(row_id, form, refusal)
        flash(text, "ok")
        return redirect(url_for("Review.collective"))

    @expose(f"/batch/{ROW_ID}/payment", methods=["POST"])
    @needs(Permission.REVIEW)
    def payment(self, row_id: int) -> Any:
        """Record that the union has paid its own share."""
        form, at = PaymentForm(), now()
        try:
            amount = parse_amount(form.amount.data) if form.amount.data else None
            paid_on = form.paid_on.data
            if not form.validate() or amount is None or paid_on is None:
                return self._batch(row_id, ReasonForm(formdata=None), payment=form)

            def pay(session: Session) -> int:
                return record_payment(
                    session, self.actor, batch_id=row_id, amount=amount, paid_on=paid_on, now=at
                ).batch_id

            self.made_once(pay, at)
        except RuleViolation as refusal:
            if refusal.status in (403, 404):
                raise
            return self._batch(row_id, ReasonForm(formdata=None), refusal, form)
        flash(_("The payment has been recorded: this batch doesn't lapse for it."), "ok")
        return redirect(url_for("Review.batch", row_id=row_id))

    @expose(f"/batch/{ROW_ID}/payment/withdraw", methods=["POST"])
    @needs(Permission.REVIEW)
    def withdraw_payment(self, row_id: int) -> Any:
        try:
            with transaction() as session:
                withdraw_payment(session, self.actor, batch_id=row_id, now=now())
        except RuleViolation as refusal:
            if refusal.status in (403, 404):
                raise
            return self._batch(row_id, ReasonForm(formdata=None), refusal)
        flash(_("The recorded payment has been taken back."), "ok")
        return redirect(url_for("Review.batch", row_id=row_id))

    @expose("/payments/", methods=["POST"])
    @needs(Permission.REVIEW)
    def payments(self) -> Any:
        """What the unions of the ticked batches owe; sent again with a day, all of it is recorded as paid then."""
        ids = ids_of(request.form, "ids")
        if "paid_on" not in request.form:
            return self._payments(ids, PaymentDayForm(formdata=None, paid_on=now().date()))
        form = PaymentDayForm()
        if not form.validate():
            return self._payments(ids, form), 422
        try:
            with transaction() as session:
                decisions = record_payments(
                    session, self.actor, batch_ids=ids, paid_on=form.paid_on.data, now=now()
                )
        except RuleViolation as refusal:
            return self._payments(ids, form, refusal), refusal.status
        if any(decision.problem for decision in decisions):
            return self._outcome(_("Payment of the union recorded"), decisions)
        flash(_("The payments of %(n)s batches have been recorded.", n=number(len(decisions))), "ok")
        return redirect(url_for(_list_of_request()))

    def _payments(
        self, ids: Sequence[int], form: PaymentDayForm, refusal: RuleViolation | None = None
    ) -> Any:
        owed = shares_owed(db.session(), self.actor, ids)
        return self.render(
            "review/payments.html",
            form=form,
            owed=owed,
            owing_nothing=len(ids) - len(owed),
            sum=sum((row.grassroots_share for row in owed), Decimal("0.00")),
            back=url_for(_list_of_request()),
            today=now().date(),
            refusal=refusal,
        )

    def _decide(self, action: BatchAction, verb: Callable[..., list[Decision]]) -> Any:
        """The list that ``action`` works on; on POST ``verb`` is done to the ticked batches."""
        (status,) = sources(action)
        if request.method == "GET":
            return self._list(status)
        try:
            with transaction() as session:
                decisions = verb(session, self.actor, batch_ids=ids_of(request.form, "ids"), now=now())
        except RuleViolation as refusal:
            return self._list(status, refusal)
        if any(decision.problem for decision in decisions):
            return self._outcome(label(action), decisions)
        done = number(len(decisions))
        if action is BatchAction.APPROVE:
            flash(_("%(n)s batches are on the submission list now.", n=done), "ok")
        else:
            flash(_("%(n)s batches wait for approval again.", n=done), "ok")
        return redirect(asked_of(str(request.endpoint), request.args))

    def _list(self, status: BatchStatus, refusal: RuleViolation | None = None) -> Any:
        session, actor = db.session(), self.actor
        form = ReviewFilterForm(request.args)
        form.validate()
        year = _chosen_year(form)
        if year is None:
            return self.render("review/no_year.html")
        page = batches_for_review(session, actor, status, _filter(form, year), cursor_of_request())
        closed = self._closed(year, WindowName.REVIEW)
        filing = actor.level is UnionLevel.DISTRICT and may(actor, Permission.FILE_DISTRICT)
        rendered = self.render(
            "review/approved.html" if status is BatchStatus.APPROVED else "review/pending.html",
            form=form,
            year=year,
            years=years(session),
            plans=[(plan.code, plan.name) for plan in plans_of(session, year.year)],
            page=page,
            totals=list_totals(session, actor, status, year.year),
            changed=changed_counts(session, year.year, [row.EnrolmentBatch for row in page.rows]),
            unpaid=_unpaid(session, [row.EnrolmentBatch for row in page.rows]),
            ticked=ids_of(request.form, "ids"),
            closed=closed,
            may_file=filing,
            filing_closed=self._closed(year, WindowName.DISTRICT_SUBMIT) if filing else None,
            second=actor.level is UnionLevel.SECOND,
            rejections=waiting_rejections(session, actor, year.year) if filing else (),
            reasons=reason_words(session),
            yuan=yuan,
            refusal=refusal,
        )
        return rendered, refusal.status if refusal else 200

    def _batch(
        self,
        batch_id: int,
        form: ReasonForm,
        refusal: RuleViolation | None = None,
        payment: PaymentForm | None = None,
    ) -> Any:
        session, actor = db.session(), self.actor
        batch = get_visible(session, actor, EnrolmentBatch, batch_id)
        owes = owes_a_share(batch.status, batch.grassroots_share)
        if payment is not None and refusal is None and not owes:
            # The form isn't there any more: what is wrong with it would be said nowhere.
            refusal = RuleViolation("share_not_owed", status=409, state=batch.status)
        union = session.get_one(Union, batch.union_id)
        closed = self._closed(get_year(session, batch.year), WindowName.REVIEW, union)
        form.reason_code.choices = reason_choices(session, ReasonKind.RETURN)
        page = people_in_batch(session, batch, cursor_of_request(), name=request.args.get("name", "")[:100])
        marks = ids_of(request.form if request.method == "POST" else request.args, "member_ids")[:MARKS_MAX]
        here = {row.Member.id for row in page.rows}
        reasons = reason_words(session)
        rendered = self.render(
            "review/batch.html",
            batch=batch,
            union=union,
            parent=session.get(Union, union.parent_id) if union.parent_id else None,
            plan=next((p.name for p in plans_of(session, batch.year) if p.code == batch.plan), batch.plan),
            page=page,
            marks=set(marks),
            marked_elsewhere=names_in_batch(session, batch, [mark for mark in marks if mark not in here]),
            changed=changed_since_submit(session, batch),
            log=log_lines(log_of(session, actor, EventObject.ENROLMENT_BATCH, batch.id), reasons),
            reasons=reasons,
            form=form,
            closed=closed,
            payment=payment_of(session, batch),
            owes=owes,
            pay_form=payment or PaymentForm(formdata=None, amount=yuan(batch.grassroots_share)),
            today=now().date(),
            can={
                action: batch.status in sources(action)
                for action in (BatchAction.APPROVE, BatchAction.UNAPPROVE, BatchAction.RETURN)
            },
            actions=BatchAction,
            refusal=refusal,
        )
        return rendered, refusal.status if refusal else 422 if payment else 200

    def _outcome(self, done: str, decisions: Sequence[Decision]) -> Any:
        """What became of each batch, ``done`` or not; the status is the first problem's when none went through."""
        heads = batch_heads(db.session(), self.actor, [decision.batch_id for decision in decisions])
        problems = [decision.problem for decision in decisions if decision.problem is not None]
        nothing_done = len(problems) == len(decisions)
        page = self.render("review/outcome.html", done=done, decisions=decisions, heads=heads)
        return page, problems[0].status if nothing_done else 200

    def _closed(
        self, year: ProtectionYear, name: WindowName, union: Union | None = None
    ) -> RuleViolation | None:
        """Why the window is closed now for the reviewer's union (or a batch's); none when it is open."""
        session = db.session()
        try:
            require_window(
                session, year.year, name, union or session.get_one(Union, self.actor.union_id), now()
            )
        except RuleViolation as refusal:
            return refusal
        return None


def _list_of_request() -> str:
    """Which of the two lists the request came from."""
    return "Review.approved" if request.args.get("list") == "approved" else "Review.collective"


def _unpaid(session: Session, batches: Sequence[EnrolmentBatch]) -> set[int]:
    """Those whose union still has to pay its own share."""
    owing = {batch.id for batch in batches if owes_a_share(batch.status, batch.grassroots_share)}
    return owing - paid_among(session, list(owing))


def _chosen_year(form: ReviewFilterForm) -> ProtectionYear | None:
    session = db.session()
    if form.year.data and not form.year.errors and form.year.data in years(session):
        return get_year(session, form.year.data)
    return year_at_work()


def _filter(form: ReviewFilterForm, year: ProtectionYear) -> ReviewFilter:
    return ReviewFilter(
        year=year.year,
        union_name=(form.union_name.data or "").strip()[:100],
        union_code=(form.union_code.data or "").strip()[:100],
        parent_name=(form.parent_name.data or "").strip()[:100],
        plan=(form.plan.data or "").strip()[:10],
        channel=Channel(form.channel.data) if form.channel.data in set(Channel) else None,
        submitted_from=form.submitted_from.day,
        submitted_to=form.submitted_to.day,
    )
