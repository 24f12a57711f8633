"""Letters: written down in the transaction that causes them, sent by a job after it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.jobs import enqueue
from app.models import Mail
from app.rules.accounts import MailPurpose

SEND = "mail.send"


def queue_mail(
    session: Session,
    purpose: MailPurpose,
    to_address: str,
    *,
    now: datetime,
    invitation_id: int | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Mail:
    """A letter that goes out once the transaction is committed, and doesn't if it isn't."""
    # Not asked back from the insert: whoever causes a letter doesn't see those of others, nor this one.
    number = session.scalar(text("SELECT nextval(pg_get_serial_sequence('mail', 'id'))"))
    mail = Mail(
        id=number,
        purpose=purpose,
        to_address=to_address,
        invitation_id=invitation_id,
        facts=dict(facts or {}),
        created_at=now,
    )
    session.add(mail)
    session.flush()
    enqueue(session, SEND, job_lock=f"mail {mail.id}", mail_id=mail.id)
    return mail


def mail_to_send(session: Session, mail_id: int) -> Mail | None:
    """The letter, if it hasn't gone out yet."""
    mail = session.get(Mail, mail_id)
    return mail if mail is not None and mail.sent_at is None else None


def note_sent(session: Session, mail_id: int, now: datetime) -> None:
    mail = session.get_one(Mail, mail_id)
    mail.sent_at, mail.problem = now, ""


def note_problem(session: Session, mail_id: int, problem: str) -> None:
    """Why it didn't go out this time; the job tries again."""
    session.get_one(Mail, mail_id).problem = problem[:200]
