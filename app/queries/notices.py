"""Notices and their versions."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Notice, NoticeVersion
from app.queries.beyond import reach_notice
from app.rules.violations import not_found
from app.security.actor import Actor
from app.security.visible import visible_to


def notice_version(
    session: Session, actor: Actor, number: str, version: int | None = None
) -> tuple[Notice, NoticeVersion]:
    """A version of a notice, by default the newest; 404 where the actor doesn't see it."""
    query = (
        select(Notice, NoticeVersion)
        .join(NoticeVersion, NoticeVersion.notice_id == Notice.id)
        .where(Notice.number == number, visible_to(actor, Notice))
        .order_by(NoticeVersion.version.desc())
        .limit(1)
    )
    if version is not None:
        query = query.where(NoticeVersion.version == version)
    found = session.execute(query).first()
    if found is None:
        raise not_found("notice")
    return found[0], found[1]


def notice_to_verify(
    session: Session, number: str, check_code: str, version: int | None
) -> tuple[Notice, NoticeVersion, int]:
    """For whoever holds the paper: a notice by number and check code, and its newest version's number.

    The check code is what can't be guessed; 404 without the right one.
    """
    reach_notice(session, number, check_code)
    query = (
        select(Notice, NoticeVersion)
        .join(NoticeVersion, NoticeVersion.notice_id == Notice.id)
        .where(Notice.number == number, Notice.check_code == check_code)
        .order_by(NoticeVersion.version.desc())
    )
    rows = [(row[0], row[1]) for row in session.execute(query)]
    wanted = next((row for row in rows if version in (None, row[1].version)), None)
    if wanted is None:
        raise not_found("notice")
    return *wanted, rows[0][1].version
