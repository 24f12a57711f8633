"""District batches and their vouchers."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_appbuilder.api import expose
from marshmallow import EXCLUDE, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.api.answers import district_batch, event, voucher
from app.api.base import Api, cursor, one_of, optional_whole, optional_year, uploaded
from app.api.reasons import reason_words
from app.api.schemas import FilingBody, ReasonBody, VoucherForm
from app.clock import now
from app.models import DistrictBatch, DistrictBatchPlan, Event, EventObject, PaymentVoucher
from app.queries.batch_heads import district_batch_heads
from app.queries.paging import page_of
from app.rules.contacts import check_handler
from app.rules.papers import Paper
from app.rules.settlement import DistrictBatchStatus
from app.rules.violations import RuleViolation, not_found
from app.security.actor import Actor, current_actor
from app.security.needs import needs
from app.security.roles import Permission
from app.security.visible import get_visible
from app.services.files import check_paper
from app.services.filing import file_district_batch
from app.services.settlement import (
    VoucherDetails,
    accept_district_batch,
    reject_district_batch,
    reject_voucher,
    settle_voucher,
    upload_voucher,
)
from app.transaction import transaction


class SettlementApi(Api):
    @expose("/years/<int:year>/district-batches", methods=["POST"])
    @needs(Permission.FILE_DISTRICT)
    def file(self, year: int) -> Any:
        """File everything approved with the mutual-aid centre
        ---
        post:
          summary: 确认提交至职保中心
          parameters:
          - year
          - Idempotency-Key
          requestBody:
            required: true
            content:
              application/json:
                schema: {$ref: '#/components/schemas/FilingBody'}
          responses:
            201: {description: The district batch with its notice}
            409: {description: Nothing is approved}
            422: {description: The window is closed}
        """
        sent, actor, at = self.body(FilingBody)["handler"], current_actor(), now()
        handler = check_handler(sent["name"], sent["phone"], sent["email"])

        def create(session: Session) -> Any:
            filed = file_district_batch(session, actor, year=year, handler=handler, now=at)
            return one_district_batch(session, actor, filed.id)

        return self.created_once(create, at)

    @expose("/district-batches", methods=["GET"])
    @needs(Permission.VIEW_DISTRICT_BATCHES)
    def list_district_batches(self) -> Any:
        """District batches
        ---
        get:
          summary: List district batches, the newest first
          parameters:
          - {in: query, name: year, schema: {type: integer}}
          - {in: query, name: status, schema: {type: string, enum: [centre_review, awaiting_payment, voucher_review, completed, rejected]}}
          - {in: query, name: district_id, schema: {type: integer}}
          - after
          - page_size
          responses:
            200: {description: A page of district batches}
        """
        query = district_batch_heads(current_actor())
        wanted: list[tuple[Any, Any]] = [
            (DistrictBatch.year, optional_year()),
            (DistrictBatch.status, one_of("status", DistrictBatchStatus)),
            (DistrictBatch.district_id, optional_whole("district_id")),
        ]
        for column, value in wanted:
            if value is not None:
                query = query.where(column == value)
        with transaction() as session:
            page = page_of(session, query, [DistrictBatch.id], cursor())
            answers = answers_for(session, [tuple(row[:4]) for row in page.rows])
            return self.rows(answers, page.total, page.after, page.total_is_floor)

    @expose("/district-batches/<int:batch_id>", methods=["GET"])
    @needs(Permission.VIEW_DISTRICT_BATCHES)
    def get_district_batch(self, batch_id: int) -> Any:
        """One district batch with its vouchers and log
        ---
        get:
          summary: One district batch with its vouchers and log
          parameters:
          - batch_id
          responses:
            200: {description: The district batch}
            404: {description: Not there, or not for the caller to see}
        """
        with transaction() as session:
            return self.answer(200, one_district_batch(session, current_actor(), batch_id))

    @expose("/district-batches/<int:batch_id>/accept", methods=["POST"])
    @needs(Permission.CENTRE)
    def accept(self, batch_id: int) -> Any:
        """The centre accepts
        ---
        post:
          summary: The centre accepts; the voucher falls due
          parameters:
          - batch_id
          responses:
            200: {description: The district batch}
            409: {description: 'Somebody was first; the sentence says who and when'}
        """
        with transaction() as session:
            accept_district_batch(session, current_actor(), batch_id=batch_id, now=now())
            session.flush()
            return self.answer(200, one_district_batch(session, current_actor(), batch_id))

    @expose("/district-batches/<int:batch_id>/reject", methods=["POST"])
    @needs(Permission.CENTRE)
    def reject(self, batch_id: int) -> Any:
        """The centre rejects, with a reason
        ---
        post:
          summary: The centre rejects; the enrolment batches are approved again
          parameters:
          - batch_id
          requestBody:
            required: true
            content:
              application/json:
                schema: {$ref: '#/components/schemas/ReasonBody'}
          responses:
            200: {description: The district batch}
            409: {description: 'Somebody was first; the sentence says who and when'}
        """
        sent = self.body(ReasonBody)
        with transaction() as session:
            reject_district_batch(
                session,
                current_actor(),
                batch_id=batch_id,
                reason_code=sent["reason_code"],
                text=sent["text"],
                now=now(),
            )
            session.flush()
            return self.answer(200, one_district_batch(session, current_actor(), batch_id))

    @expose("/district-batches/<int:batch_id>/vouchers", methods=["POST"])
    @needs(Permission.UPLOAD_VOUCHER)
    def upload(self, batch_id: int) -> Any:
        """Upload a payment voucher
        ---
        post:
          summary: Upload a payment voucher (JPG, PNG or PDF, at most 10 MB)
          parameters:
          - batch_id
          - Idempotency-Key
          requestBody:
            required: true
            content:
              multipart/form-data:
                schema:
                  type: object
                  required: [file, amount, paid_on]
                  properties:
                    file: {type: string, format: binary}
                    title: {type: string}
                    amount: {type: string}
                    paid_on: {type: string, format: date}
          responses:
            201: {description: The voucher}
            409: {description: The batch awaits no payment}
            413: {description: 'The file is too large, has too many pixels, or is too costly to open'}
            415: {description: 'Neither JPG, PNG nor PDF'}
            422: {description: 'Damaged, encrypted or active; or a field that a rule refuses'}
        """
        with transaction() as session:
            get_visible(session, current_actor(), DistrictBatch, batch_id)
        file, sent, at = uploaded(), self._voucher_form(), now()
        paper = check_paper(Paper.VOUCHER, file.filename or "", file.read())

        def add(session: Session) -> dict[str, Any]:
            added = upload_voucher(
                session,
                current_actor(),
                batch_id=batch_id,
                paper=paper,
                details=VoucherDetails(sent["title"], sent["amount"], sent["paid_on"]),
                now=at,
            )
            session.flush()
            return voucher(added)

        return self.created_once(add, at)

    @expose("/vouchers/<int:voucher_id>/settle", methods=["POST"])
    @needs(Permission.CENTRE)
    def settle(self, voucher_id: int) -> Any:
        """Settle a voucher
        ---
        post:
          summary: 核销; the batch completes and its people are covered
          parameters:
          - voucher_id
          responses:
            200: {description: The district batch}
            422: {description: 'paid_differs_from_owed'}
        """
        with transaction() as session:
            settled = settle_voucher(session, current_actor(), voucher_id=voucher_id, now=now())
            session.flush()
            return self.answer(200, one_district_batch(session, current_actor(), settled.id))

    @expose("/vouchers/<int:voucher_id>/reject", methods=["POST"])
    @needs(Permission.CENTRE)
    def reject_voucher(self, voucher_id: int) -> Any:
        """Reject a voucher, with a reason
        ---
        post:
          summary: Reject a voucher; the district uploads another
          parameters:
          - voucher_id
          requestBody:
            required: true
            content:
              application/json:
                schema: {$ref: '#/components/schemas/ReasonBody'}
          responses:
            200: {description: The voucher}
        """
        sent = self.body(ReasonBody)
        with transaction() as session:
            rejected = reject_voucher(
                session,
                current_actor(),
                voucher_id=voucher_id,
                reason_code=sent["reason_code"],
                text=sent["text"],
                now=now(),
            )
            session.flush()
            return self.answer(200, voucher(rejected))

    def _voucher_form(self) -> dict[str, Any]:
        try:
            sent: dict[str, Any] = VoucherForm(unknown=EXCLUDE).load(request.form.to_dict())
        except ValidationError as refused:
            field = next(iter(refused.messages_dict))
            raise RuleViolation(
                "field_malformed",
                status=400,
                field=field,
                place=field,
                reason=reason_words(str(refused.messages_dict[field][0])),
            ) from None
        return sent


def one_district_batch(session: Session, actor: Actor, batch_id: int) -> dict[str, Any]:
    head = session.execute(district_batch_heads(actor).where(DistrictBatch.id == batch_id)).first()
    if head is None:
        raise not_found("district_batch")
    events = session.scalars(
        select(Event)
        .where(Event.object_kind == EventObject.DISTRICT_BATCH, Event.object_id == batch_id)
        .order_by(Event.sequence)
    )
    return answers_for(session, [tuple(head)])[0] | {"events": [event(each) for each in events]}


def answers_for(session: Session, heads: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    """Heads with their plan lines and vouchers, fetched for all at once."""
    ids = [head[0].id for head in heads]
    lines: dict[int, list[DistrictBatchPlan]] = {}
    for line in session.scalars(
        select(DistrictBatchPlan)
        .where(DistrictBatchPlan.district_batch_id.in_(ids))
        .order_by(DistrictBatchPlan.plan)
    ):
        lines.setdefault(line.district_batch_id, []).append(line)
    vouchers: dict[int, list[PaymentVoucher]] = {}
    for each in session.scalars(
        select(PaymentVoucher).where(PaymentVoucher.district_batch_id.in_(ids)).order_by(PaymentVoucher.id)
    ):
        vouchers.setdefault(each.district_batch_id, []).append(each)
    return [district_batch(*head, lines.get(head[0].id, []), vouchers.get(head[0].id, [])) for head in heads]
