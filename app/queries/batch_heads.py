"""Batches with what an answer says about them: the union, and the notice that the submit issued."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, and_, select

from app.models import DistrictBatch, EnrolmentBatch, Notice, NoticeVersion, Union
from app.security.actor import Actor
from app.security.visible import visible_to


def enrolment_batch_heads(actor: Actor) -> Select[*tuple[Any, ...]]:
    """``(EnrolmentBatch, Union, notice number, notice version)``, as far as the actor sees."""
    return (
        select(EnrolmentBatch, Union, Notice.number, NoticeVersion.version)
        .join(Union, Union.id == EnrolmentBatch.union_id)
        .outerjoin(NoticeVersion, NoticeVersion.batch_id == EnrolmentBatch.id)
        .outerjoin(Notice, and_(Notice.id == NoticeVersion.notice_id, visible_to(actor, Notice)))
        .where(visible_to(actor, EnrolmentBatch))
    )


def district_batch_heads(actor: Actor) -> Select[*tuple[Any, ...]]:
    """``(DistrictBatch, Union, notice number, notice version)``, as far as the actor sees."""
    return (
        select(DistrictBatch, Union, Notice.number, NoticeVersion.version)
        .join(Union, Union.id == DistrictBatch.district_id)
        .outerjoin(Notice, Notice.district_batch_id == DistrictBatch.id)
        .outerjoin(NoticeVersion, NoticeVersion.notice_id == Notice.id)
        .where(visible_to(actor, DistrictBatch))
    )
