"""消息提醒: one account's own messages, what of them is unread, and letters that wait."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from app.models import Mail, Message, MutedKind
from app.queries.paging import Cursor, Page, page_of
from app.rules.messages import TODO_KINDS, MessageKind, Way
from app.security.actor import Actor

UNREAD_MOST = 99
"""The bar counts up to here; beyond, it says more."""


class Shown(StrEnum):
    """Which messages a list shows."""

    UNREAD = "unread"
    TODO = "todo"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class MessageFilter:
    shown: Shown = Shown.ALL
    kind: MessageKind | None = None


def messages(session: Session, actor: Actor, wanted: MessageFilter, cursor: Cursor) -> Page:
    """The account's messages, newest first."""
    query = select(Message).where(Message.account_id == actor.account_id)
    if wanted.shown is Shown.UNREAD:
        query = query.where(Message.read_at.is_(None))
    if wanted.shown is Shown.TODO:
        query = query.where(Message.done_at.is_(None), Message.kind.in_(TODO_KINDS))
    if wanted.kind is not None:
        query = query.where(Message.kind == wanted.kind)
    return page_of(session, query, [Message.id], cursor)


UNREAD = select(func.count()).select_from(
    select(Message.id)
    .where(Message.account_id == bindparam("of_account"), Message.read_at.is_(None))
    .limit(UNREAD_MOST + 1)
    .subquery()
)
"""How many messages ``of_account`` are unread; stops counting at one more than ``UNREAD_MOST``."""


def muted_kinds(session: Session, actor: Actor, way: Way) -> set[MessageKind]:
    """What the account has quiet on this way."""
    return set(
        session.scalars(
            select(MutedKind.kind).where(MutedKind.account_id == actor.account_id, MutedKind.way == way)
        )
    )


def next_letters(session: Session, at: datetime, limit: int, but: set[int]) -> list[int]:
    """Letters about messages of that instant that haven't gone out; those that failed before come last."""
    return list(
        session.scalars(
            select(Mail.id)
            .where(
                Mail.message_id.is_not(None),
                Mail.sent_at.is_(None),
                Mail.created_at == at,
                Mail.id.not_in(but),
            )
            .order_by(Mail.problem != "", Mail.id)
            .limit(limit)
        )
    )
