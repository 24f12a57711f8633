"""Who sees which rows: a union sees itself and what lies below it, never a sibling (domain section 1).

Every read of business data starts at ``visible_to``. The business roles see by the tree, through the three
scope columns that each row carries; the others see only what their work needs: the centre what was
filed with it, the security administrator accounts, the auditor the log.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, bindparam, false, inspect, or_, select, true
from sqlalchemy.orm import Mapper, Session

from app.models import (
    Account,
    AccountSession,
    AuditEntry,
    DailyFigure,
    DistrictBatch,
    DistrictBatchPlan,
    Enrolment,
    EnrolmentBatch,
    Event,
    EventObject,
    Invitation,
    Member,
    MemberCount,
    MemberCountChange,
    MemberTransfer,
    Notice,
    NoticeKind,
    PaymentVoucher,
    PlaceFigures,
    RoleHolding,
    Union,
)
from app.rules.organisation import UnionLevel
from app.rules.transfers import Side
from app.rules.violations import not_found
from app.security.access_log import about
from app.security.actor import Actor
from app.security.roles import TREE_ROLES, Role
from app.security.standpoint import Asker, Standpoint, place_of, standpoint_of

Row = TypeVar("Row")

LARGEST_ID = 2**63 - 1
"""PostgreSQL's bigint: asking it for a larger one is an error, not an empty answer."""

ACCOUNT_KEEPING = (Union, Account, AccountSession, Invitation, RoleHolding)
"""What the security administrator sees of the city."""

COUNTED = (DailyFigure, MemberCount, MemberCountChange, PlaceFigures)
"""Counts of a union, seen by whoever sees the union's members."""


def visible_to(actor: Asker, entity: Any) -> ColumnElement[bool]:
    """The condition that keeps the rows of ``entity`` (a model or an alias of one) that are the actor's to see."""
    model = inspect(entity).mapper.class_
    if model is AuditEntry:
        return true() if Role.AUDITOR in actor.roles else false()
    conditions: list[ColumnElement[bool]] = []
    if actor.roles & TREE_ROLES:
        conditions.append(_by_tree(actor, entity, model))
    if Role.CENTRE_CLERK in actor.roles:
        conditions.append(_by_filing(entity, model))
    if Role.SECURITY_ADMIN in actor.roles and model in ACCOUNT_KEEPING:
        conditions.append(_by_tree(actor, entity, model))
    if Role.SECURITY_ADMIN in actor.roles and model is Event:
        conditions.append(entity.object_kind == EventObject.ACCOUNT)
    if Role.AUDITOR in actor.roles and model is Event:
        conditions.append(true())
    seen = or_(false(), *conditions)
    # Whoever was erased is nobody's to see: only counts and amounts still know of them.
    return and_(seen, entity.erased_at.is_(None)) if model is Member else seen


def get_visible(session: Session, actor: Actor, entity: type[Row], key: object, *, lock: bool = False) -> Row:
    """The row with this id, locked for a change if asked; 404 if there is none or it isn't the actor's."""
    mapper = inspect(entity)
    if isinstance(key, int) and not 0 <= key <= LARGEST_ID:
        raise not_found(mapper.local_table.name)
    about(mapper.local_table.name, key)
    asked = {"row_asked": key, **place_of(actor)}
    found: Row | None = session.scalar(_visible_row(standpoint_of(actor), mapper, lock), asked)
    if found is None:
        raise not_found(mapper.local_table.name)
    return found


@lru_cache(maxsize=512)
def _visible_row(asker: Standpoint, mapper: Mapper[Any], lock: bool) -> Select[Any]:
    """The statement of ``get_visible``, put together once."""
    entity = mapper.class_
    row = mapper.primary_key[0] == bindparam("row_asked")
    query = select(entity).where(row, visible_to(asker, entity))
    if lock:
        query = query.with_for_update(of=entity).execution_options(populate_existing=True)
    return query


def acts_for(actor: Asker, entity: Any, side: Side) -> ColumnElement[bool]:
    """Whether the actor stands at or above that side of a transfer (a ``MemberTransfer`` or an alias of it)."""
    if not actor.roles & TREE_ROLES:
        return false()
    if actor.level is UnionLevel.MUNICIPAL:
        return true()
    end = "from" if side is Side.SENDING else "to"
    part = {UnionLevel.DISTRICT: "district_id", UnionLevel.SECOND: "second_id"}.get(actor.level, "union_id")
    column: ColumnElement[int] = getattr(entity, f"{end}_{part}")
    return column == actor.union_id


def in_tree(actor: Asker, entity: Any) -> ColumnElement[bool]:
    """What lies in the actor's part of the tree, whatever hides some of it from lists, as an erasure does."""
    return _by_tree(actor, entity, entity)


def _by_tree(actor: Asker, entity: Any, model: type) -> ColumnElement[bool]:
    if actor.level is UnionLevel.MUNICIPAL:
        return true()
    if model is MemberTransfer:
        return or_(*(acts_for(actor, entity, side) for side in Side))
    if model in COUNTED and actor.level is not UnionLevel.GRASSROOTS:
        return entity.union_id.in_(select(Union.id).where(_by_tree(actor, Union, Union)))
    if model is Account:
        return entity.union_id.in_(select(Union.id).where(_by_tree(actor, Union, Union)))
    if model is AccountSession:
        return entity.account_id.in_(select(Account.id).where(_by_tree(actor, Account, Account)))
    if model is DistrictBatchPlan:
        return entity.district_batch_id.in_(
            select(DistrictBatch.id).where(_by_tree(actor, DistrictBatch, DistrictBatch))
        )
    if actor.level is UnionLevel.DISTRICT:
        return entity.district_id == actor.union_id
    if actor.level is UnionLevel.SECOND:
        return entity.second_id == actor.union_id
    if model is Union:
        return or_(entity.id == actor.union_id, entity.parent_id == actor.union_id)
    return entity.union_id == actor.union_id


def _by_filing(entity: Any, model: type) -> ColumnElement[bool]:
    """What the districts filed with the mutual-aid centre."""
    if model in (DistrictBatch, DistrictBatchPlan, PaymentVoucher):
        return true()
    if model is EnrolmentBatch:
        return entity.district_batch_id.is_not(None)
    if model is Enrolment:
        filed = select(EnrolmentBatch.id).where(EnrolmentBatch.district_batch_id.is_not(None))
        return entity.batch_id.in_(filed)
    if model is Notice:
        return entity.kind == NoticeKind.DISTRICT
    if model is Event:
        return entity.object_kind.in_([EventObject.DISTRICT_BATCH, EventObject.VOUCHER])
    if model is Union:
        return entity.level == UnionLevel.DISTRICT
    return false()
