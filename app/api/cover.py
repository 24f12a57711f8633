"""A person's cover over the years, with its log."""

from __future__ import annotations

from typing import Any

from flask_appbuilder.api import expose
from sqlalchemy import Row, or_, select
from sqlalchemy.orm import Session

from app.api.answers import event, member_row, union_ref
from app.api.base import Api, cursor, optional_whole, optional_year, private
from app.models import Enrolment, Event, EventObject, Member, Union
from app.queries.cover import cover_query
from app.queries.members import MemberFilter
from app.queries.paging import page_of
from app.rules.violations import RuleViolation
from app.security.actor import current_actor
from app.security.needs import needs
from app.security.persons import keys_of_number
from app.security.roles import Permission
from app.transaction import transaction


class CoverApi(Api):
    @expose("/enrolments", methods=["GET"])
    @needs(Permission.VIEW_COVER)
    def enrolments(self) -> Any:
        """A person's covers
        ---
        get:
          summary: The covers of a person, the newest first, each with its log
          parameters:
          - {in: query, name: person, schema: {type: string}, description: 'A document number or a member number, exact; better as X-Person: addresses stand in logs'}
          - {in: header, name: X-Person, schema: {type: string}, description: The same}
          - {in: query, name: member_id, schema: {type: integer}}
          - {in: query, name: year, schema: {type: integer}}
          - after
          - page_size
          responses:
            200: {description: A page of covers}
            422: {description: Neither person nor member_id was given}
        """
        person, member_id = private("person"), optional_whole("member_id")
        if not person and member_id is None:
            raise RuleViolation("person_needed", field="person")
        query = cover_query(current_actor(), MemberFilter(), optional_year())
        if person:
            query = query.where(
                or_(Member.person_key.in_(keys_of_number(person)), Member.member_no == person)
            )
        if member_id is not None:
            query = query.where(Enrolment.member_id == member_id)
        with transaction() as session:
            keys = [Enrolment.year, Enrolment.batch_id, Enrolment.member_id]
            page = page_of(session, query, keys, cursor())
            logs = _logs(session, [row.Enrolment.batch_id for row in page.rows])
            return self.listed(page, lambda row: _cover(session, row, logs))


def _cover(session: Session, row: Row[Any], logs: dict[int, list[dict[str, Any]]]) -> dict[str, Any]:
    enrolment, batch = row.Enrolment, row.EnrolmentBatch
    return {
        "year": enrolment.year,
        "member": member_row(row.Member),
        "union": union_ref(session.get_one(Union, enrolment.union_id)),
        "batch": {"id": batch.id, "number": batch.number, "status": batch.status.value},
        "channel": enrolment.channel.value,
        "kind": batch.kind.value,
        "plan": batch.plan,
        "term": batch.term.value,
        "status": enrolment.status.value,
        "cover": {"start": enrolment.cover_start.isoformat(), "end": enrolment.cover_end.isoformat()},
        "events": logs.get(enrolment.batch_id, []),
    }


def _logs(session: Session, batch_ids: list[int]) -> dict[int, list[dict[str, Any]]]:
    """The log of each batch, fetched for all at once."""
    logs: dict[int, list[dict[str, Any]]] = {}
    for each in session.scalars(
        select(Event)
        .where(Event.object_kind == EventObject.ENROLMENT_BATCH, Event.object_id.in_(set(batch_ids)))
        .order_by(Event.object_id, Event.sequence)
    ):
        logs.setdefault(each.object_id, []).append(event(each))
    return logs
