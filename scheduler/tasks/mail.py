"""Sending letters: each once, as far as a mail server lets anybody know."""

from __future__ import annotations

from app.clock import now
from app.letters import letter_of, mail_gateway
from app.services.mail import SEND, mail_to_send, note_problem, note_sent
from app.transaction import transaction
from scheduler.tasks import task


@task(SEND)
def send_mail(mail_id: int) -> None:
    """Send the letter unless it went out before; a failure is written by the letter and tried again."""
    with transaction() as session:
        mail = mail_to_send(session, mail_id)
        letter = letter_of(session, mail) if mail else None
    if mail is None:
        return
    try:
        if letter is not None:
            mail_gateway().send(letter)
    except OSError as failure:
        with transaction() as session:
            note_problem(session, mail_id, f"{type(failure).__name__}: {failure}")
        raise
    with transaction() as session:
        note_sent(session, mail_id, now())
