"""集中参保统计表: a row per union of the chosen level with all below it, in one statement."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Subquery, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.models import EnrolmentBatch, Member, ProtectionYear, Union
from app.queries.beyond import UNIONS_ABOVE
from app.queries.enrolment import Live, LiveOfAll, bucket_of, standing
from app.queries.monitor import kept_members
from app.rules.enrolment import LIVE_BATCHES, BatchStatus, Bucket, Channel, EnrolmentKind
from app.rules.organisation import UnionLevel
from app.rules.violations import RuleViolation
from app.security.actor import Actor
from app.security.visible import in_tree, visible_to

LEVELS = (UnionLevel.DISTRICT, UnionLevel.SECOND, UnionLevel.GRASSROOTS)
MONEY = ("fee", "municipal_share", "district_share", "grassroots_share")
NOTHING = Decimal("0.00")
CHANNELS, STATUSES = tuple(Channel), tuple(BatchStatus)
ENROLLABLE = (Bucket.SUBMITTED.value, Bucket.ELIGIBLE.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnionFigures:
    """Yuan and people of one row. ``members`` are those of kind 关联企业类, ``enrollable`` of them stand in
    已提交 or 可参保 of either channel; people and money of plans and channels are those of live batches,
    ``paid`` of settled ones. ``straight``: the grassroots unions that belong straight to this district.
    ``enrollable`` is ``None`` where nobody looked at the members one by one."""

    union_id: int
    name: str
    code: str
    parent_name: str
    straight: bool
    members: int
    enrollable: int | None
    by_channel: dict[Channel, int]
    by_plan: dict[str, int]
    by_status: dict[BatchStatus, int]
    fee: Decimal
    municipal: Decimal
    district: Decimal
    grassroots: Decimal
    paid: Decimal
    last_submitted_at: datetime | None

    @property
    def submitted(self) -> int:
        return sum(self.by_channel.values())

    @property
    def owed(self) -> Decimal:
        return self.district + self.grassroots


def levels_for(actor: Actor) -> tuple[UnionLevel, ...]:
    """The levels of which an actor sees whole unions: its own and those below."""
    order = list(UnionLevel)
    return tuple(level for level in LEVELS if order.index(level) >= order.index(actor.level))


def statistics(
    session: Session,
    actor: Actor,
    year: ProtectionYear,
    *,
    level: UnionLevel,
    plans: Sequence[str],
    district_id: int | None = None,
    one_by_one: bool = True,
    most: int | None = None,
) -> Iterator[UnionFigures]:
    """Rows in the order of the tree, one in memory at a time. At the second level a district has a row for the
    grassroots unions that belong straight to it, so that the sums are the same at every level.

    ``plans`` names the plans to count by. Without ``one_by_one`` members are as many as the monitor says, and who of
    them can be enrolled isn't looked at, which is nearly all of the work. ``most``: the first so many rows. Raises
    ``statistics_level`` for a level above the actor's own.
    """
    if level not in levels_for(actor):
        raise RuleViolation("statistics_level", field="level", level=level)
    whole_city = actor.level is UnionLevel.MUNICIPAL and district_id is None
    if one_by_one:
        members = _members_one_by_one(year, whole_city, _in_place(actor, Member, district_id))
    else:
        members = _members_kept(actor, year.year)
    batches = _batches_of_unions(year.year, plans, _in_place(actor, EnrolmentBatch, district_id))
    key = _key(level).label("key")
    sums = [
        func.sum(column).label(column.key)
        for column in (*members.c, *batches.c)
        if column.key not in {"union_id", "last_submitted_at"}
    ]
    figures = (
        select(key, *sums, func.max(batches.c.last_submitted_at).label("last_submitted_at"))
        .select_from(Union)
        .outerjoin(members, members.c.union_id == Union.id)
        .outerjoin(batches, batches.c.union_id == Union.id)
        .where(
            Union.level == UnionLevel.GRASSROOTS, visible_to(actor, Union), _in_district(Union, district_id)
        )
        .group_by(key)
        .subquery("figures")
    )
    head, parent = aliased(Union, name="head"), aliased(Union, name="parent")
    query = (
        select(
            head.id.label("head_id"),
            head.name,
            head.code,
            head.level,
            func.coalesce(parent.name, UNIONS_ABOVE.c.name).label("parent_name"),
            *(column for column in figures.c if column.key != "key"),
        )
        .select_from(head)
        .outerjoin(figures, figures.c.key == head.id)
        .outerjoin(parent, parent.id == head.parent_id)
        .outerjoin(UNIONS_ABOVE, UNIONS_ABOVE.c.id == head.parent_id)
        .where(
            or_(head.level == level, figures.c.key.is_not(None)),
            visible_to(actor, head),
            _in_district(head, district_id),
        )
        .order_by(head.district_id, head.second_id.nulls_first(), head.id)
        .limit(most)
    )
    session.flush()
    # Rows become objects as they are wanted; a cursor of the server's would rule out plans of several processes.
    rows = session.connection().execute(query)
    return (_figures(row, level, plans) for row in rows)


def districts(session: Session, actor: Actor) -> list[Union]:
    """The districts that the form offers."""
    return list(
        session.scalars(
            select(Union)
            .where(Union.level == UnionLevel.DISTRICT, visible_to(actor, Union))
            .order_by(Union.id)
        )
    )


def plans_counted(session: Session, actor: Actor, year: int, offered: Sequence[str]) -> tuple[str, ...]:
    """The plans of the year, and any other that a batch of it still has which the actor sees."""
    mine = _in_place(actor, EnrolmentBatch, None)
    used = session.scalars(select(EnrolmentBatch.plan).where(EnrolmentBatch.year == year, mine).distinct())
    return (*offered, *sorted(set(used) - set(offered)))


def _members_kept(actor: Actor, year: int) -> Subquery:
    parts = kept_members(year, visible_to(actor, Member))
    return (
        select(parts.c.union_id, func.sum(parts.c.members).label("members"))
        .group_by(parts.c.union_id)
        .subquery("members")
    )


def _members_one_by_one(year: ProtectionYear, whole_city: bool, place: ColumnElement[bool]) -> Subquery:
    live = LiveOfAll if whole_city else Live
    anywhere = or_(*(bucket_of(channel, year.cover_start, live).in_(ENROLLABLE) for channel in Channel))
    figures: list[ColumnElement[Any]] = [
        Member.union_id.label("union_id"),
        func.count().label("members"),
        func.count().filter(anywhere).label("enrollable"),
    ]
    counted = standing(select(*figures), year.year, live).where(place)
    return counted.group_by(Member.union_id).subquery("members")


def _batches_of_unions(year: int, plans: Sequence[str], place: ColumnElement[bool]) -> Subquery:
    live = EnrolmentBatch.status.in_(sorted(LIVE_BATCHES))
    people = func.sum(EnrolmentBatch.headcount)
    owed = EnrolmentBatch.district_share + EnrolmentBatch.grassroots_share
    return (
        select(
            EnrolmentBatch.union_id,
            *(
                people.filter(live, EnrolmentBatch.channel == channel).label(channel.value)
                for channel in Channel
            ),
            *(
                people.filter(live, EnrolmentBatch.plan == plan).label(f"plan_{at}")
                for at, plan in enumerate(plans)
            ),
            *(
                func.count().filter(EnrolmentBatch.status == status).label(status.value)
                for status in BatchStatus
            ),
            *(func.sum(getattr(EnrolmentBatch, share)).filter(live).label(share) for share in MONEY),
            func.sum(owed).filter(EnrolmentBatch.status == BatchStatus.COMPLETED).label("paid"),
            func.max(EnrolmentBatch.submitted_at).label("last_submitted_at"),
        )
        .where(EnrolmentBatch.year == year, EnrolmentBatch.kind == EnrolmentKind.COLLECTIVE, place)
        .group_by(EnrolmentBatch.union_id)
        .subquery("batches")
    )


def _key(level: UnionLevel) -> ColumnElement[Any]:
    """The column of a grassroots union that names its row."""
    if level is UnionLevel.DISTRICT:
        return Union.district_id.expression
    if level is UnionLevel.SECOND:
        return func.coalesce(Union.second_id, Union.district_id)
    return Union.id.expression


def _in_place(actor: Actor, scoped: Any, district_id: int | None) -> ColumnElement[bool]:
    """What belongs to the actor's own place, or to the district asked for: said of the rows themselves, since through
    the unions and the second wall alone PostgreSQL looks at every member of the city for a village's figures."""
    return and_(in_tree(actor, scoped), _in_district(scoped, district_id))


def _in_district(scoped: Any, district_id: int | None) -> ColumnElement[bool]:
    wanted: ColumnElement[bool] = (
        scoped.district_id == district_id if district_id is not None else scoped.district_id.is_not(None)
    )
    return wanted


def _figures(row: Any, level: UnionLevel, plans: Sequence[str]) -> UnionFigures:
    found = row._asdict()

    def count(name: str) -> int:
        return int(found[name] or 0)

    return UnionFigures(
        union_id=found["head_id"],
        name=found["name"],
        code=found["code"],
        parent_name=found["parent_name"] or "",
        straight=found["level"] is not level,
        members=count("members"),
        enrollable=count("enrollable") if "enrollable" in found else None,
        by_channel={channel: count(channel) for channel in CHANNELS},
        by_plan={plan: count(f"plan_{at}") for at, plan in enumerate(plans)},
        by_status={status: count(status) for status in STATUSES},
        fee=found["fee"] or NOTHING,
        municipal=found["municipal_share"] or NOTHING,
        district=found["district_share"] or NOTHING,
        grassroots=found["grassroots_share"] or NOTHING,
        paid=found["paid"] or NOTHING,
        last_submitted_at=found["last_submitted_at"],
    )
