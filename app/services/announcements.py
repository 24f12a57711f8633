"""公告与下载中心: the municipal union publishes, changes and takes down; everybody else reads."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from app.models import Announcement, AnnouncementFile, AnnouncementRead
from app.queries.announcements import shown_and_read
from app.rules.announcements import AnnouncementKind, check_announcement, plain_paragraphs
from app.rules.organisation import UnionLevel
from app.rules.papers import SafePaper
from app.rules.violations import not_found
from app.security.actor import Actor
from app.security.roles import Permission, require
from app.security.visible import LARGEST_ID
from app.services.files import store_paper


@dataclass(frozen=True, slots=True)
class AnnouncementDraft:
    """What is published; ends of time are exclusive. ``taken_off``: files that it has no more."""

    kind: AnnouncementKind
    title: str
    text: str
    levels: Collection[UnionLevel]
    shown_from: datetime
    shown_until: datetime | None = None
    pinned: bool = False
    everybody: bool = False
    papers: Sequence[SafePaper] = ()
    taken_off: Collection[int] = ()


def publish(session: Session, actor: Actor, *, draft: AnnouncementDraft, now: datetime) -> Announcement:
    """Put it on the board from its first day on.

    Raises by the field to mend: ``announcement_title``, ``_text``, ``_levels``, ``_order``, ``_file``, ``_files`` or
    ``text_too_long``.
    """
    require(actor, Permission.MANAGE_ANNOUNCEMENTS)
    made = Announcement(published_by=actor.account_id, published_at=now)
    _write(session, made, draft, kept=0, now=now)
    session.add(made)
    session.flush()
    _add_files(session, made, draft.papers, now)
    return made


def change(
    session: Session, actor: Actor, *, announcement_id: int, draft: AnnouncementDraft, now: datetime
) -> Announcement:
    """Change what it says, and from when to when; whoever has read it isn't called again. 404 if there is none."""
    require(actor, Permission.MANAGE_ANNOUNCEMENTS)
    found = _locked(session, announcement_id)
    own = AnnouncementFile.announcement_id == found.id
    in_use = (own, AnnouncementFile.taken_off_at.is_(None))
    stays = session.scalar(
        select(func.count()).where(*in_use, AnnouncementFile.file_id.not_in(list(draft.taken_off)))
    )
    _write(session, found, draft, kept=stays or 0, now=now)
    session.execute(
        update(AnnouncementFile)
        .where(*in_use, AnnouncementFile.file_id.in_(list(draft.taken_off)))
        .values(taken_off_at=now)
        .execution_options(synchronize_session=False)
    )
    session.flush()
    _add_files(session, found, draft.papers, now)
    return found


def take_down(session: Session, actor: Actor, *, announcement_id: int, now: datetime) -> None:
    """Nobody sees it any more, nor its files; asking again changes nothing."""
    require(actor, Permission.MANAGE_ANNOUNCEMENTS)
    found = _locked(session, announcement_id)
    if found.taken_down_at is None:
        found.taken_down_at, found.updated_at = now, now
        session.flush()


def note_read(session: Session, actor: Actor, announcement_ids: Collection[int] | None, now: datetime) -> int:
    """The account has read these announcements of the board, or all of them; answers how many were new.

    Raises ``not_found`` (404) for one that isn't shown to the actor.
    """
    read = shown_and_read(session, actor, now)
    wanted = set(read) if announcement_ids is None else set(announcement_ids)
    if not wanted <= set(read):
        raise not_found("announcement")
    new = sorted(one for one in wanted if read[one] is None)
    if new:
        rows = [{"announcement_id": one, "account_id": actor.account_id, "read_at": now} for one in new]
        session.execute(upsert(AnnouncementRead).values(rows).on_conflict_do_nothing())
    return len(new)


def _locked(session: Session, announcement_id: int) -> Announcement:
    if not 0 < announcement_id <= LARGEST_ID:
        raise not_found("announcement")
    wanted = select(Announcement).where(Announcement.id == announcement_id).with_for_update()
    found: Announcement | None = session.scalar(wanted)
    if found is None:
        raise not_found("announcement")
    return found


def _write(
    session: Session, row: Announcement, draft: AnnouncementDraft, *, kept: int, now: datetime
) -> None:
    title, said = " ".join(draft.title.split()), plain_paragraphs(draft.text)
    check_announcement(
        draft.kind,
        title=title,
        text=said,
        levels=draft.levels,
        shown_from=draft.shown_from,
        shown_until=draft.shown_until,
        files=kept + len(draft.papers),
    )
    row.kind, row.title, row.text = draft.kind, title, said
    row.levels = [level.value for level in UnionLevel if level in set(draft.levels)]
    row.shown_from, row.shown_until = draft.shown_from, draft.shown_until
    row.pinned, row.everybody, row.updated_at = draft.pinned, draft.everybody, now


def _add_files(session: Session, row: Announcement, papers: Sequence[SafePaper], now: datetime) -> None:
    for paper in papers:
        stored = store_paper(session, paper, now)
        session.add(AnnouncementFile(file_id=stored.id, announcement_id=row.id))
    session.flush()
    session.expire(row, ["files"])
