"""退休核实: whose retirement is to be decided for a year, who was kept or left out, and on what paper."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, select
from sqlalchemy.orm import Session, aliased

from app.models import Account, EnrolmentExclusion, Member, ProtectionYear, RetirementKeep, StoredFile, Union
from app.queries.enrolment import bucket_of, standing
from app.queries.enrolment_people import PeopleFilter, people_query
from app.rules.enrolment import Bucket, Channel
from app.rules.violations import not_found
from app.security.actor import Actor
from app.security.visible import LARGEST_ID, visible_to

CHANNEL = Channel.MEMBER_CARD
"""Any would do: what decides about retirement comes before what differs by channel (domain section 5)."""


class Tab(StrEnum):
    """The lists of 退休核实."""

    UNCLEAR = "unclear"
    RETIRED = "retired"
    KEPT = "kept"
    EXCLUDED = "excluded"


BUCKETS = {
    Tab.UNCLEAR: Bucket.RETIREMENT_UNCLEAR,
    Tab.RETIRED: Bucket.RETIRED,
    Tab.EXCLUDED: Bucket.EXCLUDED,
}

keeper = aliased(Account, name="keeper")
excluder = aliased(Account, name="excluder")


def work_list(
    actor: Actor,
    union: Union,
    year: ProtectionYear,
    wanted: PeopleFilter,
    tab: Tab | None,
    channel: Channel = CHANNEL,
) -> Select[*tuple[Any, ...]]:
    """``people_query`` with who decided and when: ``(…, kept_at, kept_by, excluded_at, excluded_by)``."""
    query = (
        people_query(actor, union, year, channel, wanted)
        .add_columns(
            RetirementKeep.kept_at.label("kept_at"),
            keeper.first_name.label("kept_by"),
            EnrolmentExclusion.excluded_at.label("excluded_at"),
            excluder.first_name.label("excluded_by"),
        )
        .outerjoin(keeper, and_(keeper.id == RetirementKeep.kept_by, visible_to(actor, keeper)))
        .outerjoin(excluder, and_(excluder.id == EnrolmentExclusion.excluded_by, visible_to(actor, excluder)))
    )
    return query if tab is None else query.where(_in_tab(year, tab))


def standings_of(
    session: Session, actor: Actor, member: Member, year: ProtectionYear
) -> dict[Channel, Row[*tuple[Any, ...]]]:
    """How one member stands in each channel, as ``work_list`` selects it; empty for who isn't enrolled here at all."""
    union = session.get_one(Union, member.union_id)
    found = {
        channel: session.execute(
            work_list(actor, union, year, PeopleFilter(), None, channel).where(Member.id == member.id)
        ).first()
        for channel in Channel
    }
    return {channel: row for channel, row in found.items() if row is not None}


def tab_counts(session: Session, union: Union, year: ProtectionYear) -> dict[Tab, int]:
    """People per tab, in one statement; 需核实, 退休 and 本年不参保 are the confirmation screen's own counters."""
    counts = (func.count().filter(_in_tab(year, tab)) for tab in Tab)
    row = session.execute(standing(select(*counts), year.year).where(Member.union_id == union.id)).one()
    return dict(zip(Tab, row, strict=True))


def paper_of(session: Session, actor: Actor, year: int, member_id: int) -> StoredFile:
    """The paper that a member's keep rests on; 404 if there is none or it isn't the actor's to see."""
    stored: StoredFile | None = session.scalar(
        select(StoredFile)
        .join(RetirementKeep, RetirementKeep.file_id == StoredFile.id)
        .where(
            RetirementKeep.year == year,
            RetirementKeep.member_id == min(member_id, LARGEST_ID),
            visible_to(actor, RetirementKeep),
        )
    )
    if stored is None:
        raise not_found("stored_file")
    return stored


def _in_tab(year: ProtectionYear, tab: Tab) -> ColumnElement[bool]:
    if tab is Tab.KEPT:
        return RetirementKeep.member_id.is_not(None)
    return bucket_of(CHANNEL, year.cover_start) == BUCKETS[tab].value
