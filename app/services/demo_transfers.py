"""A few transfers of the demo city, so that the listed operators find something to decide."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Member
from app.queries.transfers import SUBMITTED
from app.rules.members import IdType
from app.security.actor import Actor
from app.services.transfer_decisions import refuse_transfers, withdraw_transfers
from app.services.transfers import Wanted, ask_for_member, send_members


def make_demo_transfers(session: Session, first: Actor, second: Actor, now: datetime) -> None:
    """Between two unions: offers and asks that wait, on either side, one refused and one withdrawn."""
    leaving, coming = (_free(session, actor, 3) for actor in (first, second))

    def offer(actor: Actor, to: Actor, members: list[Member], note: str, days: int) -> list[int]:
        wanted = [Wanted(member.id, to.union_id, note) for member in members]
        return send_members(session, actor, wanted=wanted, now=now - timedelta(days=days)).transfers

    offer(second, first, coming[:2], "随部门整体调入，请审核。", 6)
    offer(first, second, leaving[:1], "", 2)
    refused = offer(first, second, leaving[1:2], "已到贵单位工作。", 9)
    refuse_transfers(
        session, second, transfer_ids=refused, reason_code="not_joined", now=now - timedelta(days=8)
    )
    taken_back = offer(first, second, leaving[2:3], "", 4)
    withdraw_transfers(session, first, transfer_ids=taken_back, now=now - timedelta(days=3))
    ask_for_member(
        session,
        second,
        id_type=leaving[2].id_type,
        id_number=leaving[2].id_number,
        name=leaving[2].name,
        to_union_id=second.union_id,
        note="已与本单位签订劳动合同。",
        now=now - timedelta(days=1),
    )


def _free(session: Session, actor: Actor, people: int) -> list[Member]:
    """Members with an identity card who are in no open batch."""
    return list(
        session.scalars(
            select(Member)
            .where(Member.union_id == actor.union_id, Member.id_type == IdType.RESIDENT_ID, ~SUBMITTED)
            .order_by(Member.id.desc())
            .limit(people)
        )
    )
