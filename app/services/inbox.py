"""One's own inbox: read, done, undone, quiet. Of other accounts nothing is there (404)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import CursorResult, Update, delete, func, insert, select, update
from sqlalchemy.orm import Session

from app.models import Message, MutedKind
from app.rules.messages import TODO_KINDS, MessageKind, Way, check_muting
from app.rules.violations import RuleViolation, not_found
from app.security.actor import Actor


class Mark(StrEnum):
    """What is said of messages in the inbox."""

    READ = "read"
    UNREAD = "unread"
    DONE = "done"
    UNDONE = "undone"


def own_message(session: Session, actor: Actor, message_id: int) -> Message:
    """Raises ``not_found`` (404) for what isn't there or is another account's."""
    found: Message | None = session.scalar(
        select(Message).where(Message.id == message_id, Message.account_id == actor.account_id)
    )
    if found is None:
        raise not_found("message")
    return found


def open_message(session: Session, actor: Actor, message_id: int, now: datetime) -> Message:
    """The message, read from now on if it wasn't before."""
    message = own_message(session, actor, message_id)
    message.read_at = message.read_at or now
    session.flush()
    return message


def mark_messages(
    session: Session, actor: Actor, message_ids: Sequence[int], mark: Mark, now: datetime
) -> int:
    """Mark one's own messages, all or none; answers how many changed. What is done is read, too.

    Raises ``no_message_ticked``, or ``not_found`` (404) if one of them isn't the account's.
    """
    ids = list(dict.fromkeys(message_ids))
    if not ids:
        raise RuleViolation("no_message_ticked", field="ids")
    own = Message.account_id == actor.account_id
    known = session.scalar(select(func.count()).where(Message.id.in_(ids), own))
    if known != len(ids):
        raise not_found("message")
    return _change(session, _marking(mark, now).where(Message.id.in_(ids), own))


def read_all(session: Session, actor: Actor, now: datetime) -> int:
    """Everything unread is read; answers how many there were."""
    unread = (Message.account_id == actor.account_id, Message.read_at.is_(None))
    return _change(session, update(Message).where(*unread).values(read_at=now))


def undo(session: Session, actor: Actor, mark: Mark, at: datetime) -> int:
    """Take back what was marked read or done at that instant; answers how many messages it was."""
    own = Message.account_id == actor.account_id
    if mark is Mark.DONE:
        return _change(session, update(Message).where(own, Message.done_at == at).values(done_at=None))
    if mark is Mark.READ:
        return _change(session, update(Message).where(own, Message.read_at == at).values(read_at=None))
    raise RuleViolation("mark_unknown", status=400)


def mute_kinds(
    session: Session, actor: Actor, *, inbox: Iterable[MessageKind], mail: Iterable[MessageKind]
) -> None:
    """Have these kinds quiet from now on, and no others. Raises ``message_always_told``."""
    wanted = {Way.INBOX: set(inbox), Way.MAIL: set(mail)}
    check_muting(wanted[Way.INBOX])
    session.execute(delete(MutedKind).where(MutedKind.account_id == actor.account_id))
    rows = [
        {"account_id": actor.account_id, "kind": kind, "way": way}
        for way, kinds in wanted.items()
        for kind in sorted(kinds)
    ]
    if rows:
        session.execute(insert(MutedKind), rows)


def _marking(mark: Mark, now: datetime) -> Update:
    match mark:
        case Mark.READ:
            return update(Message).where(Message.read_at.is_(None)).values(read_at=now)
        case Mark.UNREAD:
            return update(Message).where(Message.read_at.is_not(None)).values(read_at=None)
        case Mark.DONE:
            return (
                update(Message)
                .where(Message.done_at.is_(None), Message.kind.in_(TODO_KINDS))
                .values(done_at=now, read_at=func.coalesce(Message.read_at, now))
            )
        case Mark.UNDONE:
            return update(Message).where(Message.done_at.is_not(None)).values(done_at=None)


def _change(session: Session, statement: Update) -> int:
    changed = session.execute(statement.execution_options(synchronize_session=False))
    return cast(CursorResult[Any], changed).rowcount
