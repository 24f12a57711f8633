"""Issuing notices (告知书): a number for life, a new version each time, the facts kept for ever."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Table, insert, select
from sqlalchemy.orm import Session

from app.clock import SHANGHAI
from app.models import (
    DistrictBatch,
    DistrictBatchPlan,
    EnrolmentBatch,
    Notice,
    NoticeKind,
    NoticeVersion,
    ProtectionYear,
    Union,
)
from app.queries.batches import live_figures
from app.rules.enrolment import Channel
from app.rules.fees import Amounts
from app.security.actor import Actor
from app.services.events import scope_of

# The tables rather than the classes: these are only written here, at every submit.
NEW_NOTICE = insert(cast(Table, Notice.__table__)).returning(Notice.__table__.c.id)
NEW_VERSION = insert(cast(Table, NoticeVersion.__table__)).inline()


def issue_grassroots_notice(
    session: Session,
    actor: Actor,
    union: Union,
    year: ProtectionYear,
    batch: EnrolmentBatch,
    *,
    is_first: bool,
    now: datetime,
) -> None:
    """The union's notice as of this submit: everyone in its live batches of the year (M3.1.9).

    ``is_first``: there is no other batch of the year, hence no notice either.
    """
    if is_first:
        people, amounts, issued = {(batch.plan, batch.channel): batch.headcount}, batch.amounts(), None
    else:
        people, amounts, issued = live_figures(session, union.id, year.year)
    facts = grassroots_facts(
        union.name,
        year,
        batch.plan,
        {channel: people.get((batch.plan, channel), 0) for channel in Channel},
        amounts,
        now,
    )
    if issued is not None:
        _write_version(session, actor, issued.id, issued.number, issued.version + 1, facts, now, batch.id)
        return
    number = grassroots_notice_number(year.year, union.id)
    notice_id = _write_notice(session, NoticeKind.GRASSROOTS, number, union, year)
    _write_version(session, actor, notice_id, number, 1, facts, now, batch.id)


def issue_district_notice(
    session: Session,
    actor: Actor,
    district: Union,
    year: ProtectionYear,
    batch: DistrictBatch,
    *,
    now: datetime,
) -> None:
    """The district's notice for one filed batch: people by plan, and what it owes the centre (M4.5)."""
    lines = session.scalars(
        select(DistrictBatchPlan)
        .where(DistrictBatchPlan.district_batch_id == batch.id)
        .order_by(DistrictBatchPlan.plan)
    )
    by_plan = {line.plan: line.headcount for line in lines}
    facts = district_facts(district.name, year, by_plan, batch.amounts(), now)
    number = district_notice_number(batch.number)
    notice_id = _write_notice(session, NoticeKind.DISTRICT, number, district, year, batch.id)
    _write_version(session, actor, notice_id, number, 1, facts, now)


def grassroots_facts(
    union_name: str,
    year: ProtectionYear,
    plan: str,
    people: Mapping[Channel, int],
    amounts: Amounts,
    now: datetime,
) -> dict[str, Any]:
    """What a union's notice says of everyone whom it has enrolled so far."""
    return _shared_facts(union_name, year, amounts, now) | {
        "plan": plan,
        "member_card_people": people.get(Channel.MEMBER_CARD, 0),
        "social_card_people": people.get(Channel.SOCIAL_CARD, 0),
        # "to 12-25" is stored as the instant after; the notice names the last day.
        "pay_by": _last_day_before(year.grassroots_payment_due),
        "programme": year.grassroots_programme,
        "late_rule": year.grassroots_late_rule,
        "signatory": year.grassroots_signature,
    }


def district_facts(
    district_name: str, year: ProtectionYear, by_plan: Mapping[str, int], amounts: Amounts, now: datetime
) -> dict[str, Any]:
    """What a district's notice says of one filed batch: people by plan, in their order."""
    return _shared_facts(district_name, year, amounts, now) | {
        "by_plan": [{"plan": plan, "people": people} for plan, people in by_plan.items()],
        "account_holder": year.account_holder,
        "account_number": year.account_number,
        "bank": year.account_bank,
        "programme": year.district_programme,
        "late_rule": year.district_late_rule,
        "signatory": year.district_signature,
    }


def grassroots_notice_number(year: int, union_id: int) -> str:
    return f"GZ{year}{union_id:07d}"


def district_notice_number(batch_number: str) -> str:
    return f"QJ{batch_number.removeprefix('CB')}"


def _shared_facts(union_name: str, year: ProtectionYear, amounts: Amounts, now: datetime) -> dict[str, Any]:
    return {
        "union_name": union_name,
        "year": year.year,
        "amounts": {
            "fee": str(amounts.fee),
            "municipal": str(amounts.municipal),
            "district": str(amounts.district),
            "grassroots": str(amounts.grassroots),
        },
        "cover_start": year.cover_start.isoformat(),
        "cover_end": year.cover_end.isoformat(),
        "issued_on": now.astimezone(SHANGHAI).date().isoformat(),
    }


def _last_day_before(instant: datetime) -> str:
    return (instant.astimezone(SHANGHAI) - timedelta(microseconds=1)).date().isoformat()


def _write_notice(
    session: Session,
    kind: NoticeKind,
    number: str,
    union: Union,
    year: ProtectionYear,
    district_batch_id: int | None = None,
) -> int:
    notice = {
        "number": number,
        "kind": kind,
        "year": year.year,
        "district_batch_id": district_batch_id,
        "check_code": secrets.token_hex(8),
        **scope_of(union),
    }
    return int(session.execute(NEW_NOTICE, notice).scalar_one())


def _write_version(
    session: Session,
    actor: Actor,
    notice_id: int,
    number: str,
    version: int,
    facts: dict[str, Any],
    now: datetime,
    batch_id: int | None = None,
) -> None:
    session.execute(
        NEW_VERSION,
        {
            "notice_id": notice_id,
            "version": version,
            "batch_id": batch_id,
            "facts": facts | {"document_number": number, "version": version},
            "issued_by": actor.account_id or None,
            "issued_at": now,
        },
    )
