"""集中参保实时监控: where the unions of a place stand, in people and money. One grouped statement a level."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Case, ColumnElement, Subquery, and_, case, func, literal, literal_column, or_, select
from sqlalchemy.orm import Session, aliased

from app.models import Enrolment, EnrolmentBatch, Member, Union
from app.rules.enrolment import LIVE_BATCHES, BatchStatus, EnrolmentKind, EnrolmentStatus
from app.rules.members import MembershipKind
from app.rules.monitor import LEAST_ADVANCED_FIRST, Stage
from app.rules.organisation import UnionLevel
from app.security.actor import Actor
from app.security.visible import visible_to

NOTHING = Decimal("0.00")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A union with all below it. ``unions`` counts grassroots unions, ``stages`` adds up to it.

    ``people`` and ``fee`` are those of live batches; ``owed`` is what districts owe the centre for them,
    ``paid`` what has been settled of it. ``members`` are those who can be enrolled at all (关联企业类).
    """

    union: Union | None
    unions: int
    stages: dict[Stage, int]
    members: int
    people: int
    fee: Decimal
    owed: Decimal
    paid: Decimal

    @property
    def stage(self) -> Stage | None:
        """Of a single grassroots union."""
        return next((stage for stage, unions in self.stages.items() if unions), None)

    @property
    def started(self) -> int:
        return self.unions - self.stages[Stage.NOT_STARTED]


def standings(session: Session, actor: Actor, year: int, above: Union) -> list[Standing]:
    """What stands directly below ``above``: districts, second-level unions with the grassroots unions that
    belong straight to their district, or grassroots unions; a grassroots union stands for itself."""
    batches, members = _batches_of_unions(year), _members_of_unions(year)
    stage = func.coalesce(batches.c.stage, Stage.NOT_STARTED.value)
    key = _next_below(above.level).label("key")
    unions = (
        select(
            key,
            func.count().label("unions"),
            *(func.count().filter(stage == each.value).label(each.value) for each in Stage),
            _sum(members.c.members).label("members"),
            *(_sum(batches.c[name]).label(name) for name in ("people", "fee", "owed", "paid")),
        )
        .select_from(Union)
        .outerjoin(batches, batches.c.union_id == Union.id)
        .outerjoin(members, members.c.union_id == Union.id)
        .where(Union.level == UnionLevel.GRASSROOTS, _below(above), visible_to(actor, Union))
        .group_by(key)
        .subquery()
    )
    head = aliased(Union, name="head")
    # A union without grassroots unions below it is there too, empty.
    rows = session.execute(
        select(head, unions)
        .outerjoin(unions, unions.c.key == head.id)
        .where(_heads(head, above), visible_to(actor, head))
        .order_by(head.level == UnionLevel.GRASSROOTS, head.id)
    )
    return [_standing(row[0], row) for row in rows]


def total_of(standings: list[Standing]) -> Standing:
    """The sums of the rows."""
    return Standing(
        union=None,
        unions=sum(row.unions for row in standings),
        stages={stage: sum(row.stages[stage] for row in standings) for stage in Stage},
        members=sum(row.members for row in standings),
        people=sum(row.people for row in standings),
        fee=sum((row.fee for row in standings), NOTHING),
        owed=sum((row.owed for row in standings), NOTHING),
        paid=sum((row.paid for row in standings), NOTHING),
    )


def batches_of(session: Session, actor: Actor, year: int, union: Union) -> list[EnrolmentBatch]:
    """A grassroots union's batches of the year, the newest first."""
    return list(
        session.scalars(
            select(EnrolmentBatch)
            .where(
                EnrolmentBatch.union_id == union.id,
                EnrolmentBatch.year == year,
                EnrolmentBatch.kind == EnrolmentKind.COLLECTIVE,
                visible_to(actor, EnrolmentBatch),
            )
            .order_by(EnrolmentBatch.id.desc())
        )
    )


def path_to(session: Session, actor: Actor, union: Union) -> list[Union]:
    """The visible unions from the top down to ``union``, itself included."""
    above = (union.district_id, union.second_id, union.id)
    places = select(Union).where(
        (Union.level == UnionLevel.MUNICIPAL) | Union.id.in_([each for each in above if each]),
        visible_to(actor, Union),
    )
    order = list(UnionLevel)
    found = session.scalars(places).all()
    return sorted(found, key=lambda each: order.index(each.level) if each.level else len(order))


def _batches_of_unions(year: int) -> Subquery:
    """One row a union that has submitted: its stage, people and money."""
    live = EnrolmentBatch.status.in_(sorted(LIVE_BATCHES))
    owed = EnrolmentBatch.district_share + EnrolmentBatch.grassroots_share
    stages = list(LEAST_ADVANCED_FIRST.values())
    rank = func.min(
        case(*((EnrolmentBatch.status == status, at) for at, status in enumerate(LEAST_ADVANCED_FIRST)))
    )
    stage: Case[str] = case(*((rank == at, literal(stage.value)) for at, stage in enumerate(stages)))
    return (
        select(
            EnrolmentBatch.union_id,
            stage.label("stage"),
            func.sum(EnrolmentBatch.headcount).filter(live).label("people"),
            func.sum(EnrolmentBatch.fee).filter(live).label("fee"),
            func.sum(owed).filter(live).label("owed"),
            func.sum(owed).filter(EnrolmentBatch.status == BatchStatus.COMPLETED).label("paid"),
        )
        .where(EnrolmentBatch.year == year, EnrolmentBatch.kind == EnrolmentKind.COLLECTIVE)
        .group_by(EnrolmentBatch.union_id)
        .subquery("batches")
    )


def _members_of_unions(year: int) -> Subquery:
    """Whoever was erased stays in the figures of the years that covered them, as in ``queries.enrolment``."""
    covered = (
        select(Enrolment.member_id)
        .where(
            Enrolment.year == year,
            Enrolment.person_key == Member.person_key,
            Enrolment.status != literal_column(f"'{EnrolmentStatus.VOID}'"),
        )
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(Member.union_id, func.count().label("members"))
        .where(Member.kind == MembershipKind.EMPLOYED, or_(Member.erased_at.is_(None), covered.is_not(None)))
        .group_by(Member.union_id)
        .subquery("members")
    )


def _next_below(level: UnionLevel | None) -> ColumnElement[Any]:
    """The column of a grassroots union that names its row in the list below a union of ``level``."""
    if level is UnionLevel.MUNICIPAL:
        return Union.district_id.expression
    if level is UnionLevel.DISTRICT:
        return func.coalesce(Union.second_id, Union.id)
    return Union.id.expression


def _below(above: Union) -> ColumnElement[bool]:
    if above.level is UnionLevel.MUNICIPAL:
        return Union.district_id.is_not(None)
    if above.level is UnionLevel.DISTRICT:
        return Union.district_id == above.id
    if above.level is UnionLevel.SECOND:
        return Union.second_id == above.id
    return Union.id == above.id


def _heads(head: type[Union], above: Union) -> ColumnElement[bool]:
    if above.level is UnionLevel.GRASSROOTS:
        return head.id == above.id
    return and_(head.parent_id == above.id, head.level.is_not(None))


def _sum(column: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.coalesce(func.sum(column), 0)


def _standing(union: Union, row: Any) -> Standing:
    return Standing(
        union=union,
        unions=row.unions or 0,
        stages={stage: getattr(row, stage.value) or 0 for stage in Stage},
        members=int(row.members or 0),
        people=int(row.people or 0),
        fee=row.fee or NOTHING,
        owed=row.owed or NOTHING,
        paid=row.paid or NOTHING,
    )
