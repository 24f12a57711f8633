"""Keeping uploaded files in the database, so that they commit with the rows that name them."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import PurePosixPath

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.models import StoredFile
from app.rules.papers import Paper, paper_type
from app.rules.writing import cell_text
from app.sealing import Purpose, key_ring

NAME_MAX = 120


def store_voucher_file(session: Session, name: str, content: bytes, now: datetime) -> StoredFile:
    """A payment voucher: JPG, PNG or PDF by its content; see ``app.rules.papers``."""
    return store_file(session, name, paper_type(Paper.VOUCHER, content), content, now)


def store_attachment(session: Session, name: str, content: bytes, now: datetime) -> StoredFile:
    """The paper behind a decision: JPG, PNG or PDF by its content; see ``app.rules.papers``."""
    return store_file(session, name, paper_type(Paper.ATTACHMENT, content), content, now)


def store_file(
    session: Session, name: str, media_type: str, content: bytes, now: datetime, *, sealed: bool = False
) -> StoredFile:
    """Any checked file; only the last part of its name is kept. ``sealed``: it holds document numbers."""
    base = " ".join(cell_text(PurePosixPath(name.replace("\\", "/")).name).split())[-NAME_MAX:]
    # Not asked back from the insert: nobody sees a file before the row that names it.
    number = session.scalar(text("SELECT nextval(pg_get_serial_sequence('stored_file', 'id'))"))
    stored = StoredFile(
        id=number,
        name=base or "file",
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
    """The file as it was uploaded."""
    return key_ring().unseal(stored.content, Purpose.FILE) if stored.sealed else stored.content
