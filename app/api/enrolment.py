"""The enrolment of one union: figures, the people behind them, confirmations, submits; and batches."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_appbuilder.api import expose
from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from app.api.answers import amounts, batch, event, instant, member_row
from app.api.base import Api, cursor, one_of, optional_whole, optional_year, required_one_of, whole
from app.api.schemas import MembersBody, SubmitBody
from app.clock import SHANGHAI, now
from app.models import EnrolmentBatch, Event, EventObject, Union
from app.queries.batch_heads import enrolment_batch_heads
from app.queries.enrolment import bucket_counts, preview
from app.queries.enrolment_people import people
from app.queries.paging import page_of
from app.queries.years import get_year
from app.rules.enrolment import BatchStatus, Bucket, Channel, EnrolmentKind
from app.rules.organisation import UnionLevel
from app.rules.violations import RuleViolation, not_found
from app.security.actor import Actor, current_actor
from app.security.needs import needs
from app.security.roles import Permission
from app.security.visible import get_visible
from app.services.enrolment import submit_batch
from app.services.marks import confirm_members
from app.transaction import transaction

PAGE_SIZE = 50


class EnrolmentApi(Api):
    @expose("/years/<int:year>/enrolment/preview", methods=["GET"])
    @needs(Permission.VIEW_ENROLMENT)
    def preview(self, year: int) -> Any:
        """The confirmation screen's figures
        ---
        get:
          summary: Where the members of a union stand, and what enrolling the eligible costs
          parameters:
          - year
          - {in: query, name: union_id, schema: {type: integer}, description: Required above the grassroots level}
          - {in: query, name: channel, required: true, schema: {type: string, enum: [member_card, social_card]}}
          - {in: query, name: kind, schema: {type: string, enum: [collective]}}
          - {in: query, name: plan, schema: {type: string}}
          responses:
            200: {description: Figures; the buckets add up to the total}
        """
        channel = required_one_of("channel", Channel)
        _collective_only()
        with transaction() as session:
            union = union_asked(session, current_actor())
            shown = preview(
                session, union, get_year(session, year), channel, plan=request.args.get("plan"), now=now()
            )
        if shown.problem is not None:
            raise shown.problem
        return self.answer(
            200,
            {
                "plan": shown.plan,
                "plan_locked": shown.plan_locked,
                "total": shown.total,
                "with_card": shown.with_card,
                "new_since_last_submit": shown.new_since_last_submit,
                "buckets": {bucket.value: count for bucket, count in shown.buckets.items()},
                "amounts": amounts(shown.amounts),
                "cover": {"start": shown.cover_start.isoformat(), "end": shown.cover_end.isoformat()},
                "pay_by": instant(shown.pay_by.astimezone(SHANGHAI)),
            },
        )

    @expose("/years/<int:year>/enrolment/people", methods=["GET"])
    @needs(Permission.VIEW_ENROLMENT)
    def people(self, year: int) -> Any:
        """The people behind a figure
        ---
        get:
          summary: The people behind a figure
          parameters:
          - year
          - {in: query, name: union_id, schema: {type: integer}}
          - {in: query, name: channel, required: true, schema: {type: string, enum: [member_card, social_card]}}
          - {in: query, name: kind, schema: {type: string, enum: [collective]}}
          - {in: query, name: bucket, schema: {type: string}}
          - after
          - page_size
          responses:
            200: {description: A page of members with their bucket}
        """
        channel, bucket = required_one_of("channel", Channel), one_of("bucket", Bucket)
        _collective_only()
        after, size = whole("after", 0), whole("page_size", PAGE_SIZE, 1, 200)
        with transaction() as session:
            union, protection_year = union_asked(session, current_actor()), get_year(session, year)
            counts, _ = bucket_counts(session, union, protection_year, channel)
            rows = people(
                session, current_actor(), union, protection_year, channel, bucket, after=after, limit=size + 1
            )
            count = counts[bucket] if bucket else sum(counts.values())
            next_ = str(rows[size - 1].Member.id) if len(rows) > size else ""
            return self.rows([_person(row) for row in rows[:size]], count, next_)

    @expose("/years/<int:year>/enrolment/confirmations", methods=["POST"])
    @needs(Permission.ENROL)
    def confirm(self, year: int) -> Any:
        """Confirm members who wait for it
        ---
        post:
          summary: 确认 the named members, or all who wait
          parameters:
          - year
          requestBody:
            required: true
            content:
              application/json:
                schema: {$ref: '#/components/schemas/MembersBody'}
          responses:
            200: {description: How many were confirmed}
        """
        sent = self.body(MembersBody)
        ids = None if sent["all"] else sent["member_ids"] or []
        with transaction() as session:
            count = confirm_members(session, current_actor(), year=year, member_ids=ids, now=now())
        return self.answer(200, {"count": count})

    @expose("/years/<int:year>/enrolment/batches", methods=["POST"])
    @needs(Permission.ENROL)
    def submit(self, year: int) -> Any:
        """Submit the union's list
        ---
        post:
          summary: Submit to the superior union
          description: >-
            MEMBER_CARD takes everyone eligible, SOCIAL_CARD the ticked member_ids. Repeatable with the same
            Idempotency-Key.
          parameters:
          - year
          - Idempotency-Key
          requestBody:
            required: true
            content:
              application/json:
                schema: {$ref: '#/components/schemas/SubmitBody'}
          responses:
            201: {description: 'The batch, with its notice'}
            409: {description: 'The list changed meanwhile, or the key was used for another body'}
            409: {description: 'just_submitted, list_changed: the sentence says who and when'}
            422: {description: 'plan_locked, window_closed, nobody_eligible, nobody_ticked …'}
        """
        sent, actor, at = self.body(SubmitBody), current_actor(), now()
        sent["member_ids"] = sent["member_ids"] or None

        def create(session: Session) -> Any:
            submitted = submit_batch(session, actor, year=year, now=at, **sent)
            heads = enrolment_batch_heads(actor)
            return batch(*session.execute(heads.where(EnrolmentBatch.id == submitted.id)).one())

        return self.created_once(create, at)

    @expose("/enrolment/batches", methods=["GET"])
    @needs(Permission.VIEW_ENROLMENT)
    def list_batches(self) -> Any:
        """Batches, their own and those below
        ---
        get:
          summary: List batches, the newest first
          parameters:
          - {in: query, name: year, schema: {type: integer}}
          - {in: query, name: status, schema: {type: string, enum: [submitted, approved, forwarded, completed, returned, lapsed]}}
          - {in: query, name: channel, schema: {type: string, enum: [member_card, social_card]}}
          - {in: query, name: kind, schema: {type: string}}
          - {in: query, name: union_id, schema: {type: integer}}
          - {in: query, name: second_id, schema: {type: integer}}
          - {in: query, name: plan, schema: {type: string}}
          - after
          - page_size
          responses:
            200: {description: A page of batches}
        """
        query = enrolment_batch_heads(current_actor())
        wanted: list[tuple[Any, Any]] = [
            (EnrolmentBatch.year, optional_year()),
            (EnrolmentBatch.status, one_of("status", BatchStatus)),
            (EnrolmentBatch.channel, one_of("channel", Channel)),
            (EnrolmentBatch.kind, one_of("kind", EnrolmentKind)),
            (EnrolmentBatch.union_id, optional_whole("union_id")),
            (EnrolmentBatch.second_id, optional_whole("second_id")),
            (EnrolmentBatch.plan, request.args.get("plan") or None),
        ]
        for column, value in wanted:
            if value is not None:
                query = query.where(column == value)
        with transaction() as session:
            page = page_of(session, query, [EnrolmentBatch.id], cursor())
            return self.listed(page, lambda row: batch(*row[:4]))

    @expose("/enrolment/batches/<int:batch_id>", methods=["GET"])
    @needs(Permission.VIEW_ENROLMENT)
    def get_batch(self, batch_id: int) -> Any:
        """One batch with its log
        ---
        get:
          summary: One batch with its log
          parameters:
          - batch_id
          responses:
            200: {description: 'The batch, its log under "events"'}
            404: {description: Not there, or not for the caller to see}
        """
        with transaction() as session:
            return self.answer(200, batch_with_events(session, current_actor(), batch_id))


def batch_with_events(session: Session, actor: Actor, batch_id: int) -> dict[str, Any]:
    """A batch as the API answers it in detail; 404 where the actor doesn't see it."""
    head = session.execute(enrolment_batch_heads(actor).where(EnrolmentBatch.id == batch_id)).first()
    if head is None:
        raise not_found("enrolment_batch")
    events = session.scalars(
        select(Event)
        .where(Event.object_kind == EventObject.ENROLMENT_BATCH, Event.object_id == batch_id)
        .order_by(Event.sequence)
    )
    return batch(*head) | {"events": [event(each) for each in events]}


def union_asked(session: Session, actor: Actor) -> Union:
    """``?union_id=``, or the actor's own union; must be a grassroots union that the actor sees."""
    union_id = optional_whole("union_id")
    union = get_visible(session, actor, Union, actor.union_id if union_id is None else union_id)
    if union.level is not UnionLevel.GRASSROOTS:
        raise RuleViolation("grassroots_union_needed", field="union_id")
    return union


def _collective_only() -> None:
    kind = one_of("kind", EnrolmentKind)
    if kind is not None and kind is not EnrolmentKind.COLLECTIVE:
        raise RuleViolation("kind_not_open", field="kind", kind=kind)


def _person(row: Row[Any]) -> dict[str, Any]:
    return member_row(row.Member) | {
        "bucket": row.bucket,
        "batch_id": row.batch_id if row.bucket == Bucket.SUBMITTED else None,
        "elsewhere_union": row.elsewhere_union if row.bucket == Bucket.ELSEWHERE else None,
        "confirmed_at": instant(row.confirmed_at),
        "exclusion_reason": row.exclusion_reason,
    }
