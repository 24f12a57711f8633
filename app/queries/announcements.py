"""公告与下载中心: what is shown to whom, and what the municipal union keeps."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from app.models import Announcement, AnnouncementFile, AnnouncementRead, StoredFile
from app.queries.paging import Cursor, Page, page_of
from app.rules.announcements import AnnouncementKind
from app.rules.violations import not_found
from app.security.actor import Actor
from app.security.visible import LARGEST_ID

PUBLIC_MOST = 5


def shown(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """What is up now: begun, not over, not taken down. What is over vanishes by itself."""
    return (
        Announcement.taken_down_at.is_(None),
        Announcement.shown_from <= now,
        or_(Announcement.shown_until.is_(None), Announcement.shown_until > now),
    )


def board(
    session: Session, actor: Actor, kinds: Collection[AnnouncementKind], now: datetime, cursor: Cursor
) -> Page:
    """``(Announcement, read_at)`` for the actor's level: what is on top first, then the newest."""
    query = _for(actor, now).where(Announcement.kind.in_(kinds))
    return page_of(session, query, [Announcement.pinned, Announcement.shown_from, Announcement.id], cursor)


def shown_and_read(session: Session, actor: Actor, now: datetime) -> dict[int, datetime | None]:
    """When the account has read each of the announcements for its level, by id."""
    query = _for(actor, now).with_only_columns(Announcement.id, AnnouncementRead.read_at)
    return {row.id: row.read_at for row in session.execute(query)}


def all_announcements(session: Session, cursor: Cursor) -> Page:
    """What was ever published, for whoever publishes; the newest first."""
    return page_of(session, select(Announcement), [Announcement.id], cursor)


def public_notices(session: Session, now: datetime) -> list[Announcement]:
    """What stands on the page for signing in."""
    return list(
        session.scalars(
            select(Announcement)
            .where(*shown(now), Announcement.everybody.is_(True))
            .order_by(Announcement.pinned.desc(), Announcement.shown_from.desc(), Announcement.id.desc())
            .limit(PUBLIC_MOST)
        )
    )


def offered_file(
    session: Session, file_id: int, now: datetime, *, actor: Actor | None, keeps: bool = False
) -> StoredFile:
    """A file of an announcement that is shown to the actor, or to everybody; 404 otherwise.

    ``keeps``: who publishes sees the files of what is over or to come, too.
    """
    if not 0 < file_id <= LARGEST_ID:
        raise not_found("stored_file")
    query = (
        select(StoredFile)
        .join(AnnouncementFile, AnnouncementFile.file_id == StoredFile.id)
        .join(Announcement, Announcement.id == AnnouncementFile.announcement_id)
        .where(StoredFile.id == file_id, AnnouncementFile.taken_off_at.is_(None))
    )
    if not keeps:
        query = query.where(*shown(now), _is_for(actor))
    found: StoredFile | None = session.scalar(query)
    if found is None:
        raise not_found("stored_file")
    return found


def _for(actor: Actor, now: datetime) -> Select[*tuple[Any, ...]]:
    read = and_(
        AnnouncementRead.announcement_id == Announcement.id, AnnouncementRead.account_id == actor.account_id
    )
    return (
        select(Announcement, AnnouncementRead.read_at)
        .outerjoin(AnnouncementRead, read)
        .where(*shown(now), _is_for(actor))
    )


def _is_for(actor: Actor | None) -> ColumnElement[bool]:
    if actor is None:
        return Announcement.everybody.is_(True)
    return func.array_position(Announcement.levels, actor.level.value).is_not(None)
