"""Setting what one person costs whom: the municipal fees, and the districts' splits of what these leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from app.models import EventObject, FeeSetting, FeeSplit, Union
from app.queries.fees import fee_setting
from app.queries.years import get_year, require_plan, require_window
from app.rules.enrolment import Term
from app.rules.fees import Amounts, check_fee, check_split
from app.rules.organisation import UnionCategory, UnionLevel
from app.rules.violations import RuleViolation
from app.rules.years import WindowName
from app.security.actor import Actor
from app.security.roles import Permission, require
from app.security.visible import get_visible
from app.services.events import record


@dataclass(frozen=True, slots=True)
class FeeDraft:
    """One fee per person and its default shares, yuan, valid in ``[valid_from, valid_to)``."""

    plan: str
    union_category: UnionCategory
    term: Term
    fee: Decimal
    municipal_share: Decimal
    district_share: Decimal
    grassroots_share: Decimal
    valid_from: datetime
    valid_to: datetime


def put_fees(
    session: Session, actor: Actor, *, year: int, fees: Sequence[FeeDraft], now: datetime
) -> list[FeeSetting]:
    """Create or change fees of the year, all or none; the ones not named stay as they are.

    Raises by field, with the fact ``row`` counted from 1: ``share_range``, ``fee_zero``, ``fee_sum``,
    ``fee_validity``, ``fee_twice``, ``plan_not_offered``. A district's split that no longer fits a changed
    fee is dropped, with an event in that district's log; its unions fall back to the default shares.
    """
    require(actor, Permission.MANAGE_FEES)
    get_year(session, year)
    checked: list[tuple[FeeDraft, Amounts]] = []
    seen: set[tuple[str, UnionCategory, Term]] = set()
    for row, draft in enumerate(fees, start=1):
        try:
            checked.append((draft, _check_draft(session, year, draft)))
            if (draft.plan, draft.union_category, draft.term) in seen:
                raise RuleViolation("fee_twice", field="plan", plan=draft.plan)
        except RuleViolation as refusal:
            refusal.facts["row"] = row
            raise
        seen.add((draft.plan, draft.union_category, draft.term))
    return [_put_fee(session, actor, year, draft, amounts, now) for draft, amounts in checked]


def set_split(
    session: Session,
    actor: Actor,
    *,
    year: int,
    plan: str,
    term: Term,
    union_id: int | None,
    district_share: Decimal,
    grassroots_share: Decimal,
    now: datetime,
) -> FeeSplit:
    """基层缴费设置: how a district and its unions share what the municipal share leaves (M4.1–4.2).

    For all unions of the district's category, or for one grassroots union (``union_id``), which then goes
    before. Raises ``split_by_district`` (403), ``split_union_level``, ``fee_unset``, ``split_sum``,
    ``share_range``, and outside the fee setting window ``window_closed`` or ``window_not_open``.
    """
    union = _target(session, actor, union_id)
    get_year(session, year)
    require_window(session, year, WindowName.FEE_SETTING, union, now)
    require_plan(session, year, plan)
    setting = fee_setting(session, year, plan, union.category, term, lock=True)
    if setting is None:
        raise RuleViolation("fee_unset", field="plan", plan=plan, year=year, category=union.category)
    amounts = check_split(setting.fee, setting.municipal_share, district_share, grassroots_share)
    key = {
        "year": year,
        "plan": plan,
        "union_category": union.category,
        "term": term,
        "district_id": actor.union_id,
        "union_id": union_id,
    }
    values = {
        "fee": amounts.fee,
        "municipal_share": amounts.municipal,
        "district_share": amounts.district,
        "grassroots_share": amounts.grassroots,
        "set_by": actor.account_id or None,
        "set_at": now,
    }
    statement = upsert(FeeSplit).values(**key, **values)
    split = session.scalars(
        statement.on_conflict_do_update(index_elements=list(key), set_=values).returning(FeeSplit),
        execution_options={"populate_existing": True},
    ).one()
    record(
        session,
        actor,
        EventObject.UNION,
        union.id,
        "set_split",
        now=now,
        scope=union,
        facts={"year": year, "plan": plan, "term": term.value, **_written(split.amounts())},
    )
    return split


def drop_split(session: Session, actor: Actor, *, split_id: int, now: datetime) -> None:
    """Take a split of the actor's own district back; what it was for falls back to the next wider rule."""
    split = session.scalar(
        select(FeeSplit).where(FeeSplit.id == split_id, FeeSplit.district_id == actor.union_id)
    )
    if split is None:
        raise RuleViolation("not_found", status=404, what="fee_split")
    union = _target(session, actor, split.union_id)
    require_window(session, split.year, WindowName.FEE_SETTING, union, now)
    _record_drop(session, actor, split, union, now)
    session.delete(split)
    session.flush()


def _check_draft(session: Session, year: int, draft: FeeDraft) -> Amounts:
    require_plan(session, year, draft.plan)
    if draft.valid_from >= draft.valid_to:
        raise RuleViolation("fee_validity", field="valid_to")
    return check_fee(draft.fee, draft.municipal_share, draft.district_share, draft.grassroots_share)


def _put_fee(
    session: Session, actor: Actor, year: int, draft: FeeDraft, amounts: Amounts, now: datetime
) -> FeeSetting:
    stored = fee_setting(session, year, draft.plan, draft.union_category, draft.term, lock=True)
    dropped: list[FeeSplit] = []
    if stored is not None and (stored.fee, stored.municipal_share) != (amounts.fee, amounts.municipal):
        dropped = _drop_splits(session, actor, stored, now)
    key = {
        "year": year,
        "plan": draft.plan,
        "union_category": draft.union_category,
        "term": draft.term,
    }
    values = {
        "fee": amounts.fee,
        "municipal_share": amounts.municipal,
        "district_share": amounts.district,
        "grassroots_share": amounts.grassroots,
        "valid_from": draft.valid_from,
        "valid_to": draft.valid_to,
        "updated_by": actor.account_id or None,
        "updated_at": now,
    }
    statement = upsert(FeeSetting).values(**key, **values)
    setting = session.scalars(
        statement.on_conflict_do_update(index_elements=list(key), set_=values).returning(FeeSetting),
        execution_options={"populate_existing": True},
    ).one()
    record(
        session,
        actor,
        EventObject.FEE,
        setting.id,
        "set",
        now=now,
        facts={
            "year": year,
            "plan": draft.plan,
            "union_category": draft.union_category.value,
            "term": draft.term.value,
            "valid_from": draft.valid_from.isoformat(),
            "valid_to": draft.valid_to.isoformat(),
            "splits_dropped": len(dropped),
            **_written(amounts),
        },
    )
    return setting


def _drop_splits(session: Session, actor: Actor, setting: FeeSetting, now: datetime) -> list[FeeSplit]:
    """Delete the splits that were made for this fee, each with a line in its union's log."""
    splits = session.scalars(
        delete(FeeSplit)
        .where(
            FeeSplit.year == setting.year,
            FeeSplit.plan == setting.plan,
            FeeSplit.union_category == setting.union_category,
            FeeSplit.term == setting.term,
        )
        .returning(FeeSplit)
    ).all()
    targets = sorted({split.union_id or split.district_id for split in splits})
    # In one order, so that two changes at once wait for each other instead of locking each other out.
    locked = session.scalars(
        select(Union).where(Union.id.in_(targets)).order_by(Union.id).with_for_update(key_share=True)
    )
    unions = {union.id: union for union in locked}
    for split in splits:
        _record_drop(session, actor, split, unions[split.union_id or split.district_id], now)
    return list(splits)


def _record_drop(session: Session, actor: Actor, split: FeeSplit, union: Union, now: datetime) -> None:
    record(
        session,
        actor,
        EventObject.UNION,
        union.id,
        "drop_split",
        now=now,
        scope=union,
        facts={"year": split.year, "plan": split.plan, "term": split.term.value, **_written(split.amounts())},
    )


def _target(session: Session, actor: Actor, union_id: int | None) -> Union:
    """The union whose split it is, locked: the one named, or the district itself for all."""
    require(actor, Permission.SET_SPLIT)
    if actor.level is not UnionLevel.DISTRICT:
        raise RuleViolation("split_by_district", status=403)
    union = get_visible(session, actor, Union, union_id or actor.union_id, lock=True)
    if union_id is not None and union.level is not UnionLevel.GRASSROOTS:
        raise RuleViolation("split_union_level", field="union_id", union=union.name)
    return union


def _written(amounts: Amounts) -> dict[str, str]:
    return {
        "fee": str(amounts.fee),
        "municipal_share": str(amounts.municipal),
        "district_share": str(amounts.district),
        "grassroots_share": str(amounts.grassroots),
    }
