"""Keeping uploaded files in the database, so that they commit with the rows that name them."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.gateways.paper_reader import open_paper
from app.gateways.workbook_container import MEDIA_TYPES, ZIP, FileKind, require_plain_workbook
from app.gateways.workbook_reader import open_sheet
from app.models import StoredFile
from app.rules.imports import ROW_LIMIT
from app.rules.papers import (
    PAPER_MAX_BYTES,
    Paper,
    PaperProblem,
    SafePaper,
    file_name,
    offered_name,
    paper_name,
    refusal,
)
from app.rules.violations import RuleViolation
from app.sealing import Purpose, key_ring


def check_paper(paper: Paper, name: str, content: bytes) -> SafePaper:
    """Open what was sent, in a process of its own: the paper as it will be kept.

    Called before a transaction begins: nothing waits for a foreign file. Raises RuleViolation ``voucher_…`` or
    ``attachment_…`` with a problem of ``app.rules.papers``.
    """
    media_type, kept = open_paper(paper, content)
    return SafePaper(paper_name(name, media_type), media_type, kept)


def check_offer(name: str, content: bytes) -> SafePaper:
    """A file that everybody may download: a paper as above, or a workbook without macros and links of its own.

    A workbook is opened by the process that reads imports. Raises RuleViolation ``attachment_…`` or ``workbook_…``.
    """
    if not content.startswith(ZIP):
        return check_paper(Paper.ATTACHMENT, name, content)
    if len(content) > PAPER_MAX_BYTES:
        raise refusal(
            Paper.ATTACHMENT,
            PaperProblem.TOO_LARGE,
            limit_mb=PAPER_MAX_BYTES // 1024 // 1024,
            size_mb=f"{len(content) / 1024 / 1024:.1f}",
        )
    try:
        require_plain_workbook(content)
        with open_sheet(content, row_limit=ROW_LIMIT) as sheet:
            next(sheet.rows, None)
    except RuleViolation as problem:
        raise RuleViolation(problem.code, field="file", status=problem.status, **problem.facts) from problem
    return SafePaper(offered_name(name), MEDIA_TYPES[FileKind.XLSX], content)


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
