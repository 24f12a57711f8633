"""The district files everything approved with the mutual-aid centre, in its window (M4.4–4.5)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, insert, literal, select, text
from sqlalchemy.orm import Session

from app.models import DistrictBatch, DistrictBatchPlan, EnrolmentBatch, EventObject, Union
from app.queries.years import get_year, require_window
from app.rules.contacts import Handler
from app.rules.enrolment import BatchAction, BatchStatus, Channel, EnrolmentKind
from app.rules.messages import MessageKind
from app.rules.organisation import UnionLevel
from app.rules.settlement import DistrictBatchStatus
from app.rules.violations import RuleViolation
from app.rules.years import WindowName
from app.security.actor import Actor
from app.security.roles import Permission, require
from app.services.batch_moves import move_batches
from app.services.documents import issue_district_notice
from app.services.events import record, scope_of
from app.services.messages import tell_centre, tell_operators


def file_district_batch(
    session: Session,
    actor: Actor,
    *,
    year: int,
    handler: Handler,
    expected_headcount: int | None = None,
    now: datetime,
) -> DistrictBatch:
    """提交列表中的参保信息: everything approved in the district goes to the centre as one batch.

    Only the district, only in its window; nothing can be changed after (M4.4). ``expected_headcount`` is
    what the reviewer was shown. Refuses an empty or changed list.
    """
    require(actor, Permission.FILE_DISTRICT)
    if actor.level is not UnionLevel.DISTRICT:
        raise RuleViolation("not_a_district", status=403)
    protection_year = get_year(session, year)
    # Two filings of one district queue up here: the second finds the list empty.
    district = session.scalar(select(Union).where(Union.id == actor.union_id).with_for_update(key_share=True))
    assert district is not None
    require_window(session, year, WindowName.DISTRICT_SUBMIT, district, now)
    approved = session.scalars(
        select(EnrolmentBatch.id)
        .where(
            EnrolmentBatch.district_id == district.id,
            EnrolmentBatch.year == year,
            EnrolmentBatch.kind == EnrolmentKind.COLLECTIVE,
            EnrolmentBatch.status == BatchStatus.APPROVED,
        )
        .order_by(EnrolmentBatch.id)
        .with_for_update()
    ).all()
    if not approved:
        raise RuleViolation("nothing_to_file", status=409)
    batch = _write_district_batch(session, actor, district, year, list(approved), handler, now)
    if expected_headcount is not None and batch.headcount != expected_headcount:
        raise RuleViolation("list_changed", status=409, expected=expected_headcount, found=batch.headcount)
    move_batches(
        session,
        actor,
        BatchAction.FORWARD,
        BatchStatus.APPROVED,
        BatchStatus.FORWARDED,
        list(approved),
        now,
        district_batch_id=batch.id,
    )
    record(
        session,
        actor,
        EventObject.DISTRICT_BATCH,
        batch.id,
        "submit",
        now=now,
        scope=batch,
        to_state=batch.status,
        facts={"headcount": batch.headcount, "owed": str(batch.owed)},
    )
    issue_district_notice(session, actor, district, protection_year, batch, now=now)
    tell_operators(session, MessageKind.BATCH_FILED, approved, now)
    tell_centre(session, MessageKind.FILED_ARRIVED, batch, now)
    return batch


def _write_district_batch(
    session: Session,
    actor: Actor,
    district: Union,
    year: int,
    batch_ids: list[int],
    handler: Handler,
    now: datetime,
) -> DistrictBatch:
    """The head with its totals, and a line per plan, both summed by the database from the batches."""
    of_channel = {
        channel: func.coalesce(
            func.sum(EnrolmentBatch.headcount).filter(EnrolmentBatch.channel == channel), 0
        )
        for channel in Channel
    }
    totals = session.execute(
        select(
            func.sum(EnrolmentBatch.headcount).label("headcount"),
            of_channel[Channel.MEMBER_CARD].label("member_card"),
            of_channel[Channel.SOCIAL_CARD].label("social_card"),
            func.sum(EnrolmentBatch.fee).label("fee"),
            func.sum(EnrolmentBatch.municipal_share).label("municipal"),
            func.sum(EnrolmentBatch.district_share).label("district"),
            func.sum(EnrolmentBatch.grassroots_share).label("grassroots"),
        ).where(EnrolmentBatch.id == func.any(batch_ids))
    ).one()
    batch_id = session.scalar(text("SELECT nextval(pg_get_serial_sequence('district_batch', 'id'))"))
    batch = DistrictBatch(
        id=batch_id,
        number=f"CB{year}{batch_id:08d}",
        year=year,
        kind=EnrolmentKind.COLLECTIVE,
        status=DistrictBatchStatus.CENTRE_REVIEW,
        headcount=totals.headcount,
        headcount_member_card=totals.member_card,
        headcount_social_card=totals.social_card,
        fee=totals.fee,
        municipal_share=totals.municipal,
        district_share=totals.district,
        grassroots_share=totals.grassroots,
        owed=totals.district + totals.grassroots,
        handler_name=handler.name,
        handler_phone=handler.phone,
        handler_email=handler.email,
        submitted_by=actor.account_id,
        submitted_at=now,
        updated_at=now,
        **scope_of(district),
    )
    session.add(batch)
    session.flush()
    owed = EnrolmentBatch.district_share + EnrolmentBatch.grassroots_share
    lines = (
        select(
            literal(batch_id),
            EnrolmentBatch.plan,
            func.sum(EnrolmentBatch.headcount),
            func.sum(EnrolmentBatch.fee),
            func.sum(owed),
        )
        .where(EnrolmentBatch.id == func.any(batch_ids))
        .group_by(EnrolmentBatch.plan)
    )
    session.execute(
        insert(DistrictBatchPlan).from_select(
            ["district_batch_id", "plan", "headcount", "fee", "owed"], lines
        )
    )
    return batch
