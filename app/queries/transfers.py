"""Transfers as each side may see them, and what stands in the way of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Row, Select, and_, bindparam, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.models import (
    Enrolment,
    ImportError,
    ImportRow,
    ImportRun,
    Member,
    MemberTransfer,
    Union,
)
from app.queries.beyond import name_of_account, unions_named
from app.queries.joining import members_counted
from app.queries.members import MemberFilter, members_matching
from app.rules.enrolment import Channel, EnrolmentStatus
from app.rules.identity import plain_name
from app.rules.organisation import UnionLevel
from app.rules.transfers import Direction, Side, TransferState
from app.rules.violations import RuleViolation, not_found
from app.security.actor import Actor
from app.security.standpoint import Asker
from app.security.visible import acts_for, get_visible, visible_to

SUGGESTIONS = 10

Sender = aliased(Union, name="sender")
Receiver = aliased(Union, name="receiver")


class Box(StrEnum):
    """The lists of 会员转出审核: what this side decides, what it waits for, and what is over."""

    MINE = "mine"
    SENT = "sent"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class NamedUnion:
    """A union that somebody named: who knows its whole code or name, knows as much of it."""

    id: int
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class TransferFilter:
    """``name`` is a beginning; ``union`` the code of either union or a part of a name; empty parts don't filter."""

    name: str = ""
    union: str = ""
    direction: Direction | None = None
    state: TransferState | None = None


SUBMITTED = (
    select(Enrolment.member_id)
    .where(Enrolment.member_id == Member.id, Enrolment.status == EnrolmentStatus.PENDING)
    .correlate(Member)
    .exists()
)
"""In a batch that is neither settled nor returned; see ``app.rules.transfers.obstacle_to_moving``."""

WAITING = (
    select(MemberTransfer.id)
    .where(MemberTransfer.member_id == Member.id, MemberTransfer.state == TransferState.WAITING)
    .correlate(Member)
    .exists()
)


def members_to_send(actor: Actor, wanted: MemberFilter) -> Select[*tuple[Any, ...]]:
    """``(Member, union_name, submitted, waiting)`` of those whom the actor could send somewhere, unordered."""
    return (
        members_matching(actor, wanted)
        .join(Union, Union.id == Member.union_id)
        .add_columns(Union.name.label("union_name"), SUBMITTED.label("submitted"), WAITING.label("waiting"))
    )


def free_to_go(session: Session, actor: Actor, union_id: int) -> list[int]:
    """Everyone of a union who can be sent now, by member id: what 全选 stands for."""
    return list(session.scalars(select(Member.id).where(*_free(actor, union_id)).order_by(Member.id)))


def count_free(session: Session, actor: Actor, union_id: int) -> int:
    """How many those are: all of the union, as they are counted anyway, without the few who stay."""
    staying = select(func.count()).where(
        visible_to(actor, Member), Member.union_id == union_id, _stays(actor)
    )
    counted = members_counted(actor, union_id).scalar_subquery()
    return session.scalar(select(counted - staying.scalar_subquery())) or 0


def _free(actor: Actor, union_id: int) -> list[ColumnElement[bool]]:
    return [visible_to(actor, Member), Member.union_id == union_id, ~_stays(actor)]


def _stays(actor: Actor) -> ColumnElement[bool]:
    return WAITING if actor.level is UnionLevel.GRASSROOTS else SUBMITTED


@dataclass(frozen=True, slots=True)
class WantedPerson:
    """Whom a row of an import names, as the form of an ask takes it."""

    name: str
    id_type: str
    id_number: str
    union_code: str


def person_in_row(session: Session, actor: Actor, import_id: int, row: int) -> WantedPerson:
    """The person of a row that stayed out because another union has him or her; 404 for any other row.

    The number comes along only for whoever uploaded it: everybody else sees it masked.
    """
    run = get_visible(session, actor, ImportRun, import_id)
    kept_out = select(ImportError.id).where(
        ImportError.import_id == run.id, ImportError.row == row, ImportError.code == "person_in_other_union"
    )
    found = session.get(ImportRow, (run.id, row))
    if found is None or session.scalar(kept_out.limit(1)) is None:
        raise not_found("import_row")
    cells = found.cells
    mine = run.uploaded_by == actor.account_id
    return WantedPerson(
        cells.get("name", ""),
        cells.get("id_type", ""),
        (found.id_number or "") if mine else "",
        cells.get("union_code") or "",
    )


def transfers_in(actor: Actor, box: Box, wanted: TransferFilter | None = None) -> Select[*tuple[Any, ...]]:
    """``(MemberTransfer, Member, hidden, name, from_name, to_name, sends, receives, proposer, submitted)``.

    A union that asked for somebody it can't see knows what it typed and no more, until the transfer is
    accepted: ``hidden`` then, ``name`` is what it typed and ``from_name`` is empty, for filters too.
    """
    sends = acts_for(actor, MemberTransfer, Side.SENDING)
    receives = acts_for(actor, MemberTransfer, Side.RECEIVING)
    hidden, name = _hidden(actor), shown_name(actor)
    from_name = case((hidden, ""), else_=Sender.name)
    query = (
        select(
            MemberTransfer,
            Member,
            hidden.label("hidden"),
            name.label("name"),
            from_name.label("from_name"),
            Receiver.name.label("to_name"),
            sends.label("sends"),
            receives.label("receives"),
            name_of_account(MemberTransfer.proposed_by).label("proposer"),
            and_(~hidden, SUBMITTED).label("submitted"),
        )
        # Whom a union asked for, and where, it doesn't see.
        .outerjoin(Member, Member.id == MemberTransfer.member_id)
        .outerjoin(Sender, Sender.id == MemberTransfer.from_union_id)
        .join(Receiver, Receiver.id == MemberTransfer.to_union_id)
        .where(visible_to(actor, MemberTransfer), _in_box(box, sends, receives))
    )
    if wanted is None:
        return query
    if wanted.name:
        query = query.where(name.startswith(plain_name(wanted.name), autoescape=True))
    if wanted.union:
        code = wanted.union.upper()
        query = query.where(
            or_(
                from_name.contains(wanted.union, autoescape=True),
                and_(~hidden, Sender.code == code),
                Receiver.name.contains(wanted.union, autoescape=True),
                Receiver.code == code,
            )
        )
    if wanted.direction is not None:
        query = query.where(MemberTransfer.direction == wanted.direction)
    if wanted.state is not None:
        query = query.where(MemberTransfer.state == wanted.state)
    return query


def shown_name(actor: Actor) -> ColumnElement[str]:
    """The person's name as far as the actor knows it; ``Member`` has to be joined in."""
    return case((_hidden(actor), MemberTransfer.asked_name), else_=Member.name)


def _hidden(actor: Actor) -> ColumnElement[bool]:
    return and_(
        MemberTransfer.direction == Direction.ASK,
        MemberTransfer.state != TransferState.ACCEPTED,
        ~acts_for(actor, MemberTransfer, Side.SENDING),
    )


def _in_box(box: Box, sends: ColumnElement[bool], receives: ColumnElement[bool]) -> ColumnElement[bool]:
    waiting = MemberTransfer.state == TransferState.WAITING
    offered, asked = (MemberTransfer.direction == each for each in (Direction.OFFER, Direction.ASK))
    if box is Box.MINE:
        return and_(waiting, or_(and_(offered, receives), and_(asked, sends)))
    if box is Box.SENT:
        return and_(waiting, or_(and_(offered, sends), and_(asked, receives)))
    return ~waiting


def count_waiting(session: Session, actor: Actor) -> dict[Box, int]:
    """How many wait in each of the open lists."""
    sends = acts_for(actor, MemberTransfer, Side.SENDING)
    receives = acts_for(actor, MemberTransfer, Side.RECEIVING)
    row = session.execute(
        select(*(func.count().filter(_in_box(box, sends, receives)) for box in (Box.MINE, Box.SENT))).where(
            visible_to(actor, MemberTransfer), MemberTransfer.state == TransferState.WAITING
        )
    ).one()
    return {Box.MINE: row[0], Box.SENT: row[1]}


def transfers_to_decide(actor: Asker) -> Select[int]:
    """How many wait for the actor's own decision, as a statement to put into another."""
    sends = acts_for(actor, MemberTransfer, Side.SENDING)
    receives = acts_for(actor, MemberTransfer, Side.RECEIVING)
    return select(func.count()).where(visible_to(actor, MemberTransfer), _in_box(Box.MINE, sends, receives))


def left_since_submit(session: Session, union_id: int, year: int, channel: Channel) -> int:
    """People whom the union has enrolled for the year and who are members elsewhere by now.

    They stay in its batches; its own list, which counts members, has them no more.
    """
    asked = {"left_union": union_id, "in_year": year, "by_channel": channel}
    return session.scalar(LEFT_SINCE_SUBMIT, asked) or 0


LEFT_UNION = bindparam("left_union", type_=BigInteger)

# Put together once: every confirmation screen asks it.
LEFT_SINCE_SUBMIT = select(func.count(MemberTransfer.member_id.distinct())).where(
    MemberTransfer.from_union_id == LEFT_UNION,
    MemberTransfer.state == TransferState.ACCEPTED,
    select(Enrolment.member_id)
    .join(Member, Member.id == Enrolment.member_id)
    .where(
        Enrolment.year == bindparam("in_year"),
        Enrolment.member_id == MemberTransfer.member_id,
        Enrolment.union_id == LEFT_UNION,
        Enrolment.channel == bindparam("by_channel"),
        Enrolment.status != EnrolmentStatus.VOID,
        Member.union_id != LEFT_UNION,
    )
    .exists(),
)


def receiving_union(session: Session, actor: Actor, named: str) -> NamedUnion:
    """The grassroots union that somebody names by its code or its whole name, anywhere in the city.

    A union above the grassroots moves members itself, so it names only unions that it looks after. Raises
    ``receiving_union_unknown``, ``receiving_union_not_grassroots`` or ``receiving_union_ambiguous``.
    """
    named = " ".join(named.split())
    if not named:
        raise RuleViolation("receiving_union_missing", field="to")
    found = unions_named(session, named.upper(), named)
    if actor.level is not UnionLevel.GRASSROOTS:
        theirs = select(Union.id).where(Union.id.in_([row.id for row in found]), visible_to(actor, Union))
        seen = set(session.scalars(theirs))
        found = [row for row in found if row.id in seen]
    working = [row for row in found if row.level == UnionLevel.GRASSROOTS]
    if not found:
        raise RuleViolation("receiving_union_unknown", field="to")
    if not working:
        raise RuleViolation("receiving_union_not_grassroots", field="to", union=found[0].name)
    if len(working) > 1:
        raise RuleViolation("receiving_union_ambiguous", field="to", union=named)
    return NamedUnion(working[0].id, working[0].code, working[0].name)


def suggested_unions(session: Session, actor: Actor) -> Sequence[Row[*tuple[Any, ...]]]:
    """Codes and names to offer while typing: the unions that members last went to from here."""
    latest = (
        select(MemberTransfer.to_union_id.label("union_id"), func.max(MemberTransfer.id).label("latest"))
        .where(acts_for(actor, MemberTransfer, Side.SENDING), MemberTransfer.direction != Direction.ASK)
        .group_by(MemberTransfer.to_union_id)
        .order_by(func.max(MemberTransfer.id).desc())
        .limit(SUGGESTIONS)
        .subquery()
    )
    return session.execute(
        select(Union.code, Union.name)
        .join(latest, latest.c.union_id == Union.id)
        .order_by(latest.c.latest.desc())
    ).all()
