"""集中参保实时监控: where the unions of a place stand, in people and money. One grouped statement a level."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Subquery, and_, case, func, literal_column, select, union_all
from sqlalchemy.orm import Session, aliased

from app.models import Enrolment, EnrolmentBatch, Member, MemberCount, MemberCountChange, Union
from app.rules.enrolment import LIVE_BATCHES, BatchStatus, EnrolmentKind, EnrolmentStatus
from app.rules.members import MembershipKind
from app.rules.monitor import LEAST_ADVANCED_FIRST, Stage
from app.rules.organisation import UnionLevel
from app.security.actor import Actor
from app.security.visible import visible_to

NOTHING = Decimal("0.00")


RANK = case({status.value: at for at, status in enumerate(LEAST_ADVANCED_FIRST)}, value=EnrolmentBatch.status)
"""Of a batch: a union stands where its lowest one puts it, as ``LEAST_ADVANCED_FIRST`` counts."""


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
    unions, batches, members = _unions(actor, above), _batches(year, above), _members(year, above)
    head = aliased(Union, name="head")
    # A union without grassroots unions below it is there too, empty.
    rows = session.execute(
        select(
            head, unions.c.unions, *(column for column in batches.c if column.key != "key"), members.c.members
        )
        .outerjoin(unions, unions.c.key == head.id)
        .outerjoin(batches, batches.c.key == head.id)
        .outerjoin(members, members.c.key == head.id)
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


def _unions(actor: Actor, above: Union) -> Subquery:
    """How many grassroots unions each row of the list has."""
    key = _next_below(above.level, Union).label("key")
    return (
        select(key, func.count().label("unions"))
        .where(grassroots_below(above), visible_to(actor, Union))
        .group_by(key)
        .subquery("unions")
    )


def _batches(year: int, above: Union) -> Subquery:
    """The submitted ones among them by stage, with people and money. A union stands where its least advanced batch
    puts it; summed up by the batches' own scope, so that no union has to be looked up."""
    live = EnrolmentBatch.status.in_(sorted(LIVE_BATCHES))
    owed = EnrolmentBatch.district_share + EnrolmentBatch.grassroots_share
    scope = (EnrolmentBatch.union_id, EnrolmentBatch.second_id, EnrolmentBatch.district_id)
    of_union = (
        select(
            *scope,
            func.min(RANK).label("rank"),
            func.sum(EnrolmentBatch.headcount).filter(live).label("people"),
            func.sum(EnrolmentBatch.fee).filter(live).label("fee"),
            func.sum(owed).filter(live).label("owed"),
            func.sum(owed).filter(EnrolmentBatch.status == BatchStatus.COMPLETED).label("paid"),
        )
        .where(
            EnrolmentBatch.year == year,
            EnrolmentBatch.kind == EnrolmentKind.COLLECTIVE,
            below(above, EnrolmentBatch),
        )
        .group_by(*scope)
        .subquery("of_union")
    )
    key = _next_below(above.level, of_union.c).label("key")
    stages = list(LEAST_ADVANCED_FIRST.values())
    return (
        select(
            key,
            *(
                func.count().filter(of_union.c.rank == at).label(stage.value)
                for at, stage in enumerate(stages)
            ),
            *(func.sum(of_union.c[name]).label(name) for name in ("people", "fee", "owed", "paid")),
        )
        .group_by(key)
        .subquery("batches")
    )


def _members(year: int, above: Union) -> Subquery:
    """Who can be enrolled, below each row of the list."""
    parts = kept_members(year, below(above, Member))
    key = _next_below(above.level, Union).label("key")
    return (
        select(key, func.sum(parts.c.members).label("members"))
        .select_from(Union)
        .join(parts, parts.c.union_id == Union.id)
        .where(grassroots_below(above))
        .group_by(key)
        .subquery("members")
    )


def kept_members(year: int, among: ColumnElement[bool]) -> Subquery:
    """``(union_id, members)``, several rows a union: who can be enrolled, from the counts that are kept. Whoever was
    erased stays in the figures of the years that covered them, as in ``queries.enrolment``: they are few, and counted
    each time, ``among`` these."""
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
    erased = select(Member.union_id, func.count()).where(
        Member.kind == MembershipKind.EMPLOYED,
        Member.erased_at.is_not(None),
        covered.is_not(None),
        among,
    )
    return union_all(
        select(MemberCount.union_id, MemberCount.employed.label("members")),
        select(MemberCountChange.union_id, MemberCountChange.employed),
        erased.group_by(Member.union_id),
    ).subquery("parts")


def _next_below(level: UnionLevel | None, of: Any) -> ColumnElement[Any]:
    """What names the row of a grassroots union, or of what it has, in the list below a union of ``level``. ``of``: the
    model of unions, or columns of scope."""
    own: ColumnElement[Any] = Union.id.expression if of is Union else of.union_id
    if level is UnionLevel.MUNICIPAL:
        return of.district_id  # type: ignore[no-any-return]
    if level is UnionLevel.DISTRICT:
        return func.coalesce(of.second_id, own)
    return own


def grassroots_below(above: Union) -> ColumnElement[bool]:
    return and_(Union.level == UnionLevel.GRASSROOTS, below(above, Union))


def below(above: Union, entity: Any) -> ColumnElement[bool]:
    """The rows of ``entity``, a model with the scope columns, that belong to ``above`` or to a union below it."""
    condition: ColumnElement[bool] = entity.district_id.is_not(None)
    if above.level is UnionLevel.DISTRICT:
        condition = entity.district_id == above.id
    elif above.level is UnionLevel.SECOND:
        condition = entity.second_id == above.id
    elif above.level is UnionLevel.GRASSROOTS:
        condition = (entity.id if entity is Union else entity.union_id) == above.id
    return condition


def _heads(head: type[Union], above: Union) -> ColumnElement[bool]:
    if above.level is UnionLevel.GRASSROOTS:
        return head.id == above.id
    return and_(head.parent_id == above.id, head.level.is_not(None))


def _standing(union: Union, row: Any) -> Standing:
    unions = row.unions or 0
    begun = {stage: getattr(row, stage.value) or 0 for stage in LEAST_ADVANCED_FIRST.values()}
    begun[Stage.NOT_STARTED] = unions - sum(begun.values())
    return Standing(
        union=union,
        unions=unions,
        stages={stage: begun[stage] for stage in Stage},
        members=int(row.members or 0),
        people=int(row.people or 0),
        fee=row.fee or NOTHING,
        owed=row.owed or NOTHING,
        paid=row.paid or NOTHING,
    )
