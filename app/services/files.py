"""Keeping uploaded files in the database, so that they commit with the rows that name them."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.gateways.paper_reader import open_paper
from app.models import StoredFile
from app.rules.papers import Paper, SafePaper, file_name, paper_name
from app.sealing import Purpose, key_ring


def check_paper(paper: Paper, name: str, content: bytes) -> SafePaper:
    """Open what was sent, in a process of its own: the paper as it will be kept.

    Called before a transaction begins: nothing waits for a foreign file. Raises RuleViolation ``voucher_…`` or
    ``attachment_…`` with a problem of ``app.rules.papers``.
    """
    media_type, kept = open_paper(paper, content)
    return SafePaper(paper_name(name, media_type), media_type, kept)


def store_paper(session: Session, paper: SafePaper, now: datetime) -> StoredFile:
    """A paper that ``check_paper`` found harmless."""
    return store_file(session, paper.name, paper.media_type, paper.content, now)


def store_file(
    session: Session, name: str, media_type: str, content: bytes, now: datetime, *, sealed: bool = False
) -> StoredFile:
    """Any checked file; only the last part of its name is kept. ``sealed``: it holds document numbers."""
    # Not asked back from the insert: nobody sees a file before the row that names it.
    number = session.scalar(text("SELECT nextval(pg_get_serial_sequence('stored_file', 'id'))"))
    stored = StoredFile(
        id=number,
        name=file_name(name) or "file",
        media_type=media_type,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        sealed=sealed,
        content=key_ring().seal(content, Purpose.FILE) if sealed else content,
        stored_at=now,
    )
    session.add(stored)
    session.flush()
    return stored


def content_of(stored: StoredFile) -> bytes:
    """The file as it is kept; a workbook as it was uploaded."""
    return key_ring().unseal(stored.content, Purpose.FILE) if stored.sealed else stored.content
